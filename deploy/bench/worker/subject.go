package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"time"
)

// job is the task of a subject's process.
type job struct {
	Plan    plan
	World   world
	Subject string
	Dir     string // for its files
}

// cost is what a subject took for all users.
type cost struct {
	Elapsed time.Duration // until the last user was finished
	CPU     time.Duration // of the process, user and system, until the last message was deleted; 0 if unknown
	Mallocs uint64        // objects allocated
	Bytes   uint64        // allocated
	PeakRSS int64         // bytes; 0 if unknown
	Commits int64         // of the ledger in SQLite
	Saves   int64         // that shared them, claims included
}

// subject does the work for all users. It calls finished once for each, and returns when their messages are deleted.
type subject interface {
	work(ctx context.Context, finished func()) error
}

// playSubject is the role of a subject: assemble, start the clock, work, tell what it cost.
func playSubject(ctx context.Context, in io.Reader, out io.Writer) error {
	var j job
	if err := json.NewDecoder(in).Decode(&j); err != nil {
		return fmt.Errorf("read task: %w", err)
	}
	s, err := assemble(ctx, j)
	if err != nil {
		return err
	}
	stop, err := profile(j)
	if err != nil {
		return err
	}
	c, err := clock(ctx, j.Plan.Users, s)
	if err = stop(err); err != nil {
		return err
	}
	if d, ok := s.(interface{ stats(*cost) }); ok {
		d.stats(&c)
	}
	return json.NewEncoder(out).Encode(c)
}

func assemble(ctx context.Context, j job) (subject, error) {
	switch j.Subject {
	case subjectLoop:
		return newLoop(ctx, j)
	case subjectMemory:
		return newInMemory(ctx, j)
	case subjectSQLite:
		return newDaemon(ctx, j)
	}
	return nil, fmt.Errorf("no subject %q", j.Subject)
}

// profile starts the CPU profile, if this job has one. stop passes on the error of the work.
func profile(j job) (stop func(error) error, err error) {
	if j.Plan.Profile == "" || j.Subject != subjectSQLite {
		return func(err error) error { return err }, nil
	}
	f, err := os.Create(j.Plan.Profile)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	return func(err error) error {
		pprof.StopCPUProfile()
		if closed := f.Close(); err == nil {
			err = closed
		}
		return err
	}, nil
}

// clock measures one subject.
func clock(ctx context.Context, users int, s subject) (c cost, err error) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	cpu, _ := used()
	last := make(chan time.Time, 1)
	count := make(chan struct{}, users)
	go func() {
		for range users {
			<-count
		}
		last <- time.Now()
	}()
	began := time.Now()
	if err := s.work(ctx, func() { count <- struct{}{} }); err != nil {
		return c, err
	}
	c.Elapsed = (<-last).Sub(began)
	c.CPU, c.PeakRSS = used()
	c.CPU -= cpu
	runtime.ReadMemStats(&after)
	c.Mallocs, c.Bytes = after.Mallocs-before.Mallocs, after.TotalAlloc-before.TotalAlloc
	return c, nil
}
