package worker_test

import (
	"context"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
)

// ledgered is a verifiable vendor: what it did can be looked up by its key.
type ledgered struct {
	*vendor
	did   map[string]bool
	looks int
	look  func(n int) error // nil says what is in did
}

func (v *ledgered) Verify(_ context.Context, call enrich.Call) (enrich.Result, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.looks++
	if v.look != nil {
		if err := v.look(v.looks); err != nil {
			return nil, err
		}
	}
	if !v.did[call.EffectKey] {
		return nil, enrich.ErrNotFound
	}
	return enrich.Result{"name": "found by looking"}, nil
}

// verifiable is a vendor whose answers to the first calls get lost: arrived says which of them had their effect.
func verifiable(arrived ...bool) *ledgered {
	l := &ledgered{did: map[string]bool{}}
	l.vendor = &vendor{class: enrich.Verifiable, run: func(_ context.Context, call enrich.Call, n int) (enrich.Result, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if n > len(arrived) {
			l.did[call.EffectKey] = true
			return acme, nil
		}
		l.did[call.EffectKey] = l.did[call.EffectKey] || arrived[n-1]
		return nil, errLost
	}}
	return l
}

func TestAnEffectThatCanBeLookedUp(t *testing.T) {
	in(t, "its answer was lost and it had happened: found, not repeated", func(t *testing.T, on face) {
		v := verifiable(true)
		w := newWorld(t, on, company(t, v))
		sub := w.confirm("ada@acme.example")
		w.work(30 * time.Minute)
		expect(t, "calls", v.count(), 1)
		expect(t, "looks", v.looks, 1)
		expect(t, "run", w.run(sub).State, worker.Done)
		expect(t, "attribute", w.attributes(sub)["custom:company"], "found by looking")
		expect(t, "flags", len(w.run(sub).Flags), 0)
	})
	in(t, "its answer was lost and it had not happened: repeated, once", func(t *testing.T, on face) {
		v := verifiable(false)
		w := newWorld(t, on, company(t, v))
		sub := w.confirm("ada@acme.example")
		w.work(30 * time.Minute)
		expect(t, "calls", v.count(), 2)
		expect(t, "looks", v.looks, 1)
		expect(t, "attribute", w.attributes(sub)["custom:company"], "Acme Ltd")
	})
	in(t, "nobody looks while the call may still be under way", func(t *testing.T, on face) {
		v := verifiable(true)
		began, looked := time.Now(), time.Time{}
		v.look = func(int) error { looked = time.Now(); return nil }
		p := company(t, v)
		p.Steps[0].Timeout = 2 * time.Minute
		w := newWorld(t, on, p)
		w.timeout = 5 * time.Minute
		w.confirm("ada@acme.example")
		w.work(30 * time.Minute)
		expect(t, "looked too early", looked.Sub(began) < 2*time.Minute, false)
	})
	in(t, "an intent that a killed worker left is looked up, too", func(t *testing.T, on face) {
		v := verifiable()
		w := newWorld(t, on, company(t, v))
		sub := w.confirm("ada@acme.example")
		id := worker.Identity{Pool: w.pool, Sub: sub, Generation: event.Onboarding}
		v.did[id.Key()+"-company"] = true
		w.ledger.Put(worker.Run{Identity: id, Key: id.Key(), State: worker.Open, FirstSeen: time.Now(), Fence: 3,
			Steps: map[string]worker.StepRecord{"company": {State: worker.StepIntent, At: time.Now(), First: time.Now()}}})
		w.work(30 * time.Minute)
		expect(t, "calls", v.count(), 0)
		expect(t, "run", w.run(sub).State, worker.Done)
		expect(t, "attribute", w.attributes(sub)["custom:company"], "found by looking")
	})
	in(t, "an intent whose call may still be under way is not looked up yet, whoever finds it", func(t *testing.T, on face) {
		v := verifiable()
		w := newWorld(t, on, company(t, v))
		sub := w.confirm("ada@acme.example")
		id := worker.Identity{Pool: w.pool, Sub: sub, Generation: event.Onboarding}
		w.ledger.Put(worker.Run{Identity: id, Key: id.Key(), State: worker.Open, FirstSeen: time.Now(), Fence: 3,
			Steps: map[string]worker.StepRecord{"company": {State: worker.StepIntent, At: time.Now(), First: time.Now()}}})
		time.AfterFunc(8*time.Second, func() { // within the step's time-out
			v.mu.Lock()
			defer v.mu.Unlock()
			v.did[id.Key()+"-company"] = true
		})
		w.work(30 * time.Minute)
		expect(t, "calls", v.count(), 0)
		expect(t, "attribute", w.attributes(sub)["custom:company"], "found by looking")
	})
	in(t, "what can't be looked up stays open, and the run goes on without it", func(t *testing.T, on face) {
		v := verifiable(true)
		v.look = func(int) error { return errRefused }
		w := newWorld(t, on, company(t, v))
		sub := w.confirm("ada@acme.example")
		w.work(30 * time.Minute)
		r := w.run(sub)
		expect(t, "calls", v.count(), 1)
		expect(t, "run", r.State, worker.Done)
		expect(t, "open effects", len(r.OpenEffects()), 1)
		expect(t, "flags", len(r.Flags), 1)
	})
	in(t, "who can't answer for hours is asked again, and the effect is never repeated meanwhile", func(t *testing.T, on face) {
		v := verifiable(true)
		v.look = func(n int) error {
			if n <= 5 {
				return errDown
			}
			return nil
		}
		w := newWorld(t, on, company(t, v))
		sub := w.confirm("ada@acme.example")
		w.work(6 * time.Hour)
		expect(t, "calls", v.count(), 1)
		expect(t, "attribute", w.attributes(sub)["custom:company"], "found by looking")
	})
	t.Run("a connector that says so and can't look is unsafe", func(t *testing.T) {
		if got := enrich.ClassOf(&vendor{class: enrich.Verifiable}); got != enrich.Unsafe {
			t.Errorf("got %v", got)
		}
	})
}

