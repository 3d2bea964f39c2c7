package simulation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
)

// vendor is an outside system: it counts what it was made to do, by run, and never asks a worker what that believes.
type vendor struct {
	world   *world
	step    *enrich.Step
	mu      sync.Mutex
	records map[string]*record // by run key
	stamps  map[string]int     // by sub: the version of what is known of a person
}

// record is what a vendor knows of one run.
type record struct {
	calls, effects, failures int
	keys                     map[string]bool
	final                    string // the code of the failure that will stay
	missing                  bool   // the answer was that there is no such thing
	heard                    string // the last answer that a living process heard
}

// line is a vendor as one process sees it: a connector.
type line struct {
	vendor  *vendor
	process *process
}

func (v *vendor) line(p *process) enrich.Connector { return line{v, p} }

// Class is the vendor's.
func (l line) Class() enrich.Class { return l.vendor.step.Class }

// Dependency is the vendor's own system; in the shape "shared" two vendors have one.
func (l line) Dependency() string {
	if l.vendor.world.plan.Shape == "shared" && l.vendor.step.ID == "plan" {
		return "company"
	}
	return l.vendor.step.ID
}

// visit is one call as it goes through the vendor.
type visit struct {
	line
	call  enrich.Call
	run   string
	sub   string
	fate  string
	dice  *rand.Rand
	value string
}

// Run is one call: on its way, done or not, on its way back.
func (l line) Run(ctx context.Context, call enrich.Call) (enrich.Result, error) {
	if err := l.process.leave(ctx); err != nil {
		return nil, &enrich.Error{Kind: enrich.Temporary, Code: "unsent", Err: err}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.process.life, cancel)()
	v := l.visit(call)
	result, err := v.there(ctx)
	if heard := l.process.hear(); heard != nil {
		return nil, heard
	}
	if err != nil {
		return nil, err
	}
	l.vendor.note(v.run, func(r *record) { r.heard = v.value })
	return result, nil
}

func (l line) visit(call enrich.Call) *visit {
	run, _ := call.Vars["run"].(map[string]any)
	v := &visit{line: l, call: call, run: fmt.Sprint(run["key"]), sub: fmt.Sprint(run["sub"])}
	n := 0
	l.vendor.note(v.run, func(r *record) {
		r.calls++
		n = r.calls
		r.keys[call.EffectKey] = true
	})
	v.dice = l.vendor.world.dice.of("call "+l.vendor.step.ID+v.run, n)
	v.fate = l.vendor.fate(v.run, v.dice)
	if v.fate != "fine" {
		l.vendor.world.strike("vendor " + v.fate)
	}
	l.vendor.world.say("%s calls %s for %.4s, call %d: %s", l.process.name, l.vendor.step.ID, v.run, n, v.fate)
	return v
}

// fate is what becomes of a call.
func (v *vendor) fate(run string, r *rand.Rand) string {
	w := v.world
	personal := w.dice.of("person " + v.step.ID + run)
	switch {
	case maybe(personal, w.plan.Vendor.Permanent):
		return among(personal, "permanent", "not found", "unreadable")
	case w.calm.Load():
		return "fine"
	}
	for _, o := range w.plan.Outages {
		if o.Step == v.step.ID && w.age() >= o.At && w.age() < o.At+o.For {
			return o.Kind
		}
	}
	if maybe(r, w.plan.Vendor.Rate) {
		return among(r, "not sent", "refused", "lost before", "lost after", "throttled", "throttled with Retry-After", "hang",
			"hang after", "panic", "panic after", "unclassified")
	}
	return "fine"
}

