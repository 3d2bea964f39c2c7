package sqs

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
)

type startTaskInput struct {
	SourceArn                    string
	DestinationArn               string
	MaxNumberOfMessagesPerSecond *int
}

type taskHandle struct{ TaskHandle string }

func (s *Service) startMessageMoveTask(_ context.Context, in *startTaskInput) (*taskHandle, error) {
	now := s.enter()
	defer s.mu.Unlock()
	source, err := s.deadLetterQueue(in.SourceArn)
	if err != nil {
		return nil, err
	}
	t := &moveTask{id: s.newID(), source: source, started: now, stamped: s.clock(source.name, now), state: running}
	if err := s.direct(t, in); err != nil {
		return nil, err
	}
	if s.running(source) != nil {
		return nil, invalidValue("There is already a task running. Only one active task is allowed for a source queue arn at a given time.")
	}
	source.settle(now)
	t.toMove = source.visible.Len()
	s.remember(t)
	s.advanceTasks(now)
	s.wakeAll() // the first in each line has a new moment to watch for
	return &taskHandle{t.handle()}, nil
}

// deadLetterQueue finds a queue that is the dead-letter queue of another.
func (s *Service) deadLetterQueue(arn string) (*queue, error) {
	source, err := s.taskSource(arn)
	if err != nil {
		return nil, err
	}
	for _, q := range s.queues {
		if q.buriesIn(source) {
			return source, nil
		}
	}
	return nil, invalidValue("Source queue must be configured as a Dead Letter Queue.")
}

func (s *Service) taskSource(arn string) (*queue, error) {
	if arn == "" {
		return nil, missing("SourceArn")
	}
	if q := s.findARN(arn); q != nil {
		return q, nil
	}
	return nil, noResource("The resource that you specified for the SourceArn parameter doesn't exist.")
}

// direct gives a task its destination and its rate.
func (s *Service) direct(t *moveTask, in *startTaskInput) error {
	if in.DestinationArn != "" {
		t.destination = s.findARN(in.DestinationArn)
		switch t.destination {
		case nil:
			return noResource("The resource that you specified for the DestinationArn parameter doesn't exist.")
		case t.source:
			return invalidValue("Source queue arn and destination queue arn cannot be the same.")
		}
	}
	if n := in.MaxNumberOfMessagesPerSecond; n != nil {
		if *n < 1 || *n > maxRate {
			return invalidValue("Value %d for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be between 1 and %d, if provided.", *n, maxRate)
		}
		t.rate = *n
	}
	return nil
}

func (s *Service) wakeAll() {
	for _, q := range s.queues {
		q.line.wake()
	}
}

type listTasksInput struct {
	SourceArn  string
	MaxResults *int
}

type listTasksOutput struct{ Results []taskEntry }

// taskEntry is a task as it is told; the handle only of a running one.
type taskEntry struct {
	TaskHandle                        string `json:",omitempty"`
	Status                            string
	SourceArn                         string
	DestinationArn                    string `json:",omitempty"`
	MaxNumberOfMessagesPerSecond      int    `json:",omitempty"`
	ApproximateNumberOfMessagesMoved  int
	ApproximateNumberOfMessagesToMove int
	FailureReason                     string `json:",omitempty"`
	StartedTimestamp                  int64  // milliseconds
}

// listMessageMoveTasks tells the latest tasks of a queue, the newest first: one, or up to ten.
func (s *Service) listMessageMoveTasks(_ context.Context, in *listTasksInput) (*listTasksOutput, error) {
	s.enter()
	defer s.mu.Unlock()
	source, err := s.taskSource(in.SourceArn)
	if err != nil {
		return nil, err
	}
	most := 1
	if in.MaxResults != nil {
		if most = *in.MaxResults; most < 1 || most > keptTasks {
			return nil, invalidValue("Value %d for parameter MaxResults is invalid. Reason: Must be between 1 and %d, if provided.", most, keptTasks)
		}
	}
	out := &listTasksOutput{Results: []taskEntry{}}
	for _, t := range slices.Backward(s.tasks) {
		if t.source == source && len(out.Results) < most {
			out.Results = append(out.Results, t.entry())
		}
	}
	return out, nil
}

func (t *moveTask) entry() taskEntry {
	e := taskEntry{
		Status: t.state, SourceArn: t.source.arn, MaxNumberOfMessagesPerSecond: t.rate, FailureReason: t.reason,
		ApproximateNumberOfMessagesMoved: t.moved, ApproximateNumberOfMessagesToMove: t.toMove,
		StartedTimestamp: t.stamped.UnixMilli(),
	}
	if t.destination != nil {
		e.DestinationArn = t.destination.arn
	}
	if t.state == running {
		e.TaskHandle = t.handle()
	}
	return e
}

type cancelTaskOutput struct{ ApproximateNumberOfMessagesMoved int }

// cancelMessageMoveTask stops a running task. What it has moved stays moved.
func (s *Service) cancelMessageMoveTask(_ context.Context, in *taskHandle) (*cancelTaskOutput, error) {
	s.enter()
	defer s.mu.Unlock()
	id, arn, ok := parseTaskHandle(in.TaskHandle)
	if !ok {
		return nil, invalidValue("Value for parameter TaskHandle is invalid.")
	}
	source, err := s.taskSource(arn)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(s.tasks, func(t *moveTask) bool { return t.id == id && t.source == source })
	switch {
	case i < 0:
		return nil, noResource("Task does not exist.")
	case s.tasks[i].state != running:
		return nil, withStatus(http.StatusBadRequest, noResource("Only a task that is RUNNING can be cancelled; this one is %s.", s.tasks[i].state))
	}
	s.tasks[i].state = cancelled
	return &cancelTaskOutput{s.tasks[i].moved}, nil
}

// handleText is what a task handle is base64 of.
type handleText struct {
	TaskID    string `json:"taskId"`
	SourceARN string `json:"sourceArn"`
}

func (t *moveTask) handle() string {
	text, _ := json.Marshal(handleText{t.id, t.source.arn}) // two strings: can't fail
	return base64.StdEncoding.EncodeToString(text)
}

func parseTaskHandle(handle string) (id, arn string, ok bool) {
	var h handleText
	text, err := base64.StdEncoding.DecodeString(handle)
	if err != nil || json.Unmarshal(text, &h) != nil {
		return "", "", false
	}
	return h.TaskID, h.SourceARN, h.TaskID != "" && h.SourceARN != ""
}
