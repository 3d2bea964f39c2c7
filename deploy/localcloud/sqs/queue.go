package sqs

import (
	"container/list"
	"time"
)

// queue holds messages in three orders: the visible ones first in, first out; the hidden ones by the moment when they
// become visible; all of them by age. Every step costs O(log n) or less. Its methods are called under the service's lock.
type queue struct {
	name     string
	number   uint64 // tells it from an earlier queue of the same name
	arn      string
	settings settings
	tags     map[string]string
	created  time.Time
	modified time.Time
	purged   time.Time
	gone     bool // DeleteQueue was called

	messages map[uint64]*message
	visible  list.List // of *message
	hidden   *messageHeap
	repeats  *messageHeap // second deliveries to come, which nobody counts yet
	ages     *messageHeap
	inFlight int // how many of the hidden ones are in flight; the others are delayed
	line     line
}

func newQueue(name, arn string, number uint64, now time.Time, c settings) *queue {
	return &queue{
		name: name, number: number, arn: arn, settings: c, tags: map[string]string{}, created: now, modified: now,
		messages: map[uint64]*message{}, hidden: byVisibility(), repeats: byVisibility(), ages: byAge(),
	}
}

// put takes in a message, hidden until the given moment if that is still to come, and wakes who waits for it.
func (q *queue) put(m *message, until, now time.Time) {
	q.messages[m.number] = m
	q.ages.add(m)
	m.inFlight = false
	if until.After(now) {
		m.hiddenUntil = until
		q.hidden.add(m)
	} else {
		m.visible = q.visible.PushBack(m)
	}
	q.line.wake()
}

// remove takes a message out, in whatever state it is.
func (q *queue) remove(m *message) {
	q.detach(m)
	q.ages.remove(m)
	delete(q.messages, m.number)
}

// detach takes a message out of the visible or the hidden ones.
func (q *queue) detach(m *message) {
	if m.visible != nil {
		q.visible.Remove(m.visible)
		m.visible = nil
		return
	}
	q.hidden.remove(m)
	if m.inFlight {
		q.inFlight--
		m.inFlight = false
		q.line.wake() // there may be room for more in flight now, and another moment to watch for
	}
}

// hide puts a message in flight until the given moment.
func (q *queue) hide(m *message, until time.Time) {
	q.detach(m)
	m.hiddenUntil, m.inFlight = until, true
	q.hidden.add(m)
	q.inFlight++
}

// show makes a message visible, behind those that are.
func (q *queue) show(m *message) {
	q.detach(m)
	m.visible = q.visible.PushBack(m)
	q.line.wake()
}

// settle brings the queue up to the present: second deliveries come in, what is too old goes, what was hidden long
// enough shows.
func (q *queue) settle(now time.Time) {
	for m := q.repeats.top(); m != nil && !m.hiddenUntil.After(now); m = q.repeats.top() {
		q.repeats.remove(m)
		q.put(m, now, now)
	}
	for m := q.ages.top(); m != nil && !m.sent.Add(q.settings.retention).After(now); m = q.ages.top() {
		q.remove(m)
	}
	for m := q.hidden.top(); m != nil && !m.hiddenUntil.After(now); m = q.hidden.top() {
		q.show(m)
	}
}

// front is the next visible message, nil if there is none.
func (q *queue) front() *message {
	if e := q.visible.Front(); e != nil {
		return e.Value.(*message)
	}
	return nil
}

// clear drops all messages.
func (q *queue) clear() {
	q.messages = map[uint64]*message{}
	q.visible.Init()
	q.hidden, q.repeats, q.ages = byVisibility(), byVisibility(), byAge()
	q.inFlight = 0
	q.line.wake()
}

// held finds the message of a receipt handle. The message is nil if it is gone; current tells whether the receipt is
// of the message's latest receive.
func (q *queue) held(handle string) (m *message, current bool, err error) {
	r, ok := parseReceipt(handle)
	if !ok || r.queue != q.number {
		return nil, false, invalidReceipt(handle)
	}
	if m = q.messages[r.message]; m == nil {
		return nil, false, nil
	}
	if r.receive < 1 || r.receive > m.receives {
		return nil, false, invalidReceipt(handle)
	}
	return m, r.receive == m.receives, nil
}