// there is what happens to a call beyond the process's border.
func (v *visit) there(ctx context.Context) (enrich.Result, error) {
	switch v.fate {
	case "not sent", "unreachable":
		return nil, &enrich.Error{Kind: enrich.Temporary, Code: "connect"}
	}
	if !v.travel(ctx) {
		v.maybeLate()
		return nil, timedOut
	}
	switch v.fate {
	case "down", "refused":
		return nil, v.failed("http_503", enrich.Temporary, true)
	case "throttled":
		return nil, &enrich.Error{Kind: enrich.Throttled, Code: "http_429", Sent: true, Refused: true}
	case "throttled with Retry-After":
		return nil, &enrich.Error{Kind: enrich.Throttled, Code: "http_429", Sent: true, Refused: true, RetryAfter: between(v.dice, time.Second, 8*time.Minute)}
	case "permanent":
		v.vendor.note(v.run, func(r *record) { r.final = "http_422" })
		return nil, v.failed("http_422", enrich.Permanent, true)
	case "not found":
		v.vendor.note(v.run, func(r *record) { r.missing = true })
		return nil, enrich.ErrNotFound
	case "lost before":
		return nil, v.failed("reset", enrich.Temporary, false)
	case "panic":
		panic(canary + " panic")
	case "hang":
		<-ctx.Done()
		return nil, timedOut
	}
	return v.done(ctx)
}

// done is what happens to a call that has its effect.
func (v *visit) done(ctx context.Context) (enrich.Result, error) {
	v.effect()
	switch v.fate {
	case "lost after":
		return nil, v.failed("reset", enrich.Temporary, false)
	case "unreadable":
		v.vendor.note(v.run, func(r *record) { r.final = "unreadable" })
		return nil, v.failed("unreadable", enrich.Permanent, false)
	case "unclassified":
		return nil, errors.New(canary + " vendor's own words")
	case "panic after":
		panic(canary + " panic")
	case "hang after":
		<-ctx.Done()
	}
	if !v.travel(ctx) {
		return nil, timedOut
	}
	return enrich.Result{"value": v.value, "unread": canary + " that no expression reads"}, nil
}

var timedOut = &enrich.Error{Kind: enrich.Temporary, Code: "timeout", Sent: true}

func (v *visit) failed(code string, kind enrich.FailureKind, refused bool) error {
	v.vendor.note(v.run, func(r *record) { r.failures++ })
	return &enrich.Error{Kind: kind, Code: code, Sent: true, Refused: refused, Err: errors.New(canary + " vendor's own words")}
}

// travel is the way there or back; false means that the caller gave up.
func (v *visit) travel(ctx context.Context) bool {
	if v.vendor.world.plan.Vendor.Slow > 0 && !v.vendor.world.calm.Load() {
		sleep(ctx, between(v.dice, 0, v.vendor.world.plan.Vendor.Slow))
		if ctx.Err() != nil {
			v.vendor.world.strike("vendor late") // there and back took longer than the step's time-out
		}
	}
	return ctx.Err() == nil
}

// maybeLate lets a call arrive after its caller gave up, or died: what is on the wire is on the wire.
func (v *visit) maybeLate() {
	if v.fate == "fine" && maybe(v.dice, 0.5) {
		v.vendor.world.strike("vendor late")
		time.AfterFunc(between(v.dice, 0, 30*time.Second), v.effect)
	}
}

// effect is the moment when it happens: what a vendor knows of a person gets a new version.
func (v *visit) effect() {
	w := v.vendor.world
	v.vendor.mu.Lock()
	defer v.vendor.mu.Unlock()
	r := v.vendor.record(v.run)
	r.effects++
	v.vendor.stamps[v.sub]++
	v.value = stamped(v.sub, v.vendor.step.ID, v.vendor.stamps[v.sub])
	w.say("%s happens for %.4s, effect %d: %s", v.vendor.step.ID, v.run, r.effects, v.value)
	if r.effects > 1 && v.vendor.step.Class == enrich.Unsafe && !v.vendor.step.AtLeast {
		w.violate("I2 %s happened %d times for run %s", v.vendor.step.ID, r.effects, v.run)
	}
}

// stamped is a value that tells whose it is, what it is, and how new.
func stamped(sub, step string, stamp int) string {
	return fmt.Sprintf("%s-%.8s-%s-%06d", canary, sub, step, stamp)
}

func (v *vendor) note(run string, change func(*record)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	change(v.record(run))
}

// record is the record of a run. The caller holds the lock.
func (v *vendor) record(run string) *record {
	r := v.records[run]
	if r == nil {
		r = &record{keys: map[string]bool{}}
		v.records[run] = r
	}
	return r
}
