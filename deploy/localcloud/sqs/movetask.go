package sqs

import (
	"slices"
	"time"
)

// The states of a move task that occur here (SQS API Reference, ListMessageMoveTasks).
const (
	running   = "RUNNING"
	completed = "COMPLETED"
	cancelled = "CANCELLED"
	failure   = "FAILED"
)

// maxRate is the fastest that a task may be told to move, in messages per second.
const maxRate = 500

// keptTasks is how many tasks of one source are remembered: as many as ListMessageMoveTasks can show.
const keptTasks = 10

// moveTask moves what is visible in a dead-letter queue when it starts. There is no goroutine behind it: whoever takes
// the lock first does what is due by then, so that a task is always as far as the clock says.
type moveTask struct {
	id          string
	source      *queue
	destination *queue // nil: where each message came from
	rate        int    // messages per second; 0: all at once
	started     time.Time
	stamped     time.Time // the same by the source's clock
	toMove      int
	moved       int
	state       string
	reason      string // of a failure
}

// due tells how many messages should have been moved by now.
func (t *moveTask) due(now time.Time) int {
	if t.rate == 0 {
		return t.toMove
	}
	n := int64(now.Sub(t.started)) * int64(t.rate) / int64(time.Second)
	return int(min(n, int64(t.toMove)))
}

// tick is the moment of the n-th move, counted from 1.
func (t *moveTask) tick(n int) time.Time {
	if t.rate == 0 {
		return t.started
	}
	ahead := (int64(n)*int64(time.Second) + int64(t.rate) - 1) / int64(t.rate)
	return t.started.Add(time.Duration(ahead))
}

// advanceTasks does all moves that are due. The caller holds the lock.
func (s *Service) advanceTasks(now time.Time) {
	for _, t := range s.tasks {
		for t.state == running && t.moved < t.due(now) {
			s.moveOne(t, t.tick(t.moved+1))
		}
		if t.state == running && t.moved == t.toMove {
			t.state = completed
		}
	}
}

// nextTick is when the next move is due, zero if no task is running. The caller holds the lock.
func (s *Service) nextTick() time.Time {
	var next time.Time
	for _, t := range s.tasks {
		if t.state != running {
			continue
		}
		if at := t.tick(t.moved + 1); next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next
}

// moveOne moves the next visible message as a new one: new id, new enqueue time, nothing received yet (SQS Developer
// Guide, "Configure a dead-letter queue redrive"). With nothing left to move, the task is done.
func (s *Service) moveOne(t *moveTask, now time.Time) {
	if t.source.gone {
		t.fail(legacy + "NonExistentQueue")
		return
	}
	t.source.settle(now)
	m := t.source.front()
	if m == nil {
		t.state = completed
		return
	}
	to := t.destination
	if to == nil {
		to = s.findARN(m.deadFrom)
	}
	switch {
	case m.deadFrom == "" && to == nil:
		t.fail("CouldNotDetermineMessageSource")
		return
	case to == nil || to.gone:
		t.fail(legacy + "NonExistentQueue")
		return
	}
	t.source.remove(m)
	fresh := &message{body: m.body, bodyMD5: m.bodyMD5, attributes: m.attributes, trace: m.trace, group: m.group}
	s.number(fresh, to, now)
	to.put(fresh, now, now)
	t.moved++
}

func (t *moveTask) fail(reason string) { t.state, t.reason = failure, reason }

// running finds the task that is moving messages out of a queue, nil if there is none.
func (s *Service) running(source *queue) *moveTask {
	for _, t := range s.tasks {
		if t.source == source && t.state == running {
			return t
		}
	}
	return nil
}

// remember adds a task and forgets what nobody can ask for any more.
func (s *Service) remember(task *moveTask) {
	s.tasks = append(s.tasks, task)
	seen := 0
	for i := len(s.tasks) - 1; i >= 0; i-- {
		if t := s.tasks[i]; t.source != task.source {
			continue
		}
		if seen++; seen > keptTasks {
			s.tasks = slices.Delete(s.tasks, i, i+1)
		}
	}
}
