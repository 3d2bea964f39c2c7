package mailevents_test

import (
	"bytes"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/postconfirm/postconfirm/enrich/connect/ses/mailtag"
	"github.com/postconfirm/postconfirm/enrich/connect/ses/pretend"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/mailevents"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// desk is a collector on a ledger in memory.
type desk struct {
	*mailevents.Collector
	t      *testing.T
	ledger *fake.Ledger
	log    bytes.Buffer

	mu      sync.Mutex
	counted []string
}

func (d *desk) MailEvent(kind, outcome string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.counted = append(d.counted, kind+" "+outcome)
}

func newDesk(t *testing.T) *desk {
	d := &desk{t: t, ledger: &fake.Ledger{}}
	d.Collector = mailevents.New(d.ledger.Records(), &mailevents.Options{Observer: d, Now: func() time.Time { return start().Add(time.Minute) },
		Log: slog.New(slog.NewJSONHandler(&d.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	return d
}

// has puts the person's run into the ledger, with the step as it stands.
func (d *desk) has(state worker.RunState, s worker.StepRecord) worker.Run {
	id := person()
	r := worker.Run{Identity: id, Key: id.Key(), State: state, Fence: 3, FirstSeen: start(), Updated: start(), Steps: map[string]worker.StepRecord{"welcome": s}}
	if s.State == worker.StepUnknown {
		r.Flags = []string{"step welcome: unknown"}
	}
	d.ledger.Put(r)
	return r
}

func (d *desk) run() worker.Run {
	d.t.Helper()
	r, ok := d.ledger.Run(person().Key())
	if !ok {
		d.t.Fatal("there is no run")
	}
	return r
}

// tell hands over an event, and gives what was counted and the verdict.
func (d *desk) tell(body []byte) (string, worker.Verdict) {
	d.t.Helper()
	v := d.Handle(d.t.Context(), worker.Delivery{ID: "m1", Receipt: "r1", Body: body, Sent: start().Add(time.Minute), Receives: 1})
	d.mu.Lock()
	defer d.mu.Unlock()
	if strings.Contains(d.log.String(), "canary") {
		d.t.Errorf("the log shows somebody: %s", &d.log)
	}
	return d.counted[len(d.counted)-1], v
}

// unknown is the step of a run whose answer was lost.
func unknown() worker.StepRecord {
	return worker.StepRecord{State: worker.StepUnknown, Code: "reset", At: start(), First: start()}
}

// settled is the step as an event leaves it.
func settled(code string, state worker.StepState) worker.StepRecord {
	s := worker.StepRecord{State: state, Code: code, At: start().Add(time.Minute), Settled: true}
	if state == worker.StepDone {
		s.Outcome, s.First = worker.OutcomeFound, start()
	}
	return s
}

func TestAnEventSettlesAnOpenEffect(t *testing.T) {
	for _, state := range []worker.RunState{worker.Done, worker.Parked, worker.Gone, worker.Replaced} {
		for eventType, c := range map[string]struct {
			want    worker.StepRecord
			flags   []string
			counted string
		}{
			"Send":              {settled("ses_send", worker.StepDone), nil, "send done"},
			"DeliveryDelay":     {settled("ses_delivery_delay", worker.StepDone), nil, "delivery_delay done"},
			"Delivery":          {settled("ses_delivery", worker.StepDone), nil, "delivery done"},
			"Bounce":            {settled("ses_bounce", worker.StepDone), nil, "bounce done"},
			"Complaint":         {settled("ses_complaint", worker.StepDone), nil, "complaint done"},
			"Reject":            {settled("ses_reject", worker.StepFailed), []string{"step welcome: ses_reject"}, "reject failed"},
			"Rendering Failure": {settled("ses_rendering_failure", worker.StepFailed), []string{"step welcome: ses_rendering_failure"}, "rendering_failure failed"},
		} {
			t.Run(string(state)+" "+eventType, func(t *testing.T) {
				d := newDesk(t)
				want := d.has(state, unknown())
				want.Fence, want.Flags, want.Steps = want.Fence+1, c.flags, map[string]worker.StepRecord{"welcome": c.want}
				for _, expected := range []string{c.counted, strings.Fields(c.counted)[0] + " known"} {
					counted, v := d.tell(mail().Event(eventType, start()))
					if counted != expected || !v.Delete || v.Run != want.Key {
						t.Errorf("%s, %+v, want %s", counted, v, expected)
					}
					got := d.run()
					if len(got.Flags) == 0 {
						got.Flags = nil
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("run (-want +got):\n%s", diff)
					}
				}
			})
		}
	}
}

func TestEventsInAnyOrderEndTheSame(t *testing.T) {
	for name, c := range map[string]struct {
		told []string
		want worker.StepState
	}{
		"sent and delivered":                 {[]string{"Send", "DeliveryDelay", "Delivery", "Complaint"}, worker.StepDone},
		"sent and bounced":                   {[]string{"Send", "Bounce"}, worker.StepDone},
		"taken, then found to have a virus":  {[]string{"Send", "Reject"}, worker.StepFailed},
		"taken, then not filled in":          {[]string{"Send", "DeliveryDelay", "Rendering Failure"}, worker.StepFailed},
		"what can't be: refused, and came":   {[]string{"Send", "Reject", "Delivery"}, worker.StepDone},
		"what can't be: no words, and a bin": {[]string{"Rendering Failure", "Complaint"}, worker.StepDone},
	} {
		for _, from := range []worker.StepRecord{unknown(), {State: worker.StepIntent, At: start(), First: start()}} {
			permutations(c.told, func(told []string) {
				d := newDesk(t)
				d.has(worker.Parked, from)
				for _, eventType := range append(told, told...) {
					if _, v := d.tell(mail().Event(eventType, start())); !v.Delete {
						t.Errorf("%s: %s comes back", name, eventType)
					}
				}
				r := d.run()
				if got := r.Steps["welcome"].State; got != c.want || (len(r.Flags) > 0) != (c.want == worker.StepFailed) {
					t.Errorf("%s, %v: %s, flags %v", name, told, got, r.Flags)
				}
			})
		}
	}
}

func permutations(all []string, f func([]string)) {
	var rest func(k int, now []string)
	rest = func(k int, now []string) {
		if k == len(now) {
			f(slices.Clone(now))
			return
		}
		for i := k; i < len(now); i++ {
			now[k], now[i] = now[i], now[k]
			rest(k+1, now)
			now[k], now[i] = now[i], now[k]
		}
	}
	rest(0, slices.Clone(all))
}

func TestWhatIsKnownStays(t *testing.T) {
	answered := worker.StepRecord{State: worker.StepDone, Outcome: worker.OutcomeFound, At: start(), First: start(), Output: []byte(`{"message_id":"1"}`)}
	operator := worker.StepRecord{State: worker.StepFailed, Code: "operator", At: start(), Settled: true}
	for name, c := range map[string]struct {
		run   worker.RunState
		from  worker.StepRecord
		body  []byte
		want  string
		moved bool // the run is written
	}{
		"a mail whose answer came":                      {worker.Done, answered, mail().Event("Delivery", start()), "delivery known", false},
		"the same while the run is open":                {worker.Open, answered, mail().Event("Send", start()), "send known", false},
		"a mail that was taken, and refused later":      {worker.Done, answered, mail().Event("Rendering Failure", start()), "rendering_failure failed", true},
		"what an operator found out":                    {worker.Done, operator, mail().Event("Delivery", start()), "delivery known", false},
		"a step that failed before it was sent":         {worker.Parked, worker.StepRecord{State: worker.StepFailed, Code: "bad_recipient", At: start()}, mail().Event("Send", start()), "send known", false},
		"a step that was skipped":                       {worker.Done, worker.StepRecord{State: worker.StepSkipped}, mail().Event("Send", start()), "send known", false},
		"a step that waits for the replay":              {worker.Parked, worker.StepRecord{Code: "timeout"}, mail().Event("Send", start()), "send known", false},
		"a mail of an earlier try":                      {worker.Done, unknown(), mail().Event("Reject", start().Add(-6*time.Minute)), "reject stale", false},
		"a mail from a clock that is a little slow":     {worker.Done, unknown(), mail().Event("Send", start().Add(-4*time.Minute)), "send done", true},
		"a step that the run does not have":             {worker.Done, unknown(), without(mailtag.Effect, person().Key()+"-other"), "send unknown_run", false},
		"what is about nobody's mail":                   {worker.Done, unknown(), without(mailtag.Sub, ""), "send foreign", false},
		"what nobody can read":                          {worker.Done, unknown(), []byte("canary@example.com"), "other unreadable", false},
		"an intent of a run whose worker parked it":     {worker.Parked, worker.StepRecord{State: worker.StepIntent, At: start()}, mail().Event("Send", start()), "send done", true},
		"a mail that an operator's run tried meanwhile": {worker.Done, worker.StepRecord{State: worker.StepUnknown, At: start().Add(time.Hour), First: start().Add(time.Hour)}, mail().Event("Send", start()), "send stale", false},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			before := d.has(c.run, c.from)
			counted, v := d.tell(c.body)
			if counted != c.want || !v.Delete || v.Reason != strings.Fields(c.want)[1] {
				t.Errorf("%s, %+v, want %s", counted, v, c.want)
			}
			if after := d.run(); (after.Fence != before.Fence) != c.moved || !c.moved && !cmp.Equal(before, after) {
				t.Errorf("the run is %+v, was %+v", after, before)
			}
		})
	}
}

func TestAnEventOfAnOpenRunComesBack(t *testing.T) {
	for name, s := range map[string]worker.StepRecord{"a worker is sending": {State: worker.StepIntent, At: start(), First: start()},
		"the run goes on after a lost answer": unknown(), "the step was not stored yet": {}} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			before := d.has(worker.Open, s)
			counted, v := d.tell(mail().Event("Send", start()))
			if counted != "send later" || v.Delete || v.Hide != 15*time.Second || !cmp.Equal(before, d.run()) {
				t.Errorf("%s, %+v, %+v", counted, v, d.run())
			}
			ended := before
			ended.State, ended.Steps = worker.Done, map[string]worker.StepRecord{"welcome": unknown()}
			d.ledger.Put(ended)
			if counted, v := d.tell(mail().Event("Send", start())); counted != "send done" || !v.Delete {
				t.Errorf("after the run's end: %s, %+v", counted, v)
			}
		})
	}
	t.Run("more and more seldom", func(t *testing.T) {
		d := newDesk(t)
		d.has(worker.Open, unknown())
		for receives, want := range map[int]time.Duration{0: 15 * time.Second, 1: 15 * time.Second, 2: 30 * time.Second, 6: 8 * time.Minute, 7: 15 * time.Minute, 1 << 40: 15 * time.Minute} {
			if v := d.Handle(t.Context(), worker.Delivery{Body: mail().Event("Send", start()), Receives: receives}); v.Hide != want || v.Delete {
				t.Errorf("after %d receives: %+v", receives, v)
			}
		}
	})
}

