package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/reconcile"
)

// bubble runs a case with virtual time.
func bubble(t *testing.T, name string, f func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

func expect[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// once finds and sends with walkers of their own, as two calls of the command do.
func (w *world) once(s reconcile.Scope) (planned, sent reconcile.Walk) {
	w.t.Helper()
	planned, err := reconcile.New(w.ports(), nil).Find(w.t.Context(), s, reconcile.Plan)
	w.must(err)
	again := reconcile.New(w.ports(), nil)
	_, err = again.Find(w.t.Context(), s, reconcile.Reuse)
	w.must(err)
	sent, err = again.Send(w.t.Context(), s)
	w.must(err)
	return planned, sent
}

func TestWhoIsFound(t *testing.T) {
	bubble(t, "row 13: whose event was lost, and its journal too, is found in the pool; whoever has a run is not", func(t *testing.T) {
		w := newWorld(t, inMemory())
		known, lost, google := w.confirm("ann"), w.confirm("bob"), w.federated("104")
		w.onboard(known, event.Onboarding)
		time.Sleep(time.Hour)
		planned, sent := w.once(w.scope())
		expect(t, "phase", planned.Phase, reconcile.Found)
		if diff := cmp.Diff(reconcile.Counts{Listed: 3, Known: 1, Found: 2}, planned.Counts); diff != "" {
			t.Error(diff)
		}
		expect(t, "messages", sent.Messages, 2)
		all, times := w.messages()
		if diff := cmp.Diff(map[string]int{lost: 1, google: 1}, times); diff != "" {
			t.Error(diff)
		}
		for _, m := range all {
			expect(t, "user", m.User, w.names[m.Sub])
			expect(t, "source", m.Source, event.SourceReconcile)
			expect(t, "generation", m.Generation, event.Onboarding)
			expect(t, "region", m.Region, "eu-west-1")
			expect(t, "all steps", m.Steps == nil, true)
			expect(t, "time", time.Since(m.At) < time.Minute, true)
		}
		expect(t, "piles left", w.piles(), 0)
		expect(t, "AdminGetUser", w.cloud.Calls()["cognito-idp.AdminGetUser"], 0)
	})
	bubble(t, "only users of the wanted statuses, and the others are counted", func(t *testing.T) {
		w := newWorld(t, inMemory())
		w.confirm("ann")
		w.join("bob")
		w.call("AdminCreateUser", map[string]any{"UserPoolId": w.pool, "Username": "made"})
		w.confirm("off")
		w.call("AdminDisableUser", map[string]any{"UserPoolId": w.pool, "Username": "off"})
		time.Sleep(time.Hour)
		planned, _ := w.once(w.scope())
		want := reconcile.Counts{Listed: 4, Found: 1, Disabled: 1, Others: map[string]int{"UNCONFIRMED": 1, "FORCE_CHANGE_PASSWORD": 1}}
		if diff := cmp.Diff(want, planned.Counts); diff != "" {
			t.Error(diff)
		}
		s := w.scope()
		s.Statuses = []string{"FORCE_CHANGE_PASSWORD"}
		planned, _ = w.once(s)
		expect(t, "found with another status", planned.Counts.Found, 1)
	})
	bubble(t, "nobody who was created before the baseline, or outside of the window", func(t *testing.T) {
		w := newWorld(t, inMemory())
		for i := range 10 {
			w.confirm(fmt.Sprint("user-", i))
			time.Sleep(time.Hour)
		}
		s := w.scope()
		s.Since, s.Until = time.Now().Add(-7*time.Hour), time.Now().Add(-4*time.Hour)
		planned, _ := w.once(s)
		if diff := cmp.Diff(reconcile.Counts{Listed: 10, Before: 3, After: 4, Found: 3}, planned.Counts); diff != "" {
			t.Error(diff)
		}
	})
	bubble(t, "row 101: sign-ups that continue are left alone until they have settled", func(t *testing.T) {
		w := newWorld(t, inMemory())
		early := w.confirm("early")
		joined := w.join("late") // joined long ago, confirmed a moment ago: the message is on its way
		time.Sleep(time.Hour)
		w.call("AdminConfirmSignUp", map[string]any{"UserPoolId": w.pool, "Username": "late"})
		w.confirm("new")
		planned, _ := w.once(w.scope())
		if diff := cmp.Diff(reconcile.Counts{Listed: 3, Young: 2, Found: 1}, planned.Counts); diff != "" {
			t.Error(diff)
		}
		_, times := w.messages()
		expect(t, "early", times[early], 1)
		w.onboard(early, event.Onboarding)
		w.onboard(joined, event.Onboarding) // its message came
		time.Sleep(reconcile.Settle + time.Minute)
		planned, _ = w.once(w.scope())
		if diff := cmp.Diff(reconcile.Counts{Listed: 3, Known: 2, Found: 1}, planned.Counts); diff != "" {
			t.Error(diff)
		}
	})
	bubble(t, "row 101: who has a run by the time of the sending is not sent", func(t *testing.T) {
		w := newWorld(t, inMemory())
		w.crowd(100)
		time.Sleep(time.Hour)
		walker := reconcile.New(w.ports(), nil)
		_, err := walker.Find(t.Context(), w.scope(), reconcile.Plan)
		w.must(err)
		for _, sub := range w.users[:30] {
			w.onboard(sub, event.Onboarding)
		}
		sent, err := walker.Send(t.Context(), w.scope())
		w.must(err)
		expect(t, "messages", sent.Messages, 70)
		expect(t, "settled", sent.Settled, 30)
		expect(t, "left", sent.Left(), 0)
		_, times := w.messages()
		expect(t, "users", len(times), 70)
	})
	bubble(t, "row 91: after a Region was away, all whose confirmation was lost are found, and a second walk finds nobody", func(t *testing.T) {
		w := newWorld(t, inMemory())
		w.crowd(50)
		for _, sub := range w.users {
			w.onboard(sub, event.Onboarding)
		}
		time.Sleep(time.Hour)
		before := len(w.users)
		for i := range 70 { // queue, table and logs are all away
			w.confirm(fmt.Sprint("during-", i))
		}
		time.Sleep(time.Hour)
		w.once(w.scope())
		_, times := w.messages()
		expect(t, "found", len(times), 70)
		for _, sub := range w.users[before:] {
			expect(t, "messages of a lost user", times[sub], 1)
			w.onboard(sub, event.Onboarding)
		}
		planned, _ := w.once(w.scope())
		expect(t, "found by the second", planned.Counts.Found, 0)
	})
	bubble(t, "a damaged run is one that the ledger knows", func(t *testing.T) {
		w := newWorld(t, inMemory())
		w.confirm("ann")
		time.Sleep(time.Hour)
		ports := w.ports()
		ports.Runs = damaged{}
		planned, err := reconcile.New(ports, nil).Find(t.Context(), w.scope(), reconcile.Plan)
		w.must(err)
		expect(t, "known", planned.Counts.Known, 1)
	})
	bubble(t, "a limit ends the walk", func(t *testing.T) {
		w := newWorld(t, inMemory())
		w.crowd(200)
		time.Sleep(time.Hour)
		s := w.scope()
		s.Limit = 70
		planned, sent := w.once(s)
		expect(t, "found", planned.Counts.Found, 70)
		expect(t, "listed", planned.Counts.Listed, 70)
		expect(t, "messages", sent.Messages, 70)
	})
}

type damaged struct{}

func (damaged) Find(context.Context, worker.Identity) (worker.Run, bool, error) {
	return worker.Run{}, false, fmt.Errorf("read: %w", worker.ErrDamaged)
}

// roll is a list that can be told to fail.
type roll struct {
	worker.Roll
	page func(n int, place string) error // before the n-th page
	n    int
}

func (r *roll) Page(ctx context.Context, pool, filter, place string) ([]worker.Member, string, error) {
	r.n++
	if err := r.page(r.n, place); err != nil {
		return nil, "", err
	}
	return r.Roll.Page(ctx, pool, filter, place)
}

func TestAWalk(t *testing.T) {
	bubble(t, "begins anew when the pool has forgotten its place, and counts nobody twice", func(t *testing.T) {
		w := newWorld(t, inMemory())
		w.crowd(3000) // 50 pages, so that a place is stored
		time.Sleep(time.Hour)
		ports, forgot := w.ports(), 0
		ports.Roll = &roll{Roll: ports.Roll, page: func(n int, place string) error {
			if n == 40 || n == 70 {
				forgot++
				return worker.ErrPlace
			}
			return nil
		}}
		walker := reconcile.New(ports, nil)
		planned, err := walker.Find(t.Context(), w.scope(), reconcile.Plan)
		w.must(err)
		expect(t, "forgotten places", forgot, 2)
		expect(t, "restarts", planned.Restarts, 2)
		expect(t, "found", planned.Counts.Found, 3000)
		sent, err := walker.Send(t.Context(), w.scope())
		w.must(err)
		expect(t, "messages", sent.Messages, 3000)
		_, times := w.messages()
		expect(t, "users", len(times), 3000)
		expect(t, "piles left", w.piles(), 0)
	})
	bubble(t, "gives up when every place is forgotten", func(t *testing.T) {
		w := newWorld(t, inMemory())
		w.crowd(200)
		ports := w.ports()
		ports.Roll = &roll{Roll: ports.Roll, page: func(_ int, place string) error {
			if place != "" {
				return worker.ErrPlace
			}
			return nil
		}}
		_, err := reconcile.New(ports, nil).Find(t.Context(), w.scope(), reconcile.Plan)
		expect(t, "says why", errors.Is(err, worker.ErrPlace), true)
	})
	bubble(t, "waits out a throttle, and stops at a refusal", func(t *testing.T) {
		w := newWorld(t, inMemory())
		w.crowd(200)
		time.Sleep(time.Hour)
		ports := w.ports()
		ports.Roll = &roll{Roll: ports.Roll, page: func(n int, _ string) error {
			if n%2 == 1 {
				return &enrich.Error{Kind: enrich.Throttled, Code: "too_many_requests"}
			}
			return nil
		}}
		planned, err := reconcile.New(ports, nil).Find(t.Context(), w.scope(), reconcile.Plan)
		w.must(err)
		expect(t, "found", planned.Counts.Found, 200)
		denied := &enrich.Error{Kind: enrich.Denied, Code: "access_denied"}
		ports.Roll = &roll{Roll: w.ports().Roll, page: func(int, string) error { return denied }}
		began := time.Now()
		_, err = reconcile.New(ports, nil).Find(t.Context(), w.scope(), reconcile.Plan)
		expect(t, "says why", errors.Is(err, denied), true)
		expect(t, "waited", time.Since(began) < time.Second, true)
	})
	bubble(t, "goes through short and empty pages, and past users who come and go", func(t *testing.T) {
		w := newWorld(t, inMemory())
		w.crowd(100)
		time.Sleep(time.Hour)
		w.must(w.cognito.SetSwitches(cognito.Switches{ListScan: 7}))
		ports := w.ports()
		ports.Roll = &roll{Roll: ports.Roll, page: func(n int, _ string) error {
			w.call("AdminDeleteUser", map[string]any{"UserPoolId": w.pool, "Username": w.names[w.users[100-n]]})
			return nil
		}}
		planned, err := reconcile.New(ports, nil).Find(t.Context(), w.scope(), reconcile.Plan)
		w.must(err)
		if got := planned.Counts.Found; got < 85 || got > 99 || planned.Counts.Listed != got {
			t.Errorf("counts: %+v", planned.Counts)
		}
	})
	bubble(t, "stops when it is asked to, and goes on where it was", func(t *testing.T) {
		w := newWorld(t, inMemory())
		w.crowd(1000)
		time.Sleep(time.Hour)
		ctx, stop := context.WithCancel(t.Context())
		walker := reconcile.New(w.ports(), &reconcile.Options{Progress: func(k reconcile.Walk) {
			if k.Pages == 9 {
				stop()
			}
		}})
		_, err := walker.Find(ctx, w.scope(), reconcile.Plan)
		expect(t, "interrupted", errors.Is(err, context.Canceled), true)
		last, ok, err := walker.Last(t.Context(), w.scope())
		w.must(err)
		expect(t, "kept", ok, true)
		expect(t, "pages kept", last.Pages, 9)
		planned, err := reconcile.New(w.ports(), nil).Find(t.Context(), w.scope(), reconcile.Plan)
		w.must(err)
		expect(t, "the same walk", planned.ID, last.ID)
		expect(t, "found", planned.Counts.Found, 1000)
		expect(t, "calls", w.cloud.Calls()["cognito-idp.ListUsers"], 17)
	})
	bubble(t, "of something else is in the way until it is thrown away", func(t *testing.T) {
		w := newWorld(t, inMemory())
		w.crowd(1000)
		time.Sleep(time.Hour)
		ports := (&mortal{alive: w.ports(), left: 12}).ports()
		_, err := reconcile.New(ports, nil).Find(t.Context(), w.scope(), reconcile.Plan)
		expect(t, "killed", errors.Is(err, errDead), true)
		other := w.scope()
		other.Statuses = []string{"CONFIRMED"}
		_, err = reconcile.New(w.ports(), nil).Find(t.Context(), other, reconcile.Plan)
		expect(t, "in the way", errors.Is(err, reconcile.ErrOther), true)
		planned, err := reconcile.New(w.ports(), nil).Find(t.Context(), other, reconcile.Afresh)
		w.must(err)
		expect(t, "found", planned.Counts.Found, 900)
	})
	bubble(t, "is reused for a day, and its window is the one that was typed", func(t *testing.T) {
		w := newWorld(t, inMemory())
		w.crowd(100)
		time.Sleep(time.Hour)
		scope := func() reconcile.Scope {
			s := w.scope()
			s.Asked, s.Since = "2h", time.Now().Add(-2*time.Hour)
			return s
		}
		first, err := reconcile.New(w.ports(), nil).Find(t.Context(), scope(), reconcile.Plan)
		w.must(err)
		time.Sleep(23 * time.Hour)
		second, err := reconcile.New(w.ports(), nil).Find(t.Context(), scope(), reconcile.Reuse)
		w.must(err)
		expect(t, "the same walk", second.ID, first.ID)
		time.Sleep(2 * time.Hour)
		third, err := reconcile.New(w.ports(), nil).Find(t.Context(), scope(), reconcile.Reuse)
		w.must(err)
		expect(t, "another walk", third.ID != first.ID, true)
		expect(t, "found in its window", third.Counts.Found, 0)
	})
	bubble(t, "keeps to its rates", func(t *testing.T) {
		w := newWorld(t, inMemory())
		w.crowd(600)
		time.Sleep(time.Hour)
		began := time.Now()
		walker := reconcile.New(w.ports(), &reconcile.Options{Reads: 2, Rate: 5})
		_, err := walker.Find(t.Context(), w.scope(), reconcile.Plan)
		w.must(err)
		if took := time.Since(began); took < 4*time.Second || took > 5*time.Second { // 10 calls, the first at once
			t.Errorf("the list took %v", took)
		}
		began = time.Now()
		_, err = walker.Send(t.Context(), w.scope())
		w.must(err)
		if took := time.Since(began); took < 118*time.Second || took > 121*time.Second {
			t.Errorf("the sending took %v", took)
		}
	})
	bubble(t, "sends again what the queue did not take", func(t *testing.T) {
		w := newWorld(t, inMemory())
		w.crowd(40)
		time.Sleep(time.Hour)
		ports := w.ports()
		ports.Feed = &choosy{ports.Feed}
		walker := reconcile.New(ports, nil)
		_, err := walker.Find(t.Context(), w.scope(), reconcile.Plan)
		w.must(err)
		sent, err := walker.Send(t.Context(), w.scope())
		w.must(err)
		expect(t, "messages", sent.Messages, 40)
		_, times := w.messages()
		for _, sub := range w.users {
			expect(t, "messages of a user", times[sub], 1)
		}
	})
}

// choosy is a queue that takes only the first three messages of a batch.
type choosy struct{ queue worker.Feed }

func (c *choosy) Feed(ctx context.Context, bodies [][]byte) (failed []int, err error) {
	taken := min(3, len(bodies))
	for i := taken; i < len(bodies); i++ {
		failed = append(failed, i)
	}
	_, err = c.queue.Feed(ctx, bodies[:taken])
	return failed, err
}

func TestRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, inMemory())
		for name, change := range map[string]func(*reconcile.Scope){
			"row 152: since after until":      func(s *reconcile.Scope) { s.Since, s.Until = time.Now(), time.Now().Add(-time.Hour) },
			"row 152: since equal to until":   func(s *reconcile.Scope) { s.Since = time.Now(); s.Until = s.Since },
			"no pool":                         func(s *reconcile.Scope) { s.Pool = "" },
			"row 151: a pool that is a path":  func(s *reconcile.Scope) { s.Pool = "../eu-west-1_A" },
			"row 151: a pool that is a shell": func(s *reconcile.Scope) { s.Pool = "eu-west-1_A;ls" },
			"a generation without a name":     func(s *reconcile.Scope) { s.Generation = "" },
			"a generation with a colon":       func(s *reconcile.Scope) { s.Generation = "a:b" },
			"no status":                       func(s *reconcile.Scope) { s.Statuses = nil },
			"a status that is none":           func(s *reconcile.Scope) { s.Statuses = []string{"confirmed"} },
			"a negative settle time":          func(s *reconcile.Scope) { s.Settle = -1 },
		} {
			s := w.scope()
			change(&s)
			if _, err := reconcile.New(w.ports(), nil).Find(t.Context(), s, reconcile.Plan); err == nil {
				t.Errorf("%s is not refused", name)
			}
		}
		expect(t, "calls", w.cloud.Calls()["cognito-idp.ListUsers"], 0)
		if _, err := reconcile.New(w.ports(), nil).Send(t.Context(), w.scope()); err == nil {
			t.Error("what was never walked is sent")
		}
	})
}

func TestTwoPeopleAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, inMemory())
		w.crowd(3000)
		time.Sleep(time.Hour)
		var walks [3]reconcile.Walk
		var all sync.WaitGroup
		for i := range walks {
			all.Go(func() {
				time.Sleep(time.Duration(i) * 1700 * time.Millisecond)
				walker := reconcile.New(w.ports(), nil)
				_, err := walker.Find(t.Context(), w.scope(), reconcile.Reuse)
				if err == nil {
					walks[i], err = walker.Send(t.Context(), w.scope())
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for _, k := range walks {
			expect(t, "phase", k.Phase, reconcile.Sent)
			expect(t, "messages", k.Messages, 3000)
			expect(t, "the same walk", k.ID, walks[0].ID)
		}
		sent, times := w.messages()
		expect(t, "users", len(times), 3000)
		if len(sent) > 3100 {
			t.Errorf("%d messages for 3,000 users", len(sent))
		}
		if calls := w.cloud.Calls()["cognito-idp.ListUsers"]; calls > 50+3*25 {
			t.Errorf("%d calls of ListUsers for 50 pages", calls)
		}
		expect(t, "piles left", w.piles(), 0)
	})
}

// TestKilledAtAnyPoint: a walk that dies again and again ends with everybody found once, and everybody sent.
func TestKilledAtAnyPoint(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { killed(t, inMemory(), seed, 600, 20, 25) })
		})
	}
}

