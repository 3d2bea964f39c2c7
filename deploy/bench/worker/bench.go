package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// The subjects, in the order of the table. The first is what the others are compared with.
const (
	subjectLoop   = "tight loop, same SDK clients"
	subjectMemory = "worker, ledger in memory"
	subjectSQLite = "worker, ledger in SQLite"
)

func subjects() []string { return []string{subjectLoop, subjectMemory, subjectSQLite} }

// measurement is one subject, measured once.
type measurement struct {
	Cost  cost
	Tally tally
}

// bench runs all rounds and prints the table.
func bench(ctx context.Context, args []string, out, stderr io.Writer) error {
	p, err := readPlan(args, stderr)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "postconfirm-bench-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	all := map[string][]measurement{}
	for round := range p.Rounds {
		for i := range subjects() {
			name := subjects()[(i+round)%len(subjects())] // nobody is always the first
			m, err := measure(ctx, p, name, filepath.Join(dir, fmt.Sprintf("%d-%d", round, i)))
			if err != nil {
				return fmt.Errorf("round %d, %s: %w", round+1, name, err)
			}
			fmt.Fprintf(stderr, "round %d  %-30s %6.0f users/s\n", round+1, name, m.perSecond(p))
			all[name] = append(all[name], m)
		}
	}
	return printTable(out, p, all)
}

// measure starts a cloud and a subject for it, and stops both.
func measure(ctx context.Context, p plan, subject, dir string) (m measurement, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	if err := os.Mkdir(dir, 0o700); err != nil {
		return m, err
	}
	cloud, err := start(ctx, roleCloud, p)
	if err != nil {
		return m, err
	}
	defer cloud.kill()
	var w world
	if err := cloud.hear(&w); err != nil {
		return m, fmt.Errorf("cloud: %w", err)
	}
	worker, err := start(ctx, roleSubject, job{Plan: p, World: w, Subject: subject, Dir: dir})
	if err != nil {
		return m, err
	}
	defer worker.kill()
	if err := worker.hear(&m.Cost); err != nil {
		return m, fmt.Errorf("subject: %w", err)
	}
	if err := worker.end(); err != nil {
		return m, fmt.Errorf("subject: %w", err)
	}
	cloud.tell() // the end of its input asks for the tally
	if err := cloud.hear(&m.Tally); err != nil {
		return m, fmt.Errorf("cloud: %w", err)
	}
	return m, cloud.end()
}
