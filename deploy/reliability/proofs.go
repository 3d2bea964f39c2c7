//go:build unix

package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/deploy/reliability/kill"
)

// size says how much is broken.
type size struct {
	name    string
	kills   int
	signals int
	tests   bool // run the Go tests of other proofs here, at this size; for a pull request the other checks run them
	runs    int  // of the replay, and how often it is killed
	replays int
	seeds   int // of the simulation
	backlog int // of the storms: users
}

func sizeOf(name string) (size, error) {
	switch name {
	case "", "check":
		return size{name: "check", kills: 300, signals: 20, runs: 500, replays: 20}, nil
	case "full":
		return size{name: "full", kills: 10_000, signals: 200, runs: 5000, replays: 150, tests: true, seeds: 50_000, backlog: 1_000_000}, nil
	}
	return size{}, fmt.Errorf("size %q is not known: want check or full", name)
}

// round is how many kills one world gets: then its ledger is judged and another begins.
const round = 1000

// proof is one thing that is broken.
type proof struct {
	name     string
	promises string
	run      func(ctx context.Context, tell func(string)) result
}

// result is what a proof came to.
type result struct {
	name, promises string
	size           string
	figures        []string
	violations     []string
	notRun         string // why, if it did not
	err            error
	took           time.Duration
	kills          map[string]int // by place, of the loop
}

func (r result) green() bool { return r.err == nil && len(r.violations) == 0 && r.notRun == "" }

func (r result) state() string {
	switch {
	case r.notRun != "":
		return "NOT RUN: " + r.notRun
	case r.err != nil:
		return "FAILED"
	}
	return fmt.Sprintf("%d violations", len(r.violations))
}

// proofsOf are all proofs of a size.
func proofsOf(s settings, program, operator string) []proof {
	o := kill.Options{Program: program, Operator: operator, Seed: s.seed}
	all := []proof{
		{"kill loop", "nobody is lost, no unsafe effect is repeated, keyed ones under the same key only, no attribute goes back, " +
			"every open effect is flagged, a message is deleted after its run's end is durable, every start works without a hand",
			func(ctx context.Context, tell func(string)) result { return killLoop(ctx, s, o, tell) }},
		{"SIGTERM", "status 0 within the grace and a second; nothing charged, no crash, nothing repeated",
			func(ctx context.Context, tell func(string)) result { return stops(ctx, s, o, tell) }},
		{"replay killed", "a replay that is killed at any moment, and run by two at once: each run reopened once, each effect once, every count the same, " +
			"and one more running of the plan does nothing",
			func(ctx context.Context, tell func(string)) result { return replays(ctx, s, o, tell) }},
		single("SIGTERM twice", "the second ends at once; what was under way is flagged", o, kill.StopTwice),
		single("SIGSTOP and SIGCONT", "a worker that slept longer than its leases repeats nothing", o, kill.Freeze),
		single("crash loop", "a message that kills the worker is parked after three crashes, everybody else is done", o, kill.CrashLoop),
		single("two workers", "a second worker on one ledger refuses, and says who has it", o, kill.TwoWorkers),
	}
	if s.size.tests {
		all = append(all, testProofs(s)...)
	}
	return slices.DeleteFunc(all, func(p proof) bool { return s.only != "" && s.only != p.name })
}

func single(name, promises string, o kill.Options, play func(context.Context, kill.Options) (kill.Verdict, error)) proof {
	return proof{name, promises, func(ctx context.Context, _ func(string)) result {
		v, err := play(ctx, o)
		return result{size: "1", figures: figures(v), violations: v.Violations, err: err}
	}}
}

