package localcloud

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/postconfirm/postconfirm/deploy/localcloud/awsjson"
)

// SetFault switches a fault on for one operation of a service ("SendMessage"), for one resource ("queue:jobs"), or with
// "*" for all that have no entry of their own; the zero Fault shields an operation or a resource from "*". It takes the
// place of what was set for the same names, and starts with a full bucket. An unknown name, a senseless number and a
// fault that would do nothing there are errors, and change nothing.
func (c *Cloud) SetFault(service, where string, f Fault) error {
	if err := c.checkFault(service, where, f); err != nil {
		return err
	}
	c.faults.set(service, where, f)
	return nil
}

// ClearFaults switches all faults off.
func (c *Cloud) ClearFaults() { c.faults.replace(nil) }

// SetFaults replaces all faults, or none if one of them is wrong.
func (c *Cloud) SetFaults(all Faults) error {
	for service, entries := range all {
		for where, f := range entries {
			if err := c.checkFault(service, where, f); err != nil {
				return err
			}
		}
	}
	c.faults.replace(all)
	return nil
}

// Faults tells what is switched on. The maps are the caller's.
func (c *Cloud) Faults() Faults { return c.faults.all() }

func (c *Cloud) checkFault(service, where string, f Fault) error {
	s, ok := c.service(service)
	if !ok {
		return fmt.Errorf("localcloud: set fault: no service %q", service)
	}
	if err := f.check(); err != nil {
		return err
	}
	return f.belongs(s.Wire(), where)
}

// switchboard holds the faults and makes calls suffer them.
type switchboard struct {
	mu    sync.Mutex
	dice  *rand.Rand
	lines map[string]*faultLine // by "service.operation", "service.queue:name", "service.*"
}

// faultLine is one fault that is on.
type faultLine struct {
	service, where string
	fault          Fault
	bucket         *awsjson.Bucket // nil without a throttle
}

func newSwitchboard(dice *rand.Rand) *switchboard {
	if dice == nil {
		dice = rand.New(rand.NewPCG(1, 2))
	}
	return &switchboard{dice: dice, lines: map[string]*faultLine{}}
}

func (b *switchboard) set(service, where string, f Fault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.add(service, where, f)
}

func (b *switchboard) add(service, where string, f Fault) {
	line := &faultLine{service: service, where: where, fault: f}
	if f.Throttle > 0 {
		line.bucket = awsjson.NewBucket(f.Throttle, time.Now())
	}
	b.lines[service+"."+where] = line
}

func (b *switchboard) replace(all Faults) {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.lines)
	for service, entries := range all {
		for where, f := range entries {
			b.add(service, where, f)
		}
	}
}

func (b *switchboard) all() Faults {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := Faults{}
	for _, line := range b.lines {
		if all[line.service] == nil {
			all[line.service] = map[string]Fault{}
		}
		all[line.service][line.where] = line.fault
	}
	return all
}

// line finds the fault of an operation or a resource, nil if it has none. The caller holds the lock.
func (b *switchboard) line(service, where string) *faultLine {
	if line := b.lines[service+"."+where]; line != nil {
		return line
	}
	return b.lines[service+"."+everything]
}

// fate is the switchboard as a service sees it that carries out faults itself.
type fate struct {
	*switchboard
	wire *awsjson.Service
}

// Conditions tells what is switched on for a resource; "" is the service as a whole.
func (f fate) Conditions(resource string) awsjson.Conditions {
	where := everything
	if resource != "" {
		where = f.wire.Resource + ":" + resource
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if line := f.line(f.wire.Name, where); line != nil {
		return line.fault.conditions()
	}
	return awsjson.Conditions{}
}

// Dice throws the cloud's dice.
func (f fate) Dice() float64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dice.Float64()
}

// serve lets a call through to its service, unless a fault stops it.
func (b *switchboard) serve(w http.ResponseWriter, r *http.Request, s Service, operation string) {
	wire := s.Wire()
	w.Header().Set("Date", time.Now().Add(fate{b, wire}.Conditions("").ClockSkew).UTC().Format(http.TimeFormat))
	if !pause(r.Context(), b.latency(wire.Name, operation)) {
		wire.Fail(w, &awsjson.Error{Status: http.StatusServiceUnavailable, Code: "ServiceUnavailable", Message: "the call was called off"})
		return
	}
	refusal, lost := b.decide(wire, operation)
	switch {
	case refusal != nil:
		wire.Fail(w, refusal)
	case lost:
		s.ServeHTTP(newRecorder(), r)
		breakConnection(w)
	default:
		s.ServeHTTP(w, r)
	}
}

func (b *switchboard) latency(service, operation string) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if line := b.line(service, operation); line != nil {
		return line.fault.Latency
	}
	return 0
}

// decide tells what becomes of a call: an error in its place, or its answer lost. The dice are thrown only for rates
// that are on, so that the sequence of outcomes depends on the calls that matter alone.
func (b *switchboard) decide(wire *awsjson.Service, operation string) (refusal *awsjson.Error, lost bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	line := b.line(wire.Name, operation)
	switch {
	case line == nil:
		return nil, false
	case line.fault.Outage:
		return unavailable(), false
	case line.bucket != nil && !line.bucket.Take(time.Now()):
		return throttled(wire), false
	case line.fault.ErrorRate > 0 && b.dice.Float64() < line.fault.ErrorRate:
		return internal(wire), false
	}
	return nil, line.fault.LostRate > 0 && b.dice.Float64() < line.fault.LostRate
}

func unavailable() *awsjson.Error {
	return &awsjson.Error{Status: http.StatusServiceUnavailable, Code: "ServiceUnavailable", Message: "the service is switched off"}
}

func throttled(wire *awsjson.Service) *awsjson.Error {
	if wire.Throttled != nil {
		return wire.Throttled
	}
	return &awsjson.Error{Status: http.StatusBadRequest, Code: "ThrottlingException", Message: "Rate exceeded"}
}

func internal(wire *awsjson.Service) *awsjson.Error {
	if wire.Internal != nil {
		return wire.Internal
	}
	return &awsjson.Error{Status: http.StatusInternalServerError, Code: "InternalFailure", Message: "internal failure"}
}

// pause waits, and tells whether the caller is still there.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