func TestAnEventWaitsForItsRun(t *testing.T) {
	d := newDesk(t)
	if counted, v := d.tell(mail().Event("Send", start())); counted != "send later" || v.Delete || v.Hide == 0 {
		t.Errorf("at once: %s, %+v", counted, v)
	}
	old := worker.Delivery{Body: mail().Event("Send", start()), Sent: start().Add(-time.Hour)}
	if v := d.Handle(t.Context(), old); !v.Delete || v.Reason != "unknown_run" {
		t.Errorf("after an hour: %+v", v)
	}
}

func TestALedgerInTroubleLosesNoEvent(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		trouble func(*fake.Ledger)
		counted []string // of the same event, handed over until it is deleted
		fence   int64
	}{
		"it can't be read":                        {func(l *fake.Ledger) { l.FailNext(fake.Read, broken) }, []string{"send error", "send done"}, 4},
		"it does not take the change":             {func(l *fake.Ledger) { l.FailNext(fake.Amend, broken) }, []string{"send error", "send done"}, 4},
		"it takes the change, the answer is lost": {func(l *fake.Ledger) { l.LoseNext(fake.Amend, broken) }, []string{"send error", "send known"}, 4},
		"somebody was faster":                     {func(l *fake.Ledger) { l.FailNext(fake.Amend, worker.ErrLeaseLost) }, []string{"send done"}, 4},
		"the run keeps moving": {func(l *fake.Ledger) {
			for range 3 {
				l.FailNext(fake.Amend, worker.ErrLeaseLost)
			}
		}, []string{"send later", "send done"}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.has(worker.Done, unknown())
			c.trouble(d.ledger)
			for i, want := range c.counted {
				counted, v := d.tell(mail().Event("Send", start()))
				if last := i == len(c.counted)-1; counted != want || v.Delete != last || (v.Hide > 0) == last {
					t.Errorf("%s, %+v, want %s", counted, v, want)
				}
			}
			if r := d.run(); r.Fence != c.fence || r.Steps["welcome"].State != worker.StepDone || len(r.Flags) > 0 {
				t.Errorf("the run is %+v", r)
			}
		})
	}
}

