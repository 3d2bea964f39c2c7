package dynamo_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/dynamo"
)

// openEffect is a run that is done, but for an effect that nobody knows.
func openEffect() worker.Run {
	r := claimed()
	r.State, r.Owner, r.Domain, r.Pipeline = worker.Done, "", "0a1b2c3d", "9f86d081884c7d65"
	r.Steps = map[string]worker.StepRecord{"mail": {State: worker.StepUnknown, Code: "interrupted", Attempts: 2}}
	return r
}

// entry is what the index has of a stored run.
func entry(i map[string]any) map[string]any {
	projected := map[string]any{}
	for _, name := range []string{"person", "generation", "unfinished", "state", "first_seen", "trouble"} {
		if i[name] != nil {
			projected[name] = i[name]
		}
	}
	return projected
}

func TestARunWithAnOpenEffectStandsInTheIndex(t *testing.T) {
	if i := stored(t, openEffect()); i["unfinished"] == nil || i["trouble"] == nil {
		t.Errorf("stored: %v", entry(i))
	}
	for _, state := range []worker.RunState{worker.Open, worker.Done, worker.Gone} {
		r := claimed()
		r.State = state
		if i := stored(t, r); i["trouble"] != nil {
			t.Errorf("%s without trouble: %v", state, i["trouble"])
		}
	}
}

func TestTroubleThatIsNotAsItWasWrittenIsDamage(t *testing.T) {
	for how, i := range changes(stored(t, openEffect())) {
		t.Run(how, func(t *testing.T) {
			l, _ := ledger(t, holds(i))
			if _, ok, err := l.Find(t.Context(), person()); ok || !errors.Is(err, worker.ErrDamaged) {
				t.Errorf("found %v, %v", ok, err)
			}
		})
	}
	lost := stored(t, openEffect())
	delete(lost, "unfinished")
	strange := stored(t, claimed())
	delete(strange, "unfinished")
	ended := claimed()
	ended.State = worker.Done
	extra := stored(t, ended)
	extra["unfinished"] = map[string]any{"S": ended.Key}
	for name, i := range map[string]any{"lost": lost, "strange": strange, "extra": extra} {
		l, _ := ledger(t, people(i))
		if n, err := l.Verify(t.Context()); n != 0 || !errors.Is(err, worker.ErrDamaged) {
			t.Errorf("%s to the index: verify gives %d, %v", name, n, err)
		}
	}
}

func TestGroupsReadTheIndexOnly(t *testing.T) {
	plain, mail := claimed(), openEffect()
	items := []any{entry(stored(t, plain)), entry(stored(t, mail))}
	for _, f := range []worker.Filter{{}, {Troubled: true}, {State: worker.Done}, {Cause: worker.Cause{Class: worker.ClassUnknown}}, {Pool: mail.Pool, Source: mail.Source, Client: mail.Client,
		Domain: mail.Domain, Pipeline: "9f", Attempts: 2, Generation: mail.Generation, Since: start(), Until: start().Add(lease)}} {
		l, s := ledger(t, people(items...))
		got, err := l.Groups(t.Context(), f, worker.Trend{})
		want := []worker.Group{{State: worker.Done, Cause: worker.Cause{Step: "mail", Class: worker.ClassUnknown, Code: "interrupted"}, Runs: 1,
			First: start(), Last: start(), Trend: []int{}, Example: mail.Key}}
		if diff := cmp.Diff(want, got); diff != "" || err != nil || s.operations() != "Scan" || s.calls[0].body["IndexName"] != "unfinished" {
			t.Errorf("%+v: %v after %s (-want +got):\n%s", f, err, s.operations(), diff)
		}
	}
	for _, f := range []worker.Filter{{State: worker.Open}, {Cause: worker.Cause{Step: "crm"}}, {Pool: "x"}, {Source: "x"}, {Client: "x"}, {Domain: "x"}, {Pipeline: "x"}, {Attempts: 3},
		{Generation: "x"}, {Since: start().Add(lease)}, {Until: start()}} {
		l, _ := ledger(t, people(items...))
		if got, err := l.Groups(t.Context(), f, worker.Trend{}); len(got) > 0 || err != nil {
			t.Errorf("%+v: got %v, %v", f, got, err)
		}
	}
}