// killed drops some of n users, reconciles them with a program that dies after at most so many calls, and checks that exactly those
// were found.
func killed(t *testing.T, s store, seed uint64, n, drop, life int) *world {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 7))
	w := newWorld(t, s)
	w.crowd(n)
	lost := map[string]bool{}
	for _, i := range random.Perm(n)[:drop] {
		lost[w.users[i]] = true
	}
	w.onboardAll(func(sub string) bool { return !lost[sub] })
	w.must(w.cognito.SetSwitches(cognito.Switches{Quotas: cognito.AWSQuotas()}))
	time.Sleep(time.Hour)
	began, deaths, done := time.Now(), 0, reconcile.Walk{}
	for {
		ports := (&mortal{alive: w.ports(), left: 1 + random.IntN(life), late: random.IntN(2) == 0}).ports()
		walker := reconcile.New(ports, nil)
		_, err := walker.Find(t.Context(), w.scope(), reconcile.Reuse)
		if err == nil {
			done, err = walker.Send(t.Context(), w.scope())
		}
		if err == nil {
			break
		}
		if !errors.Is(err, errDead) {
			t.Fatal(err)
		}
		if deaths++; deaths > 100*n {
			t.Fatal("it never ends")
		}
	}
	w.judge(lost, done, deaths, time.Since(began))
	return w
}

func (w *world) judge(lost map[string]bool, done reconcile.Walk, deaths int, took time.Duration) {
	w.t.Helper()
	sent, times := w.peek()
	expect(w.t, "found", done.Counts.Found, len(lost))
	expect(w.t, "messages and settled", done.Messages+done.Settled, len(lost))
	expect(w.t, "listed", done.Counts.Listed, len(w.users))
	expect(w.t, "known", done.Counts.Known, len(w.users)-len(lost))
	for sub, n := range times {
		if !lost[sub] {
			w.t.Errorf("%s was not lost, and is sent", sub)
		}
		if n > 3+deaths {
			w.t.Errorf("%s is sent %d times", sub, n)
		}
	}
	expect(w.t, "users on the queue", len(times), len(lost))
	calls := w.cloud.Calls()["cognito-idp.ListUsers"]
	if perSecond := float64(calls) / max(took.Seconds(), 1); perSecond > reconcile.MaxReads {
		w.t.Errorf("%d calls in %v", calls, took)
	}
	w.t.Logf("%d users, %d lost, %d messages; %d calls of ListUsers in %v of virtual time; killed %d times", len(w.users), len(lost), len(sent), calls, took.Round(time.Second), deaths)
}
