package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/audit"
	"github.com/postconfirm/postconfirm/worker/inspect"
	"github.com/postconfirm/postconfirm/worker/sqlite"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

// planted stands wherever a run or a letter has room for a personal value.
const planted = "ada.canary@example.com"

// plantedRun is a parked run full of personal values, with an open effect.
func plantedRun(n int) worker.Run {
	id := worker.Identity{Pool: "eu-west-1_Ab12cd34E", Sub: fmt.Sprintf("sub-%d", n), Generation: "0", Source: "signup", Client: "web"}
	at := time.Now().Add(-time.Hour)
	output, _ := json.Marshal(map[string]any{"name": planted, planted: planted, "list": []string{planted}})
	return worker.Run{Identity: id, Key: id.Key(), State: worker.Parked, Reason: "http_400", FirstSeen: at, Updated: at, LetterSent: true, Pipeline: "9f86d081",
		Domain: worker.DomainHash("example.com"), Origin: worker.Origin{User: planted, At: at, Metadata: map[string]string{"plan": planted, planted: planted}},
		Steps: map[string]worker.StepRecord{"company": {State: worker.StepDone, Outcome: "found", Output: output, At: at},
			"crm":  {State: worker.StepFailed, Code: "http_400", Kind: "permanent", Failures: []worker.Failure{{At: at, Code: "http_400", Kind: "permanent", Calls: 1}}},
			"mail": {State: worker.StepUnknown, Code: "reset", At: at}},
		Flags: []string{"step mail: unknown", strings.Repeat("a long flag, ", 40)}}
}

// plantedLetters are dead letters full of personal values.
type plantedLetters struct{}

func (plantedLetters) Each(_ context.Context, _ int, f func(worker.KeptLetter) error) error {
	m := event.Message{Pool: "eu-west-1_Ab12cd34E", Sub: "nobody", User: planted, Generation: "0", Metadata: map[string]string{"plan": planted}}
	known := m
	known.Sub = "sub-1"
	for _, body := range [][]byte{m.Encode(), known.Encode(), []byte(planted)} {
		if err := f(worker.KeptLetter{Letter: worker.Letter{Body: body}, ID: "m", Receipt: planted, Sent: time.Now()}); err != nil {
			return err
		}
	}
	return nil
}

func TestNoPersonalValueIsOnTheScreen(t *testing.T) {
	ledger := &fake.Ledger{}
	ledger.Put(plantedRun(1))
	i := &inspect.Inspector{Index: ledger.Records(), Letters: plantedLetters{}}
	log := &audit.Log{Papers: ledger.Records()}
	if _, err := log.Append(t.Context(), audit.Entry{Who: "ada", Action: "resolve", State: audit.Done}); err != nil {
		t.Fatal(err)
	}
	for name, show := range map[string]func(std streams, o lookOptions) error{
		"list": func(std streams, o lookOptions) error {
			return listOptions{lookOptions: o}.list(t.Context(), std, i, inspect.Query{})
		},
		"group": func(std streams, o lookOptions) error {
			return groupOptions{lookOptions: o, parts: 3, each: "1h"}.group(t.Context(), std, i, inspect.Query{}, worker.Trend{End: time.Now(), Each: time.Hour, Parts: 3})
		},
		"show": func(std streams, o lookOptions) error {
			return showOptions{lookOptions: o}.tell(t.Context(), std, i, plantedRun(1).Key, worker.Identity{}, nil)
		},
		"audit": func(std streams, o lookOptions) error {
			return auditOptions{operator: o.operator}.list(t.Context(), std, log)
		},
	} {
		for _, asJSON := range []bool{false, true} {
			var out, people bytes.Buffer
			if err := show(streams{&out, &people}, lookOptions{operator: operator{json: asJSON}, withDLQ: true}); err != nil {
				t.Fatal(name, err)
			}
			if text := out.String() + people.String(); strings.Contains(text, "canary") || len(text) < 20 {
				t.Errorf("%s, json %v: %s", name, asJSON, text)
			}
		}
	}
	var out bytes.Buffer
	if err := (showOptions{show: true}).tell(t.Context(), streams{&out, io.Discard}, i, plantedRun(1).Key, worker.Identity{}, nil); err != nil || strings.Count(out.String(), planted) < 3 {
		t.Errorf("with --show: %v\n%s", err, out.String())
	}
}

