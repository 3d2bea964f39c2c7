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
	s := newMeter(&said)
	s.now, s.said = func() time.Time { return now }, now
	for i := range 25 {
		tellWalk(s, reconcile.Walk{Phase: reconcile.Walking, Counts: reconcile.Counts{Listed: 60 * i, Found: i}}, 1000)
		now = now.Add(time.Second)
	}
	tellWalk(s, reconcile.Walk{Phase: reconcile.Sending, Messages: 7, Settled: 1, Counts: reconcile.Counts{Listed: 1440, Found: 24}}, 1000)
	now = now.Add(lineEvery)
	tellWalk(s, reconcile.Walk{Phase: reconcile.Sending, Messages: 10, Settled: 1, Counts: reconcile.Counts{Listed: 1440, Found: 24}}, 1000)
	s.end()
	const want = "reading the pool: 600 of 1000 users, 10 found, 0 sent\nreading the pool: 1200 of 1200 users, 20 found, 0 sent\nsending: 11 of 24 users, 24 found, 10 sent\n"
	if said.String() != want {
		t.Errorf("got %s", said.String())
	}
}
