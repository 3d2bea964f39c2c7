package workertest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// QueueHarness is one queue under test and its dead letters, both empty when the suite gets them.
type QueueHarness struct {
	Queue       worker.Queue
	DeadLetters worker.DeadLetters
	Visibility  time.Duration // how long a received message stays hidden; more than twice Poll
	Poll        time.Duration // how long a receive waits on an empty queue
	Slack       time.Duration // how much too early or late the other side's clock may be; 0 in virtual time
	// Plane0 says that the other side refuses characters beyond U+FFFF, which SQS takes.
	Plane0 bool

	// Send puts a message on the queue, as its sender does.
	Send func(ctx context.Context, body string) error
	// Letters reads the dead letters that are there, with all that Send of worker.DeadLetters was given.
	Letters func(ctx context.Context) ([]worker.Letter, error)
}

// Queue runs the suite of worker.Queue and worker.DeadLetters. open is called once for each sentence. play runs one
// sentence, inside testing/synctest or in real time: the suite waits, for as long as visibilities and polls take.
func Queue(t *testing.T, play func(t *testing.T, sentence func(t *testing.T)), open func(t *testing.T) QueueHarness) {
	for _, sentence := range []struct {
		name  string
		check func(*queueCase)
	}{
		{"a receive brings up to ten messages, and all come", (*queueCase).receivesUpToTen},
		{"a received message is hidden for the visibility, then comes back", (*queueCase).hidesTheReceived},
		{"Hide(0) shows a message at once", (*queueCase).shows},
		{"Hide(d) hides a message for d from now", (*queueCase).hides},
		{"Delete removes a whole batch for good", (*queueCase).deletes},
		{"a receipt that is none keeps nothing else from being deleted", (*queueCase).deletesTheOthers},
		{"a stale receipt deletes nothing", (*queueCase).toleratesStaleReceipts},
		{"the receive count grows", (*queueCase).countsReceives},
		{"the time when a message was sent is told", (*queueCase).tellsWhenSent},
		{"bodies come back byte for byte", (*queueCase).keepsBodies},
		{"an empty queue is no error after the poll", (*queueCase).findsNothing},
		{"a receive that is canceled returns at once, and no message is lost", (*queueCase).cancels},
		{"a dead letter carries why, and the body untouched", (*queueCase).sendsLetters},
	} {
		t.Run(sentence.name, func(t *testing.T) {
			play(t, func(t *testing.T) { sentence.check(&queueCase{T: t, QueueHarness: open(t)}) })
		})
	}
}

// queueCase is one sentence on its own queue.
type queueCase struct {
	*testing.T
	QueueHarness
}

func (c *queueCase) send(bodies ...string) {
	c.Helper()
	for _, body := range bodies {
		if err := c.Send(c.Context(), body); err != nil {
			c.Fatalf("send: %v", err)
		}
	}
}

func (c *queueCase) receive() []worker.Delivery {
	c.Helper()
	batch, err := c.Queue.Receive(c.Context())
	if err != nil {
		c.Fatalf("receive: %v", err)
	}
	if len(batch) > 10 {
		c.Fatalf("%d messages in one receive, want ten at most", len(batch))
	}
	return batch
}

// take receives until it has n messages: a batch may be short although there are more. Twice the visibility is the
// longest that a message can be out of sight.
func (c *queueCase) take(n int) (all []worker.Delivery) {
	c.Helper()
	for began := time.Now(); len(all) < n; {
		if time.Since(began) > 2*c.Visibility+c.Poll+c.Slack {
			c.Fatalf("%d messages came, want %d", len(all), n)
		}
		all = append(all, c.receive()...)
	}
	if len(all) > n {
		c.Fatalf("%d messages came, want %d", len(all), n)
	}
	return all
}

// nothing waits for a while and wants no message in it.
func (c *queueCase) nothing(d time.Duration) {
	c.Helper()
	for began := time.Now(); time.Since(began) < d; {
		if batch := c.receive(); len(batch) > 0 {
			c.Fatalf("%d messages after %v, want none", len(batch), time.Since(began))
		}
	}
}

func (c *queueCase) hide(m worker.Delivery, d time.Duration) {
	c.Helper()
	if err := c.Queue.Hide(c.Context(), m, d); err != nil {
		c.Fatalf("hide: %v", err)
	}
}

func (c *queueCase) delete(batch ...worker.Delivery) {
	c.Helper()
	failed, err := c.Queue.Delete(c.Context(), batch)
	if err != nil || len(failed) > 0 {
		c.Fatalf("delete: %d of %d left, error %v", len(failed), len(batch), err)
	}
}

// back wants the message that was hidden to come back after d, no sooner, and soon then.
func (c *queueCase) back(since time.Time, d time.Duration) worker.Delivery {
	c.Helper()
	m := c.take(1)[0]
	if took := time.Since(since); took < d-c.Slack || took > d+c.Poll+c.Slack {
		c.Errorf("the message came back after %v, want %v", took, d)
	}
	return m
}

func bodies(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf(`{"v":1,"n":%d}`, i))
	}
	return all
}

// beyond is a character outside of plane 0, where the other side takes one.
func (c *queueCase) beyond() string {
	if c.Plane0 {
		return ""
	}
	return "🎉"
}