// ledgerOf makes a SQLite ledger with n parked runs, and gives what --ledger wants.
func ledgerOf(t *testing.T, n int, change func(*worker.Run)) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.db")
	l, err := sqlite.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			r := plantedRun(i)
			change(&r)
			claimed, err := l.Claim(t.Context(), r.Identity, "a", r.FirstSeen, r.FirstSeen.Add(time.Minute))
			if r.Fence = claimed.Fence; err == nil {
				err = l.Save(t.Context(), r)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	log := &audit.Log{Papers: l}
	for range 400 {
		if _, err := log.Append(t.Context(), audit.Entry{Who: "ada", Action: "resolve", State: audit.Done, Why: strings.Repeat("why ", 100)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return filePrefix + path
}

// ended runs a command line in this process.
func ended(ctx context.Context, args ...string) (code int, out, people string) {
	var o, p bytes.Buffer
	code = run(ctx, args, streams{&o, &p})
	return code, o.String(), p.String()
}

func TestC7_151IdsAreData(t *testing.T) {
	odd := []string{"../../etc/passwd", "$(touch pwned)", "; rm -rf /", "-rf", "--", "a'b\"c", "x\x1b[31m\u202e", "%s%n", "eu-west-1_../x", strings.Repeat("k", 70_000)}
	ledger := ledgerOf(t, 1, func(r *worker.Run) {
		r.Client, r.Source, r.Reason = odd[1], odd[6], odd[5]
		r.Steps["crm"] = worker.StepRecord{State: worker.StepFailed, Code: odd[5], Kind: "permanent"}
	})
	dir := t.TempDir()
	t.Chdir(dir)
	for _, id := range odd {
		for _, flag := range []string{"--step", "--code", "--pool", "--source", "--generation", "--client", "--pipeline-hash", "--after", "--domain"} {
			code, out, people := ended(t.Context(), "runs", "list", flag+"="+id, "--ledger", ledger)
			if code != exitDone || strings.ContainsAny(out+people, "\x1b\u202e") {
				t.Errorf("%s %q: %d %s%s", flag, id[:min(20, len(id))], code, out, people)
			}
		}
		if code, _, people := ended(t.Context(), "runs", "show", "--ledger", ledger, "--", id); code != exitUsage || strings.ContainsAny(people, "\x1b\u202e") {
			t.Errorf("show %q: %d %s", id[:min(20, len(id))], code, people)
		}
		if code, _, people := ended(t.Context(), "runs", "show", "--ledger", ledger, "--pool", "eu-west-1_A", "--sub="+id); code != exitFailed || strings.ContainsAny(people, "\x1b\u202e") {
			t.Errorf("show --sub %q: %d %s", id[:min(20, len(id))], code, people)
		}
		for _, flag := range []string{"--who", "--action", "--plan", "--run", "--after"} {
			if code, _, people := ended(t.Context(), "audit", "list", flag+"="+id, "--ledger", ledger); code != exitDone {
				t.Errorf("audit %s %q: %d %s", flag, id[:min(20, len(id))], code, people)
			}
		}
	}
	if code, out, people := ended(t.Context(), "runs", "group", "--ledger", ledger); code != exitDone || !strings.Contains(out, `--code 'a'\''b"c'`) {
		t.Errorf("%d %s%s", code, out, people)
	}
	if code, out, _ := ended(t.Context(), "runs", "show", "--ledger", ledger, plantedRun(0).Key); code != exitDone || strings.ContainsAny(out, "\x1b\u202e") {
		t.Errorf("%d %s", code, out)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("files were made: %v, %v", left, err)
	}
}

func TestC7_152WindowsOfRunsAndAudit(t *testing.T) {
	ledger := ledgerOf(t, 1, func(*worker.Run) {})
	for _, command := range [][]string{{"runs", "list"}, {"runs", "group"}, {"audit", "list"}} {
		for _, window := range [][]string{{"--since", "1h", "--until", "2h"}, {"--since", "2026-01-02T01:00:00+01:00", "--until", "2026-01-02T00:00:00Z"},
			{"--since", "noon"}, {"--until", "2026-01-02T00:00 CET"}, {"--since=-2h"}} {
			args := append(append([]string{}, command...), append(window, "--ledger", ledger)...)
			if code, out, people := ended(t.Context(), args...); code != exitUsage || out != "" || !strings.Contains(people, "UTC") {
				t.Errorf("%v: %d %s%s", args, code, out, people)
			}
		}
	}
	_, out, _ := ended(t.Context(), "runs", "list", "--ledger", ledger, "--since", "2026-01-02T02:00:00+02:00")
	if !strings.Contains(out, "1 row, first seen since 2026-01-02 00:00:00 UTC") {
		t.Error(out)
	}
	for _, flag := range [][]string{{"--parts", "201"}, {"--parts", "0"}, {"--each", "-1h"}, {"--each", "1e9h"}, {"--each", "40000d"}, {"--older", "x"}, {"--older", "2h", "--since", "1h"}, {"--dlq-limit", "1000000000"}} {
		if code, _, _ := ended(t.Context(), append([]string{"runs", "group", "--ledger", ledger}, flag...)...); code != exitUsage {
			t.Errorf("%v: %d", flag, code)
		}
	}
}
