package journal_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/journal"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

// noted knows nobody, and notes who was looked for.
type noted struct{ subs *[]string }

func (n noted) Find(_ context.Context, id worker.Identity) (worker.Run, bool, error) {
	*n.subs = append(*n.subs, id.Sub)
	return worker.Run{}, false, nil
}

// people are the users of the pool: names by sub.
type people struct {
	names map[string]string
	calls int
	fail  func(call int) error
}

func (p *people) Username(_ context.Context, _, sub string) (name string, ok bool, err error) {
	p.calls++
	if p.fail != nil {
		if err := p.fail(p.calls); err != nil {
			return "", false, err
		}
	}
	name, ok = p.names[sub]
	return name, ok, nil
}

// outbox is the worker's queue.
type outbox struct {
	sent   []event.Message
	onSend func()
}

func (o *outbox) Send(_ context.Context, bodies [][]byte) (unsent []int, err error) {
	for _, b := range bodies {
		m, err := event.Decode(b)
		if err != nil {
			return nil, err
		}
		o.sent = append(o.sent, m)
	}
	if o.onSend != nil {
		o.onSend()
	}
	return nil, nil
}

func (o *outbox) subs() (all []string) {
	for _, m := range o.sent {
		all = append(all, m.Sub)
	}
	return all
}

type world struct {
	*journal.Importer
	ledger *fake.Ledger
	people *people
	out    *outbox
}

// newWorld is a pool with the users a to z, an hour after they were confirmed.
func newWorld(known ...string) world {
	l, p, o := &fake.Ledger{}, &people{names: map[string]string{}}, &outbox{}
	for c := 'a'; c <= 'z'; c++ {
		p.names[string(c)] = "name of " + string(c)
	}
	for i, sub := range known {
		id := worker.Identity{Pool: pool, Sub: sub, Generation: "0"}
		states := []worker.RunState{worker.Done, worker.Parked, worker.Open, worker.Gone, worker.Replaced}
		l.Put(worker.Run{Identity: id, Key: id.Key(), State: states[i%len(states)], FirstSeen: confirmedAt, Updated: confirmedAt})
	}
	return world{&journal.Importer{Ledger: l.Records(), Names: p, Sender: o, Pools: []string{pool},
		Now: func() time.Time { return confirmedAt.Add(time.Hour) }}, l, p, o}
}

