package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/sqlite"
)

// seeded are the runs of the scripts' ledger: three of one person, one of another.
func seeded(now time.Time) []worker.Run {
	run := func(sub, generation string, state worker.RunState, age time.Duration, reason string, attempts int) worker.Run {
		id := worker.Identity{Pool: "eu-west-1_Ab12cd34E", Sub: sub, Generation: generation, Source: "signup"}
		at := now.Add(-age)
		return worker.Run{Identity: id, Key: id.Key(), State: state, Reason: reason, FirstSeen: at, Updated: at,
			Steps:   map[string]worker.StepRecord{"company": {State: worker.StepDone, Output: []byte(`{"name":"canary of ` + sub + generation + `"}`), Attempts: attempts}},
			Written: map[string]worker.Wrote{"website": {Digest: "digest", Observed: at}}}
	}
	return []worker.Run{
		run("ada", "0", worker.Done, 90*time.Hour, "", 0), run("ada", "backfill-1", worker.Parked, 3*time.Hour+time.Minute, "step crm: invalid", 8),
		run("ada", "backfill-2", worker.Open, 5*time.Minute+30*time.Second, "", 1), run("bob", "0", worker.Gone, 49*time.Hour, "", 0),
	}
}

// seed is a program that makes the ledger FILE with some runs. It is a process of its own, so that the worker's lock ends
// with it: a lock of this process lives on in whatever another script starts at that moment.
func seed() {
	l, err := sqlite.Open(os.Args[1], nil)
	for _, r := range seeded(time.Now()) {
		if err != nil {
			break
		}
		var claimed worker.Run
		claimed, err = l.Claim(context.Background(), r.Identity, "a", r.FirstSeen, r.FirstSeen.Add(time.Minute))
		if err == nil {
			r.Fence = claimed.Fence
			err = l.Save(context.Background(), r)
		}
	}
	if err == nil {
		err = l.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// spoil FILE TEXT changes a bit in the middle of a text, wherever it stands in the file.
func spoil(ts *testscript.TestScript, _ bool, args []string) {
	data := []byte(ts.ReadFile(args[0]))
	n := 0
	for at := 0; ; n++ {
		i := bytes.Index(data[at:], []byte(args[1]))
		if i < 0 {
			break
		}
		data[at+i+len(args[1])/2] ^= 1
		at += i + len(args[1])
	}
	if n == 0 {
		ts.Check(errors.New("the text is not there"))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o600))
}

// holdLedger FILE keeps a ledger open, as a worker does, until the script ends.
func holdLedger(ts *testscript.TestScript, _ bool, args []string) {
	l, err := sqlite.Open(ts.MkAbs(args[0]), nil)
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
}
