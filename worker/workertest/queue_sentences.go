package workertest

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/worker"
)

func (c *queueCase) receivesUpToTen() {
	want := bodies(23)
	c.send(want...)
	var got []string
	for _, m := range c.take(len(want)) {
		got = append(got, string(m.Body))
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		c.Errorf("bodies (-want +got):\n%s", diff)
	}
}

func (c *queueCase) hidesTheReceived() {
	c.send("one")
	m := c.take(1)[0]
	if again := c.back(m.ReceivedAt, c.Visibility); again.ID != m.ID || again.Receipt == m.Receipt {
		c.Errorf("message %s receipt %s came back as %s, %s", m.ID, m.Receipt, again.ID, again.Receipt)
	}
}

func (c *queueCase) shows() {
	c.send("one")
	m := c.take(1)[0]
	c.hide(m, 0)
	c.back(time.Now(), 0)
}

func (c *queueCase) hides() {
	c.send("one")
	m := c.take(1)[0]
	longer := c.Visibility + 2*time.Second
	c.nothing(c.Poll) // d counts from the call, not from the receive
	c.hide(m, longer)
	c.back(time.Now(), longer)
}

func (c *queueCase) deletes() {
	c.send(bodies(10)...)
	c.delete(c.take(10)...)
	c.nothing(c.Visibility + c.Poll + c.Slack)
}

func (c *queueCase) deletesTheOthers() {
	c.send(bodies(3)...)
	batch := c.take(3)
	none := worker.Delivery{ID: "none", Receipt: "a-receipt-that-is-none"}
	failed, err := c.Queue.Delete(c.Context(), []worker.Delivery{batch[0], none, batch[1]})
	if err != nil {
		c.Fatalf("delete: %v", err)
	}
	for _, f := range failed {
		if f.ID != none.ID {
			c.Errorf("%s was not deleted", f.ID)
		}
	}
	c.hide(batch[2], 0)
	if left := c.take(1); left[0].ID != batch[2].ID {
		c.Errorf("%s is left, want %s", left[0].ID, batch[2].ID)
	}
	c.nothing(c.Visibility - c.Poll - c.Slack)
}

func (c *queueCase) toleratesStaleReceipts() {
	c.send("one")
	stale := c.take(1)[0]
	c.hide(stale, 0)
	fresh := c.take(1)[0]
	if _, err := c.Queue.Delete(c.Context(), []worker.Delivery{stale}); err != nil {
		c.Errorf("delete with a stale receipt: %v", err)
	}
	c.hide(fresh, 0)
	if left := c.take(1); left[0].ID != stale.ID {
		c.Errorf("%s is left, want %s", left[0].ID, stale.ID)
	}
}

func (c *queueCase) countsReceives() {
	c.send("one")
	for n := 1; n <= 3; n++ {
		m := c.take(1)[0]
		if m.Receives != n {
			c.Errorf("receive %d is counted as %d", n, m.Receives)
		}
		c.hide(m, 0)
	}
}

func (c *queueCase) tellsWhenSent() {
	before := time.Now().Add(-c.Slack).Truncate(time.Millisecond)
	c.send("one")
	after := time.Now().Add(c.Slack)
	m := c.take(1)[0]
	if m.Sent.Before(before) || m.Sent.After(after) {
		c.Errorf("sent at %v, want %v to %v", m.Sent, before, after)
	}
	if m.ReceivedAt.Before(before) || m.Visible.Sub(m.ReceivedAt) != c.Visibility {
		c.Errorf("received at %v, visible at %v", m.ReceivedAt, m.Visible)
	}
}

// keepsBodies knows the largest message: 1 MiB (Quotas, Amazon SQS developer guide).
func (c *queueCase) keepsBodies() {
	for _, body := range []string{
		" ", `{"name":"Ünïcödé 漢字 ` + c.beyond() + `"}`, "tab\t line\r\n quote\" slash\\ & < > \u2028 \u00a0 end",
		strings.Repeat("é", 1<<19),
	} {
		c.send(body)
		m := c.take(1)[0]
		if string(m.Body) != body {
			c.Errorf("got %d bytes %.60q, want %d bytes %.60q", len(m.Body), m.Body, len(body), body)
		}
		c.delete(m)
	}
}

func (c *queueCase) findsNothing() {
	began := time.Now()
	if batch := c.receive(); len(batch) != 0 {
		c.Errorf("%d messages", len(batch))
	}
	if took := time.Since(began); took < c.Poll-c.Slack || took > c.Poll+c.Slack {
		c.Errorf("the poll took %v, want %v", took, c.Poll)
	}
}

// cancels gives a message the whole visibility to come: some servers hand it to the poll that has gone.
func (c *queueCase) cancels() {
	ctx, cancel := context.WithTimeout(c.Context(), c.Poll/4)
	defer cancel()
	began := time.Now()
	batch, err := c.Queue.Receive(ctx)
	if err == nil || len(batch) > 0 {
		c.Errorf("%d messages, error %v, want an error", len(batch), err)
	}
	if took := time.Since(began); took > c.Poll/4+c.Slack {
		c.Errorf("it took %v", took)
	}
	c.send("one")
	if m := c.take(1)[0]; string(m.Body) != "one" {
		c.Errorf("got %q", m.Body)
	}
}

func (c *queueCase) sendsLetters() {
	want := []worker.Letter{
		{Body: []byte(`{"v":1,"sub":"6f9c"}`), Reason: "invalid", Run: "a-run", Step: "crm", Class: "permanent", Attempts: 8, Reopens: 2, Pipeline: "9f86d081"},
		{Body: []byte("no JSON: Ünïcödé " + c.beyond() + "\t\r\n"), Reason: "unreadable"},
	}
	for _, l := range want {
		if err := c.DeadLetters.Send(c.Context(), l); err != nil {
			c.Fatalf("send letter: %v", err)
		}
	}
	var got []worker.Letter
	for began := time.Now(); len(got) < len(want) && time.Since(began) < c.Visibility+c.Poll; {
		some, err := c.Letters(c.Context())
		if err != nil {
			c.Fatalf("read letters: %v", err)
		}
		got = append(got, some...)
	}
	slices.SortFunc(got, func(a, b worker.Letter) int { return strings.Compare(a.Reason, b.Reason) })
	if diff := cmp.Diff(want, got); diff != "" {
		c.Errorf("letters (-want +got):\n%s", diff)
	}
	if err := c.DeadLetters.Send(canceled(), want[0]); err == nil {
		c.Error("a letter that was not sent is taken for durable")
	}
}
