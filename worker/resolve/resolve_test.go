package resolve_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/resolve"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

var (
	began = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	now   = began.Add(time.Hour)
	id    = worker.Identity{Pool: "eu-west-1_Ab12cd34E", Sub: "s", Generation: "0", Source: event.SourceSignup}
)

// uncertain is a run whose mail nobody knows of; crm failed, company is done.
func uncertain(state worker.RunState) worker.Run {
	return worker.Run{Identity: id, Key: id.Key(), State: state, Fence: 4, FirstSeen: began, Updated: began, Origin: worker.Origin{User: "ada"},
		Flags: []string{"step mail: unknown"}, Steps: map[string]worker.StepRecord{
			"mail":    {State: worker.StepUnknown, Code: "reset", At: began, First: began},
			"crm":     {State: worker.StepFailed, Code: "http_400", Attempts: 1},
			"company": {State: worker.StepDone, Outcome: worker.OutcomeFound}}}
}

// outbox is the worker's queue.
type outbox struct {
	mu     sync.Mutex
	sent   []event.Message
	refuse error
}

func (o *outbox) Send(_ context.Context, bodies [][]byte) (unsent []int, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.refuse != nil {
		return []int{0}, o.refuse
	}
	for _, b := range bodies {
		m, err := event.Decode(b)
		if err != nil {
			return nil, err
		}
		o.sent = append(o.sent, m)
	}
	return nil, nil
}

type world struct {
	*resolve.Resolver
	ledger *fake.Ledger
	out    *outbox
}

func newWorld(r worker.Run) world {
	l, o := &fake.Ledger{}, &outbox{}
	l.Put(r)
	return world{&resolve.Resolver{Ledger: l.Records(), Sender: o, Now: func() time.Time { return now }}, l, o}
}

// do is Look and Do.
func (w world) do(t *testing.T, q resolve.Question) (resolve.Answer, error) {
	t.Helper()
	a, err := w.Look(t.Context(), q)
	if err == nil {
		err = w.Do(t.Context(), a)
	}
	return a, err
}

func (w world) run(t *testing.T) worker.Run {
	t.Helper()
	r, ok := w.ledger.Run(id.Key())
	if !ok {
		t.Fatal("the run is gone")
	}
	return r
}

func say(w resolve.Word) resolve.Question {
	return resolve.Question{Key: id.Key(), Step: "mail", Word: w}
}

func TestAnOperatorsWord(t *testing.T) {
	t.Run("sent: the step is done, nothing is repeated", func(t *testing.T) {
		w := newWorld(uncertain(worker.Done))
		a, err := w.do(t, say(resolve.Sent))
		r := w.run(t)
		if err != nil || a.Was != worker.StepUnknown || a.Wakes || r.Steps["mail"].State != worker.StepDone || r.Steps["mail"].Code != resolve.CodeSent ||
			len(r.Flags) != 0 || len(r.OpenEffects()) != 0 || r.State != worker.Done || r.Reopens != 0 || r.Fence != 5 || len(w.out.sent) != 0 {
			t.Errorf("%+v, %v, %+v", a, err, r)
		}
	})
	t.Run("not sent: the step is failed and flagged, nothing is repeated", func(t *testing.T) {
		w := newWorld(uncertain(worker.Parked))
		_, err := w.do(t, say(resolve.NotSent))
		r := w.run(t)
		if err != nil || r.Steps["mail"].State != worker.StepFailed || r.State != worker.Parked || r.Reopens != 0 || len(w.out.sent) != 0 {
			t.Errorf("%v, %+v", err, r)
		}
		if diff := cmp.Diff([]string{"step mail: " + resolve.CodeNotSent}, r.Flags); diff != "" {
			t.Errorf("flags (-want +got):\n%s", diff)
		}
	})
	t.Run("of a run that is named by its person", func(t *testing.T) {
		w := newWorld(uncertain(worker.Done))
		if _, err := w.do(t, resolve.Question{ID: worker.Identity{Pool: id.Pool, Sub: id.Sub, Generation: "0"}, Step: "mail", Word: resolve.Sent}); err != nil {
			t.Error(err)
		}
	})
	t.Run("may be taken back by the other one, and not given twice", func(t *testing.T) {
		w := newWorld(uncertain(worker.Done))
		for i, word := range []resolve.Word{resolve.NotSent, resolve.Sent, resolve.NotSent} {
			if _, err := w.do(t, say(word)); err != nil {
				t.Fatal(i, err)
			}
			fence := w.run(t).Fence
			if _, err := w.do(t, say(word)); !errors.Is(err, worker.ErrNoOpenEffect) || w.run(t).Fence != fence {
				t.Errorf("a second time: %v", err)
			}
		}
		if r := w.run(t); len(r.Flags) != 1 || r.Steps["mail"].State != worker.StepFailed {
			t.Errorf("%+v", r)
		}
	})
	t.Run("resend: the run is reopened with the step to do anew, and the worker is told", func(t *testing.T) {
		w := newWorld(uncertain(worker.Done))
		a, err := w.do(t, say(resolve.Resend))
		r := w.run(t)
		if err != nil || !a.Wakes || r.State != worker.Open || r.Reopens != 1 || r.Plan != "resolve:mail" || r.Steps["mail"].State != worker.StepOpen ||
			r.Steps["mail"].Again != 1 || r.Steps["company"].State != worker.StepDone {
			t.Errorf("%+v, %v, %+v", a, err, r)
		}
		if diff := cmp.Diff([]string{"crm"}, a.Anew); diff != "" {
			t.Errorf("anew (-want +got):\n%s", diff)
		}
		if len(w.out.sent) != 1 || w.out.sent[0].Reopens != 1 || w.out.sent[0].User != "ada" {
			t.Errorf("sent %+v", w.out.sent)
		}
	})
}

