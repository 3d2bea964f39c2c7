//go:build unix

package main

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/deploy/reliability/kill"
)

// machine is where and of what a report was made.
type machine struct {
	date, commit, goVersion string
	cores                   int
	took                    time.Duration
}

func about(ctx context.Context, goCommand string, began time.Time) machine {
	return machine{date: began.UTC().Format("2006-01-02 15:04 UTC"), commit: commit(ctx),
		goVersion: said(ctx, goCommand, "env", "GOVERSION") + " " + runtime.GOOS + "/" + runtime.GOARCH,
		cores:     runtime.NumCPU(), took: time.Since(began)}
}

// commit is the commit of the working copy, and whether something in it is newer.
func commit(ctx context.Context) string {
	hash := said(ctx, "git", "rev-parse", "--short=12", "HEAD")
	if said(ctx, "git", "status", "--porcelain") != "" {
		hash += " and changes"
	}
	return hash
}

func said(ctx context.Context, name string, args ...string) string {
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// markdown is the report.
func markdown(s settings, m machine, results []result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Reliability: what was broken, and what came of it\n\n"+
		"| | |\n|---|---|\n| date | %s |\n| commit | %s |\n| Go | %s |\n| cores | %d |\n| size | %s, seed %d |\n| wall time | %v |\n\n"+
		"Anybody can run it again: `make reliability`.\n\n", m.date, m.commit, m.goVersion, m.cores, s.size.name, s.seed, m.took.Round(time.Second))
	b.WriteString("| proof | size | violations | wall time |\n|---|---|---|---|\n")
	for _, r := range results {
		fmt.Fprintf(&b, "| %s | %s | %s | %v |\n", r.name, r.size, verdict(r), r.took.Round(time.Second))
	}
	for _, r := range results {
		section(&b, r)
	}
	return b.String()
}

func verdict(r result) string {
	if r.notRun != "" || r.err != nil {
		return "**" + r.state() + "**"
	}
	return fmt.Sprint(len(r.violations))
}

func section(b *strings.Builder, r result) {
	fmt.Fprintf(b, "\n## %s\n\nHeld: %s.\n\n", r.name, r.promises)
	for _, f := range r.figures {
		fmt.Fprintf(b, "- %s\n", f)
	}
	for i, v := range r.violations {
		if i < 50 {
			fmt.Fprintf(b, "- **violation**: %s\n", v)
		}
	}
	if r.err != nil {
		fmt.Fprintf(b, "\n```\n%v\n```\n", r.err)
	}
	if len(r.kills) == 0 {
		return
	}
	b.WriteString("\n| died at | kills |\n|---|---|\n")
	for _, place := range kill.Places() {
		fmt.Fprintf(b, "| %s | %d |\n", place, r.kills[place])
	}
}
