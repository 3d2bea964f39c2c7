package worker_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
)

// pin makes a user whose message wants the pipeline file with that hash, and gives the sub.
func (w *world) pin(email, hash string) string {
	w.t.Helper()
	sub := w.person(email)
	m := w.message(sub)
	m.Pipeline = hash
	w.send(string(m.Encode()))
	return sub
}

// keeps lets the world's worker find these pipeline files.
func (w *world) keeps(files ...*enrich.Pipeline) {
	w.options.Pipelines = func(_ context.Context, hash string) (*enrich.Pipeline, error) {
		for _, p := range files {
			if p.Hash == hash {
				return p, nil
			}
		}
		return nil, worker.ErrNoPipeline
	}
}

// file is the pipeline of most tests with another hash and another vendor.
func file(t *testing.T, hash string, v *vendor) *enrich.Pipeline {
	p := company(t, v)
	p.Hash = hash
	return p
}

func TestAMessageThatWantsAnotherPipelineFile(t *testing.T) {
	in(t, "is worked on with that one, and the others with the worker's own", func(t *testing.T, on face) {
		now, then := answers(enrich.Result{"name": "Now"}), answers(enrich.Result{"name": "Then"})
		w := newWorld(t, on, company(t, now))
		w.keeps(file(t, "then", then))
		old, own, fresh := w.pin("ada@acme.example", "then"), w.pin("bob@acme.example", "hash"), w.confirm("cyd@acme.example")
		w.work(time.Minute)
		if now.count() != 2 || then.count() != 1 {
			t.Errorf("now was called %d times and then %d times, want 2 and 1", now.count(), then.count())
		}
		for sub, want := range map[string]string{old: "Then", own: "Now", fresh: "Now"} {
			if got := w.attributes(sub)["custom:company"]; got != want {
				t.Errorf("%s was written, want %s", got, want)
			}
		}
		if got := w.run(old).Pipeline; got != "then" {
			t.Errorf("the run says that %q worked on it last", got)
		}
	})
	in(t, "keeps it over its retries", func(t *testing.T, on face) {
		then := failsFirst(enrich.Read, acme, same(errDown, 3)...)
		w := newWorld(t, on, company(t, answers(nil)))
		w.keeps(file(t, "then", then))
		sub := w.pin("ada@acme.example", "then")
		w.work(10 * time.Minute)
		if r := w.run(sub); r.State != worker.Done || then.count() != 4 {
			t.Errorf("%s after %d calls", r.State, then.count())
		}
	})
	in(t, "has more of them than are kept ready", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, answers(acme)))
		var files []*enrich.Pipeline
		var subs []string
		for i := range 20 {
			hash := fmt.Sprintf("file%02d", i)
			files = append(files, file(t, hash, answers(enrich.Result{"name": hash})))
			subs = append(subs, w.pin(fmt.Sprintf("user%d@acme.example", i), hash))
		}
		w.keeps(files...)
		w.work(2 * time.Minute)
		for i, sub := range subs {
			if got := w.attributes(sub)["custom:company"]; got != files[i].Hash {
				t.Errorf("%q was written, want %s", got, files[i].Hash)
			}
		}
	})
	in(t, "waits while it can't be asked for, uncharged, and goes on when it can", func(t *testing.T, on face) {
		then := answers(acme)
		w := newWorld(t, on, company(t, answers(acme)))
		from := time.Now().Add(3 * time.Hour)
		w.options.Pipelines = func(context.Context, string) (*enrich.Pipeline, error) {
			if time.Now().Before(from) {
				return nil, errors.New("the ledger is away")
			}
			return file(t, "then", then), nil
		}
		sub := w.pin("ada@acme.example", "then")
		w.work(4 * time.Hour)
		if r := w.run(sub); r.State != worker.Done || r.Crashes != 0 || then.count() != 1 {
			t.Errorf("%s, %d crashes, %d calls", r.State, r.Crashes, then.count())
		}
	})
	in(t, "that nobody keeps is parked after an hour, with nothing done by another file", func(t *testing.T, on face) {
		own := answers(acme)
		w := newWorld(t, on, company(t, own))
		sub := w.pin("ada@acme.example", "lost")
		w.work(50 * time.Minute)
		if n := len(w.ledger.Runs()); n != 0 || len(w.letters()) != 0 {
			t.Fatalf("%d runs before the hour is over", n)
		}
		w.work(20 * time.Minute)
		r := w.run(sub)
		if r.State != worker.Parked || r.Reason != "pipeline_unavailable" || r.Pipeline != "" || own.count() != 0 {
			t.Errorf("%s %q, pipeline %q, %d calls", r.State, r.Reason, r.Pipeline, own.count())
		}
		if l := w.letters(); len(l) != 1 || reason(l[0]) != "pipeline_unavailable" || w.left() != "0+0" {
			t.Errorf("%d letters, %s left", len(l), w.left())
		}
	})
}