// killLoop is the loop in rounds, each with a seed of its own.
func killLoop(ctx context.Context, s settings, o kill.Options, tell func(string)) result {
	r := result{size: fmt.Sprintf("%d kills, seeds %d to %d", s.size.kills, s.seed, s.seed+uint64((s.size.kills-1)/round)), kills: map[string]int{}}
	sum := kill.Verdict{States: map[string]int{}}
	var starts []time.Duration
	lives := 0
	for done := 0; done < s.size.kills; done += round {
		o.Progress = func(line string) {
			tell(fmt.Sprintf("%d of %d, %d violations; this round: %s", done, s.size.kills, len(sum.Violations), line))
		}
		t, err := kill.Loop(ctx, o, min(round, s.size.kills-done))
		for place, n := range t.Kills {
			r.kills[place] += n
		}
		add(&sum, t.Verdict)
		starts, lives = append(starts, t.StartTimes...), lives+t.Starts
		if err != nil {
			r.err = fmt.Errorf("seed %d: %w", o.Seed, err)
			break
		}
		o.Seed++
	}
	slices.Sort(starts)
	if len(starts) > 0 {
		r.figures = append(r.figures, fmt.Sprintf("%d starts, each without a hand; median %v, longest %v", lives,
			starts[len(starts)/2].Round(time.Millisecond), starts[len(starts)-1].Round(time.Millisecond)))
	}
	r.figures, r.violations = append(r.figures, figures(sum)...), sum.Violations
	return checkLoop(s, r, sum)
}

// checkLoop demands that the loop met what it is about.
func checkLoop(s settings, r result, sum kill.Verdict) result {
	least := 1
	if s.size.kills >= 10_000 {
		least = 50
	}
	if s.size.kills < 300 {
		least = 0
	}
	for _, place := range kill.Places() {
		if r.kills[place] < least && r.err == nil {
			r.violations = append(r.violations, fmt.Sprintf("%s was met %d times, want %d: the proof is too small", place, r.kills[place], least))
		}
	}
	if loops := sum.States["parked crash_loop"]; loops*20 > sum.People {
		r.violations = append(r.violations, fmt.Sprintf("%d of %d people are parked for the kills alone: too many to prove anything", loops, sum.People))
	}
	return r
}

func add(sum *kill.Verdict, v kill.Verdict) {
	sum.People += v.People
	sum.Unsafe += v.Unsafe
	sum.Open += v.Open
	sum.Repeated += v.Repeated
	sum.Rewritten += v.Rewritten
	sum.Looked += v.Looked
	sum.Violations = append(sum.Violations, v.Violations...)
	for state, n := range v.States {
		sum.States[state] += n
	}
}

func figures(v kill.Verdict) []string {
	if v.People == 0 {
		return nil
	}
	var states []string
	for _, state := range slices.Sorted(maps.Keys(v.States)) {
		states = append(states, fmt.Sprintf("%d %s", v.States[state], state))
	}
	return []string{
		fmt.Sprintf("%d people: %s", v.People, strings.Join(states, ", ")),
		fmt.Sprintf("%d unsafe effects happened, none twice; %d are open, all flagged", v.Unsafe, v.Open),
		fmt.Sprintf("%d keyed effects happened again under the same key; attributes of %d people were written again", v.Repeated, v.Rewritten),
		fmt.Sprintf("the ledger was read at %d deletes", v.Looked),
	}
}

func stops(ctx context.Context, s settings, o kill.Options, tell func(string)) result {
	o.Progress = tell
	t, err := kill.Stop(ctx, o, s.size.signals)
	r := result{size: fmt.Sprintf("%d signals", t.Signals), violations: t.Violations, err: err}
	r.figures = append([]string{fmt.Sprintf("grace 1 s; used up at %d stops; the longest took %v", t.Cut, t.Longest.Round(time.Millisecond))}, figures(t.Verdict)...)
	return r
}

func replays(ctx context.Context, s settings, o kill.Options, tell func(string)) result {
	o.Progress = tell
	t, err := kill.Replay(ctx, o, s.size.runs, s.size.replays)
	killed := 0
	for _, n := range t.Kills {
		killed += n
	}
	r := result{size: fmt.Sprintf("%d runs, %d kills", s.size.runs, killed), violations: t.Violations, err: err}
	r.figures = append([]string{
		fmt.Sprintf("killed at any moment %d times, between reopening and sending %d times, before the queue's answer %d times; %d lives ended by themselves",
			t.Kills[kill.Moment], t.Kills[kill.MessageComes], t.Kills[kill.MessageSent], t.Unhurt),
		fmt.Sprintf("%d times two ran the plan at once; %d messages woke %d runs", t.Pairs, t.Wakes, s.size.runs)}, figures(t.Verdict)...)
	return r
}