func TestAListOfTroubleReadsWhatTheIndexNames(t *testing.T) {
	mail := stored(t, openEffect())
	l, s := ledger(t, people(entry(stored(t, claimed())), entry(mail)), holds(mail))
	got, err := l.List(t.Context(), worker.Filter{Troubled: true})
	if err != nil || len(got) != 1 || got[0].Key != openEffect().Key || s.operations() != "Scan GetItem" {
		t.Errorf("got %d runs, %v after %s", len(got), err, s.operations())
	}
	l, _ = ledger(t, people(entry(mail)))
	o, err := l.Overview(t.Context())
	if diff := cmp.Diff(map[worker.RunState]int{worker.Open: 0, worker.Parked: 0}, o.States); diff != "" || err != nil {
		t.Errorf("overview: %v (-want +got):\n%s", err, diff)
	}
}

func paperItem(t *testing.T, p worker.Paper, token string) map[string]any {
	t.Helper()
	s := &script{t: t, answers: []answer{says(200, healthy), says(200, `{}`)}}
	l, err := dynamo.Open(t.Context(), client(s), "ledger", &dynamo.Options{Token: func() string { return token }})
	if err == nil {
		_, err = l.PutPaper(t.Context(), p)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s.calls[1].body["Item"].(map[string]any)
}

func TestAPaperWhoseAnswerGotLost(t *testing.T) {
	p := worker.Paper{Drawer: "plans", Name: "p-1", Version: 4, Body: []byte("x")}
	older := p
	older.Version = 3
	spoiled := paperItem(t, p, "theirs")
	spoiled["version"] = map[string]any{"N": "9"}
	for _, c := range []struct {
		name    string
		answers []answer
		want    error
		known   bool // the error says what became of it
	}{
		{"was ours", []answer{resets, holds(paperItem(t, p, "ours-1"))}, nil, true},
		{"came too late", []answer{resets, holds(paperItem(t, p, "theirs"))}, worker.ErrPaperMoved, true},
		{"was dropped meanwhile", []answer{resets, holds(nil)}, worker.ErrPaperMoved, true},
		{"may still be on its way", []answer{resets, holds(paperItem(t, older, "theirs"))}, nil, false},
		{"and nobody can tell", []answer{resets, resets}, nil, false},
		{"was sent twice by somebody between", []answer{refuses(nil), holds(paperItem(t, p, "ours-1"))}, nil, true},
		{"was refused", []answer{refuses(nil), holds(paperItem(t, p, "theirs"))}, worker.ErrPaperMoved, true},
		{"was refused over damage", []answer{refuses(nil), holds(spoiled)}, worker.ErrPaperMoved, true},
		{"never left", []answer{awsError("ThrottlingException")}, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, s := ledger(t, c.answers...)
			version, err := l.PutPaper(t.Context(), p)
			switch {
			case c.known && !errors.Is(err, c.want), c.known && err == nil && version != 5, !c.known && (err == nil || errors.Is(err, worker.ErrPaperMoved)):
				t.Errorf("got version %d, %v after %s", version, err, s.operations())
			}
		})
	}
}

func TestADamagedPaperIsSaid(t *testing.T) {
	p := worker.Paper{Drawer: "plans", Name: "p-1", Body: []byte("x")}
	sound := worker.Paper{Drawer: "plans", Name: "p-2", Body: []byte("y")}
	for how, i := range changes(paperItem(t, p, "theirs")) {
		t.Run(how, func(t *testing.T) {
			l, _ := ledger(t, holds(i), people(i, paperItem(t, sound, "theirs")), people(i))
			if _, ok, err := l.Paper(t.Context(), "plans", "p-1"); ok || !errors.Is(err, worker.ErrDamaged) {
				t.Errorf("paper: found %v, %v", ok, err)
			}
			if all, err := l.Papers(t.Context(), "plans", "", 0); len(all) != 1 || !errors.Is(err, worker.ErrDamaged) {
				t.Errorf("papers: %d, %v", len(all), err)
			}
			if _, err := l.Verify(t.Context()); !errors.Is(err, worker.ErrDamaged) {
				t.Errorf("verify: %v", err)
			}
		})
	}
}