// TestOneEventAtManyCollectors: duplicates of all events of one mail, at the same moment.
func TestOneEventAtManyCollectors(t *testing.T) {
	d := newDesk(t)
	d.has(worker.Done, unknown())
	var all sync.WaitGroup
	for range 8 {
		for _, eventType := range []string{"Send", "Delivery", "Complaint"} {
			all.Go(func() {
				for range 20 {
					v := d.Handle(t.Context(), worker.Delivery{Body: mail().Event(eventType, start()), Sent: start()})
					if v.Delete {
						return
					}
				}
				t.Error("an event never went")
			})
		}
	}
	all.Wait()
	if r := d.run(); r.Fence != 4 || r.Steps["welcome"].State != worker.StepDone || len(r.Flags) > 0 {
		t.Errorf("the run is %+v", r)
	}
}

// panics is a ledger whose code is broken.
type panics struct{ mailevents.Ledger }

func TestAPanicKeepsTheEvent(t *testing.T) {
	var log bytes.Buffer
	c := mailevents.New(panics{}, &mailevents.Options{Log: slog.New(slog.NewJSONHandler(&log, nil))})
	v := c.Handle(t.Context(), worker.Delivery{ID: "m1", Body: pretend.Envelope(mail().Event("Send", start()))})
	if v.Delete || v.Hide == 0 || !strings.Contains(log.String(), "recovered a panic") {
		t.Errorf("%+v, %s", v, &log)
	}
}

func TestAnEffectThatWasDoneAnewIsToldFromTheOneBefore(t *testing.T) {
	d := newDesk(t)
	again := unknown()
	again.Again = 1
	r := d.has(worker.Done, again)
	before, now := mail(), mail()
	now.Tags = maps.Clone(now.Tags)
	now.Tags[mailtag.Effect] = r.Key + "-welcome-1"
	if counted, v := d.tell(before.Event("Send", start())); counted != "send "+string(mailevents.Stale) || !v.Delete {
		t.Errorf("the mail of before: %s, %+v", counted, v)
	}
	if counted, v := d.tell(now.Event("Send", start())); counted != "send done" || !v.Delete || d.run().Steps["welcome"].State != worker.StepDone {
		t.Errorf("the mail of now: %s, %+v", counted, d.run().Steps["welcome"])
	}
}