func TestAnImport(t *testing.T) {
	play := func(name string, f func(*testing.T)) { t.Run(name, func(t *testing.T) { synctest.Test(t, f) }) }
	play("sends whom the ledger does not know, under the name that the pool has", func(t *testing.T) {
		w := newWorld("b", "c", "d", "e", "f")
		log := triggered(t, "a", "b", "c", "d", "e", "f", "g", "a")
		r, err := w.Send(t.Context(), strings.NewReader(log))
		if err != nil || r.Records != 8 || r.Known != 5 || r.Missing != 2 || r.Duplicates != 1 || r.Sent != 2 || r.Lines != 16 {
			t.Errorf("%+v, %v", r, err)
		}
		want := []event.Message{
			{Pool: pool, Region: "eu-west-1", User: "name of a", Sub: "a", Generation: "0", Source: "signup", Client: "web", At: confirmedAt},
			{Pool: pool, Region: "eu-west-1", User: "name of g", Sub: "g", Generation: "0", Source: "signup", Client: "web", At: confirmedAt}}
		if diff := cmp.Diff(want, w.out.sent); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
	})
	play("only looks, and asks the pool nothing", func(t *testing.T) {
		w := newWorld("b")
		if r, err := w.Look(t.Context(), strings.NewReader(triggered(t, "a", "b"))); err != nil || r.Missing != 1 || r.Sent != 0 || w.people.calls != 0 || len(w.out.sent) != 0 {
			t.Errorf("%+v, %v", r, err)
		}
	})
	play("leaves who is gone", func(t *testing.T) {
		w := newWorld()
		if r, err := w.Send(t.Context(), strings.NewReader(triggered(t, "nobody", "a"))); err != nil || r.Gone != 1 || r.Sent != 1 {
			t.Errorf("%+v, %v", r, err)
		}
	})
	play("leaves who is too young to be missed, and who is not of the span", func(t *testing.T) {
		w := newWorld()
		w.Now = func() time.Time { return confirmedAt.Add(journal.DefaultSettle - time.Second) }
		if r, err := w.Send(t.Context(), strings.NewReader(triggered(t, "a"))); err != nil || r.Young != 1 || r.Sent != 0 {
			t.Errorf("%+v, %v", r, err)
		}
		w.Settle = time.Minute
		w.Since, w.Until = confirmedAt.Add(time.Second), time.Time{}
		if r, err := w.Send(t.Context(), strings.NewReader(triggered(t, "a"))); err != nil || r.Outside != 1 || r.Sent != 0 {
			t.Errorf("%+v, %v", r, err)
		}
		w.Since, w.Until = time.Time{}, confirmedAt
		if r, err := w.Send(t.Context(), strings.NewReader(triggered(t, "a"))); err != nil || r.Outside != 1 || r.Sent != 0 {
			t.Errorf("%+v, %v", r, err)
		}
		w.Since, w.Until = confirmedAt, confirmedAt.Add(time.Nanosecond)
		if r, err := w.Send(t.Context(), strings.NewReader(triggered(t, "a"))); err != nil || r.Sent != 1 {
			t.Errorf("%+v, %v", r, err)
		}
	})
	play("leaves whose run is damaged", func(t *testing.T) {
		w := newWorld()
		w.Ledger = damaged{}
		if r, err := w.Send(t.Context(), strings.NewReader(triggered(t, "a"))); err != nil || r.Damaged != 1 || r.Sent != 0 {
			t.Errorf("%+v, %v", r, err)
		}
	})
	play("ends while the ledger is away", func(t *testing.T) {
		w, down := newWorld(), errors.New("down")
		w.ledger.Down(down)
		if r, err := w.Send(t.Context(), strings.NewReader(triggered(t, "a"))); !errors.Is(err, down) || r.Sent != 0 {
			t.Errorf("%+v, %v", r, err)
		}
	})
	play("asks the pool again, and ends when it goes on failing", func(t *testing.T) {
		w, busy := newWorld(), errors.New("throttled")
		w.people.fail = func(call int) error {
			if call < 3 {
				return busy
			}
			return nil
		}
		if r, err := w.Send(t.Context(), strings.NewReader(triggered(t, "a"))); err != nil || r.Sent != 1 {
			t.Errorf("%+v, %v", r, err)
		}
		w.people.fail = func(int) error { return busy }
		if r, err := w.Send(t.Context(), strings.NewReader(triggered(t, "b"))); !errors.Is(err, busy) || r.Sent != 0 {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// damaged is a ledger that can't read anybody's run.
type damaged struct{}

func (damaged) Find(context.Context, worker.Identity) (worker.Run, bool, error) {
	return worker.Run{}, false, worker.ErrDamaged
}

func TestC7_147_AUserAThousandTimesIsSentOnce(t *testing.T) {
	w := newWorld()
	r, err := w.Send(t.Context(), strings.NewReader(strings.Repeat(recordOf(t, "a")+"\n", 1000)))
	if err != nil || len(w.out.sent) != 1 || r.Duplicates != 999 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestC7_148_RecordsOfAnotherPool(t *testing.T) {
	w := newWorld()
	w.Pools = []string{"eu-west-1_Other"}
	log := triggered(t, "a", "b")
	if r, err := w.Look(t.Context(), strings.NewReader(log)); !errors.Is(err, journal.ErrForeign) || r.Foreign != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := w.Send(t.Context(), strings.NewReader(log)); err != nil || len(w.out.sent) > 0 {
		t.Errorf("%+v, %v", r, err)
	}
	w.AllowForeign = true
	if r, err := w.Look(t.Context(), strings.NewReader(log)); err != nil || r.Missing != 2 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestC7_152_TheRateStaysInsideTheQuotaOfListUsers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for perSecond, want := range map[float64]time.Duration{0: 10 * time.Second, 1: 100 * time.Second, 20: 5 * time.Second, 1e9: 5 * time.Second} {
			w := newWorld()
			var log []string
			for i := range 100 {
				w.people.names[strconv.Itoa(i)] = "x"
				log = append(log, recordOf(t, strconv.Itoa(i)))
			}
			w.Rate = perSecond
			began := time.Now()
			if r, err := w.Send(t.Context(), strings.NewReader(strings.Join(log, "\n"))); err != nil || r.Sent != 100 {
				t.Fatalf("%+v, %v", r, err)
			}
			if took := time.Since(began); took < want-time.Second || took > want+2*time.Second {
				t.Errorf("at %v it took %v, want %v", perSecond, took, want)
			}
		}
	})
}

func TestC7_153_AnImportThatIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		var log, want []string
		for i := range 95 {
			sub := strconv.Itoa(i)
			w.people.names[sub] = "name"
			log, want = append(log, recordOf(t, sub)), append(want, sub)
		}
		for range 20 {
			ctx, cancel := context.WithCancel(t.Context())
			w.out.onSend = cancel
			_, err := w.Send(ctx, strings.NewReader(strings.Join(log, "\n")))
			cancel()
			for _, sub := range w.out.subs() { // the worker does its work meanwhile
				id := worker.Identity{Pool: pool, Sub: sub, Generation: "0"}
				w.ledger.Put(worker.Run{Identity: id, Key: id.Key(), State: worker.Done})
			}
			if err == nil {
				break
			}
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		}
		got := w.out.subs()
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