// shortMemory is a keyed vendor that forgets keys.
type shortMemory struct {
	*vendor
	life time.Duration
}

func (s shortMemory) KeyLife() time.Duration { return s.life }

func TestAKeyThatIsForgotten(t *testing.T) {
	lostThenAway := func(away time.Duration) *vendor {
		began := time.Now()
		return &vendor{class: enrich.Keyed, run: func(_ context.Context, _ enrich.Call, n int) (enrich.Result, error) {
			switch {
			case n <= 3:
				return nil, errLost
			case time.Since(began) < away:
				return nil, throttled(away)
			}
			return acme, nil
		}}
	}
	in(t, "a call that may have arrived is not repeated when the other side has forgotten its key", func(t *testing.T, on face) {
		v := lostThenAway(3 * time.Hour)
		w := newWorld(t, on, company(t, shortMemory{v, time.Hour}))
		sub := w.confirm("ada@acme.example")
		w.work(12 * time.Hour)
		r := w.run(sub)
		expect(t, "calls before the key was forgotten", v.count(), 4)
		expect(t, "run", r.State, worker.Done)
		expect(t, "step", r.Steps["company"].State, worker.StepUnknown)
		expect(t, "code", r.Steps["company"].Code, "key_expired")
		expect(t, "flags", len(r.Flags), 1)
	})
	in(t, "with the policy at-least-once it is", func(t *testing.T, on face) {
		v := lostThenAway(3 * time.Hour)
		p := company(t, shortMemory{v, time.Hour})
		p.Steps[0].AtLeast = true
		w := newWorld(t, on, p)
		sub := w.confirm("ada@acme.example")
		w.work(12 * time.Hour)
		expect(t, "run", w.run(sub).State, worker.Done)
		expect(t, "attribute", w.attributes(sub)["custom:company"], "Acme Ltd")
	})
	in(t, "a key that nobody has seen yet does not age", func(t *testing.T, on face) {
		v := failsFirst(enrich.Keyed, acme, throttled(30*time.Hour), throttled(30*time.Hour))
		w := newWorld(t, on, company(t, v))
		sub := w.confirm("ada@acme.example")
		w.work(4 * 24 * time.Hour)
		expect(t, "calls", v.count(), 3)
		expect(t, "run", w.run(sub).State, worker.Done)
		expect(t, "flags", len(w.run(sub).Flags), 0)
	})
}