func TestLookingChangesNothing(t *testing.T) {
	for _, word := range []resolve.Word{resolve.Sent, resolve.NotSent, resolve.Resend} {
		w := newWorld(uncertain(worker.Parked))
		before := w.run(t)
		a, err := w.Look(t.Context(), say(word))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, w.run(t)); diff != "" || len(w.out.sent) > 0 {
			t.Errorf("%s: changed:\n%s", word, diff)
		}
		if diff := cmp.Diff(before, a.Run); diff != "" {
			t.Errorf("%s: the run as it was found:\n%s", word, diff)
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	erased := uncertain(worker.Done)
	erased.Erased = now
	for name, tt := range map[string]struct {
		run  worker.Run
		q    resolve.Question
		want error
	}{
		"a run that the ledger does not know":            {uncertain(worker.Done), resolve.Question{Key: "../../etc/passwd", Step: "mail", Word: resolve.Sent}, resolve.ErrUnknownRun},
		"a person whom the ledger does not know":         {uncertain(worker.Done), resolve.Question{ID: worker.Identity{Pool: "p", Sub: "$(reboot)"}, Word: resolve.Sent}, resolve.ErrUnknownRun},
		"a step that is done":                            {uncertain(worker.Done), resolve.Question{Key: id.Key(), Step: "company", Word: resolve.NotSent}, worker.ErrNoOpenEffect},
		"a step that failed":                             {uncertain(worker.Parked), resolve.Question{Key: id.Key(), Step: "crm", Word: resolve.Sent}, worker.ErrNoOpenEffect},
		"a step that there is not":                       {uncertain(worker.Done), resolve.Question{Key: id.Key(), Step: "-rf", Word: resolve.Sent}, worker.ErrNoOpenEffect},
		"sending again what is known":                    {uncertain(worker.Done), resolve.Question{Key: id.Key(), Step: "company", Word: resolve.Resend}, worker.ErrNoOpenEffect},
		"sending again while the run is open":            {uncertain(worker.Open), say(resolve.Resend), resolve.ErrOpen},
		"sending again to a user who is gone":            {uncertain(worker.Gone), say(resolve.Resend), resolve.ErrGone},
		"sending again to a user who was replaced":       {uncertain(worker.Replaced), say(resolve.Resend), resolve.ErrGone},
		"sending again what is made of an erased answer": {erased, say(resolve.Resend), resolve.ErrErased},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(tt.run)
			before := w.run(t)
			if _, err := w.do(t, tt.q); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if diff := cmp.Diff(before, w.run(t)); diff != "" || len(w.out.sent) > 0 {
				t.Errorf("changed:\n%s", diff)
			}
		})
	}
}

func TestB6_96_TwoOperatorsAtOnce(t *testing.T) {
	for range 100 {
		w := newWorld(uncertain(worker.Parked))
		var wait sync.WaitGroup
		results := make([]error, 4)
		for i := range results {
			wait.Go(func() { _, results[i] = w.do(t, say(resolve.Resend)) })
		}
		wait.Wait()
		for _, err := range results {
			if err != nil && !errors.Is(err, resolve.ErrChanged) {
				t.Error(err)
			}
		}
		if r := w.run(t); r.Reopens != 1 || r.Steps["mail"].Again != 1 || len(w.out.sent) == 0 {
			t.Fatalf("%+v, %d messages", r, len(w.out.sent))
		}
	}
}

func TestARunThatChangedIsLeftAsItIs(t *testing.T) {
	for _, word := range []resolve.Word{resolve.Sent, resolve.NotSent, resolve.Resend} {
		w := newWorld(uncertain(worker.Done))
		a, err := w.Look(t.Context(), say(word))
		if err != nil {
			t.Fatal(err)
		}
		other := uncertain(worker.Done)
		other.Fence, other.Reopens = 9, 7
		w.ledger.Put(other)
		if err := w.Do(t.Context(), a); !errors.Is(err, resolve.ErrChanged) || w.run(t).Reopens != 7 || len(w.out.sent) > 0 {
			t.Errorf("%s: %v", word, err)
		}
		if _, err := w.do(t, say(word)); err != nil {
			t.Errorf("%s, again: %v", word, err)
		}
	}
}

func TestB6_97_KilledBetweenTheReopeningAndTheMessage(t *testing.T) {
	w := newWorld(uncertain(worker.Parked))
	w.out.refuse = errors.New("killed")
	if _, err := w.do(t, say(resolve.Resend)); !errors.Is(err, w.out.refuse) {
		t.Fatal(err)
	}
	reopened := w.run(t)
	w.out.refuse = nil
	a, err := w.do(t, say(resolve.Resend))
	if err != nil || !a.Again || len(w.out.sent) != 1 || w.out.sent[0].Reopens != 1 {
		t.Errorf("%+v, %v, %+v", a, err, w.out.sent)
	}
	if diff := cmp.Diff(reopened, w.run(t)); diff != "" {
		t.Errorf("it was reopened twice:\n%s", diff)
	}
}

func TestALedgerThatFails(t *testing.T) {
	w, down := newWorld(uncertain(worker.Done)), errors.New("down")
	a, err := w.Look(t.Context(), say(resolve.Resend))
	if err != nil {
		t.Fatal(err)
	}
	w.ledger.Down(down)
	if err := w.Do(t.Context(), a); !errors.Is(err, down) || len(w.out.sent) > 0 {
		t.Error(err)
	}
	if _, err := w.Look(t.Context(), say(resolve.Sent)); !errors.Is(err, down) {
		t.Error(err)
	}
}
