package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/worker/reconcile"
)

func TestALineEveryTenSecondsWithoutATerminal(t *testing.T) {
	var said bytes.Buffer
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s := newSteadily(&said)
	s.now, s.last = func() time.Time { return now }, now
	s.expect(1000)
	for i := range 25 {
		s.walk(reconcile.Walk{Phase: reconcile.Walking, Counts: reconcile.Counts{Listed: 60 * i, Found: i}})
		now = now.Add(time.Second)
	}
	s.walk(reconcile.Walk{Phase: reconcile.Sending, Messages: 7, Settled: 1, Counts: reconcile.Counts{Listed: 1440, Found: 24}})
	now = now.Add(plainly)
	s.walk(reconcile.Walk{Phase: reconcile.Sending, Messages: 10, Settled: 1, Counts: reconcile.Counts{Listed: 1440, Found: 24}})
	s.stop()
	const want = "reading the pool: 600 of 1000 users, 10 found, 0 sent\nreading the pool: 1200 of 1200 users, 20 found, 0 sent\nsending: 11 of 24 users, 24 found, 10 sent\n"
	if said.String() != want {
		t.Errorf("got %s", said.String())
	}
}
