package journal_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/trigger"
	"github.com/postconfirm/postconfirm/worker/journal"
)

const pool = "eu-west-1_Ab12cd34E"

var confirmedAt = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)

// dead is a queue that can't be reached.
type dead struct{}

func (dead) Send(context.Context, []byte, string) error { return errors.New("no queue") }

// triggered is what the trigger itself logs for these users.
func triggered(t testing.TB, subs ...string) string {
	t.Helper()
	var log bytes.Buffer
	h := trigger.New(dead{}, &trigger.Options{Log: &log, Now: func() time.Time { return confirmedAt }})
	for _, sub := range subs {
		e := map[string]any{"triggerSource": "PostConfirmation_ConfirmSignUp", "userPoolId": pool, "region": "eu-west-1", "userName": "user of " + sub,
			"callerContext": map[string]string{"clientId": "web"}, "request": map[string]any{"userAttributes": map[string]string{"sub": sub, "email": "canary@example.com"}}, "response": map[string]string{}}
		payload, err := json.Marshal(e)
		if err == nil {
			_, err = h.Invoke(context.Background(), payload)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return log.String()
}

// recordOf is the trigger's journal line alone.
func recordOf(t testing.TB, sub string) string {
	t.Helper()
	line, _, _ := strings.Cut(triggered(t, sub), "\n")
	return line
}

func TestTheTriggersOwnLineIsARecord(t *testing.T) {
	for _, sub := range []string{"6f9c4f9e-0a1b-4c2d-8e3f-000000000001", "é\"\\\u2028", "a b"} {
		got, ok := journal.Parse([]byte(recordOf(t, sub)))
		want := journal.Record{Run: event.RunKey(pool, sub, "0"), Pool: pool, Region: "eu-west-1", Sub: sub, Client: "web", Source: "signup", At: confirmedAt}
		if diff := cmp.Diff(want, got); !ok || diff != "" {
			t.Errorf("%q: %v (-want +got):\n%s", sub, ok, diff)
		}
	}
}

// found is who a log has records of, and how many texts are nearly records.
func found(log io.Reader, format journal.Format) (subs []string, r journal.Report, err error) {
	subs = []string{}
	i := &journal.Importer{Ledger: noted{&subs}, Format: format, Pools: []string{pool}, Now: func() time.Time { return confirmedAt.Add(time.Hour) }}
	r, err = i.Look(context.Background(), log)
	return subs, r, err
}

func zipped(t testing.TB, parts ...string) string {
	t.Helper()
	var b bytes.Buffer
	for _, p := range parts {
		w := gzip.NewWriter(&b)
		if _, err := w.Write([]byte(p)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// behind puts something before each line.
func behind(before, text string) string {
	return before + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n"+before) + "\n"
}

// cli is what the AWS CLI prints of events with these messages.
func cli(t testing.TB, indent string, messages ...string) string {
	t.Helper()
	events := []any{}
	for _, m := range messages {
		events = append(events, map[string]any{"logStreamName": "2026/03/01/[$LATEST]0123456789abcdef", "timestamp": 1, "message": m, "eventId": "1"})
	}
	doc, err := json.MarshalIndent(map[string]any{"events": events, "searchedLogStreams": []any{}}, "", indent)
	if err != nil {
		t.Fatal(err)
	}
	return string(doc) + "\n"
}

func TestC7_149_RecordsArePickedOutOfALog(t *testing.T) {
	start := "INIT_START Runtime Version: provided:al2023.v1\nSTART RequestId: 1 Version: $LATEST\n"
	end := "END RequestId: 1\nREPORT RequestId: 1\tDuration: 3.1 ms\n" + `{"time":"2026-03-01T12:00:00Z","type":"platform.report","record":{"status":"success"}}` + "\n"
	log := start + triggered(t, "a", "b") + end
	exported := behind("2026-03-01T12:00:00.123Z ", log)
	messages := strings.SplitAfter(strings.TrimSuffix(log, "\n"), "\n")
	both := []string{"a", "b"}
	for name, tt := range map[string]struct {
		log    string
		format journal.Format
		want   []string
	}{
		"as the function writes it":            {log, journal.Auto, both},
		"with a byte order mark and CRLF":      {"\xef\xbb\xbf" + strings.ReplaceAll(log, "\n", "\r\n"), journal.Auto, both},
		"without a final newline":              {recordOf(t, "a"), journal.Auto, []string{"a"}},
		"an export of CloudWatch Logs":         {exported, journal.Auto, both},
		"compressed":                           {zipped(t, exported), journal.Auto, both},
		"several, compressed, in one":          {zipped(t, behind("2026-03-01T12:00:00.123Z ", triggered(t, "a")), behind("2026-03-01T12:00:00.123Z ", triggered(t, "b"))), journal.Auto, both},
		"aws logs tail":                        {behind("2026-03-01T12:00:00.123000+00:00 2026/03/01/[$LATEST]0123456789abcdef0123456789abcdef ", log), journal.Auto, both},
		"aws logs tail --format short":         {behind("2026-03-01T12:00:00+00:00 ", log), journal.Auto, both},
		"filter-log-events":                    {cli(t, "    ", messages...), journal.Auto, both},
		"filter-log-events, in one line":       {cli(t, "", messages...), journal.Events, both},
		"a list of events":                     {`[{"message":` + quoted(recordOf(t, "a")+"\n") + `}]`, journal.Events, []string{"a"}},
		"two documents":                        {cli(t, " ", messages...) + cli(t, " ", recordOf(t, "c")), journal.Auto, []string{"a", "b", "c"}},
		"filter-log-events, compressed":        {zipped(t, cli(t, "  ", messages...)), journal.Auto, both},
		"with a user who is there twice":       {log + log, journal.Auto, both},
		"between lines that are no text":       {"\xff\xff\x00\n" + log + strings.Repeat("x", 5<<20) + "\n" + recordOf(t, "c"), journal.Auto, []string{"a", "b", "c"}},
		"bare lines in an export are no lines": {exported + recordOf(t, "c") + "\n", journal.Auto, both},
	} {
		t.Run(name, func(t *testing.T) {
			subs, r, err := found(strings.NewReader(tt.log), tt.format)
			if diff := cmp.Diff(tt.want, subs); err != nil || diff != "" {
				t.Errorf("%v, %+v (-want +got):\n%s", err, r, diff)
			}
		})
	}
}

func quoted(s string) string { b, _ := json.Marshal(s); return string(b) }

func TestC7_149_WhatIsNotExactlyARecordIsNone(t *testing.T) {
	good := recordOf(t, "a")
	other := recordOf(t, "b")
	run := func(line string) string { r, _ := journal.Parse([]byte(line)); return r.Run }
	for name, line := range map[string]string{
		"with a blank inside":      strings.Replace(good, ":", ": ", 1),
		"with a blank behind":      good + " ",
		"with a blank before":      " " + good,
		"twice in a line":          good + good,
		"behind other words":       "INFO " + good,
		"before other words":       good + " ok",
		"in a list":                "[" + good + "]",
		"in another object":        `{"message":` + good + `}`,
		"in another object's text": `{"message":` + quoted(good) + `}`,
		"as a text":                quoted(good),
		"cut off":                  good[:len(good)-1],
		"with a member more":       strings.TrimSuffix(good, "}") + `,"x":1}`,
		"with a member twice":      strings.Replace(good, `,"sub"`, `,"sub":"b","sub"`, 1),
		"with an escaped letter":   strings.Replace(good, "signup", `s\u0069gnup`, 1),
		"with members moved":       strings.Replace(strings.Replace(good, `"region":"eu-west-1",`, "", 1), `,"at"`, `,"region":"eu-west-1","at"`, 1),
		"of a later version":       strings.Replace(good, `"v":1`, `"v":2`, 1),
		"of another kind":          strings.Replace(good, "journal", "result", 1),
		"of another source":        strings.Replace(good, "signup", "backfill", 1),
		"with another's run key":   strings.Replace(good, run(good), run(other), 1),
		"with another person":      strings.Replace(good, `"sub":"a"`, `"sub":"eve"`, 1),
		"with a time of no kind":   strings.Replace(good, "2026-03-01T", "yesterday ", 1),
		"with a time of elsewhere": strings.Replace(good, `56789Z"`, `56789+00:00"`, 1),
		"with a time spelled longer": strings.Replace(strings.Replace(good, ".123456789Z", ".1Z", 1),
			".1Z", ".100Z", 1),
		"without a person": strings.Replace(good, `"sub":"a",`, "", 1),
		"in capitals":      strings.Replace(good, `"sub"`, `"Sub"`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			if line == good {
				t.Fatal("nothing was changed")
			}
			for form, log := range map[string]string{"a line": line + "\n", "behind a time": "2026-03-01T12:00:00Z " + line + "\n", "an event": cli(t, " ", line)} {
				if subs, r, err := found(strings.NewReader(log), journal.Auto); !errors.Is(err, journal.ErrNone) || len(subs) > 0 {
					t.Errorf("%s: %v, %+v, %v", form, subs, r, err)
				}
			}
		})
	}
}

func TestTextsThatAreNearlyRecordsAreCounted(t *testing.T) {
	log := "START\n" + recordOf(t, "a") + "\n" + recordOf(t, "b")[:100] + "\n" + `{"v":1, "postconfirm" : "journal"}` + "\n"
	subs, r, err := found(strings.NewReader(log), journal.Auto)
	if err != nil || len(subs) != 1 || r.Near != 2 || !cmp.Equal([]int{3, 4}, r.NearAt) {
		t.Errorf("%v, %+v, %v", subs, r, err)
	}
}

// disguises are logs in which a text of a stranger stands inside of something.
func disguises(t testing.TB, text string) map[string]string {
	t.Helper()
	inside := map[string]any{"level": "INFO", "message": text, text: text, "attributes": map[string]string{"name": text}, "list": []string{text}}
	line, err := json.Marshal(inside)
	if err != nil {
		t.Fatal(err)
	}
	pretty, err := json.MarshalIndent(inside, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	member := string(event.AppendString(nil, text))
	result := `{"postconfirm":"result","v":1,"run":` + member + `,"outcome":"sent"}`
	journalLike := `{"postconfirm":"journal","v":1,"run":` + member + `,"pool":` + member + `,"sub":` + member + `,"at":` + member + `}`
	flat := strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' {
			return ' '
		}
		return r
	}, text)
	return map[string]string{
		"a line of JSON": string(line) + "\n", "lines of JSON": string(pretty) + "\n", "a result": result + "\n", "a record": journalLike + "\n",
		"a text in a line": "INFO " + flat + " said so\n", "lines behind times": "2026-03-01T12:00:00Z INFO " + strings.ReplaceAll(text, "\n", "\n ") + " .\n",
		"an event's text": cli(t, " ", "INFO "+text), "an event's JSON": cli(t, " ", string(line)), "an event's lines of JSON": cli(t, " ", string(pretty)),
		"an event's other lines": cli(t, " ", "INFO\n"+text+"\n"), "an event's name": `{"events":[{"message":"x",` + quoted(text) + `:` + quoted(text) + `}]}`,
		"another member": "{\n\"searched\":[" + quoted(text) + "],\"events\":[],\"more\":{\"events\":[{\"message\":" + quoted(text) + "}]}}",
	}
}

func TestC7_149_NothingInsideATextPassesForARecord(t *testing.T) {
	good := recordOf(t, "a")
	texts := []string{good, good + "\n", "\n" + good + "\n", "\"}\n" + good + "\n{\"x\":\"", `"}` + good, quoted(good), quoted("\n" + good + "\n"), "\u2028" + good + "\u2028", "\r" + good + "\r",
		"2026-03-01T12:00:00Z " + good, "\x00" + good, "\xff\n" + good, cli(t, " ", good), `{"message":` + quoted(good) + `}`, zipped(t, good)}
	for _, text := range texts {
		for form, log := range disguises(t, text) {
			if subs, r, _ := found(strings.NewReader(log), journal.Auto); len(subs) > 0 {
				t.Errorf("%q as %s: %v, %+v", text, form, subs, r)
			}
		}
	}
}

func FuzzNothingInsideATextPassesForARecord(f *testing.F) {
	good := recordOf(f, "a")
	f.Add(good)
	f.Add("\n" + good + "\n")
	f.Add("\"\n" + good + "\n\"")
	f.Fuzz(func(t *testing.T, text string) {
		for form, log := range disguises(t, text) {
			if subs, r, _ := found(strings.NewReader(log), journal.Auto); len(subs) > 0 {
				t.Errorf("%q as %s: %v, %+v", text, form, subs, r)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(recordOf(f, "a"))
	f.Add(recordOf(f, "é\""))
	f.Fuzz(func(t *testing.T, line string) {
		r, ok := journal.Parse([]byte(line))
		if ok && (r.Run != event.RunKey(r.Pool, r.Sub, "0") || !strings.HasPrefix(line, `{"postconfirm":"journal","v":1,"run":"`+r.Run+`"`)) {
			t.Errorf("%q is %+v", line, r)
		}
	})
}

func TestAFileThatIsNone(t *testing.T) {
	for name, tt := range map[string]struct {
		log    string
		format journal.Format
		want   error
	}{
		"C7-144 empty":                   {"", journal.Auto, journal.ErrNone},
		"C7-144 an empty list":           {cli(t, " "), journal.Auto, journal.ErrNone},
		"C7-146 UTF-16":                  {"\xff\xfe{\x00", journal.Auto, nil},
		"gzip that is cut off":           {zipped(t, triggered(t, "a"))[:40], journal.Auto, io.ErrUnexpectedEOF},
		"gzip that is none":              {"\x1f\x8bxxxxxxxxxxxxxxxxxx", journal.Auto, gzip.ErrHeader},
		"JSON that is cut off":           {cli(t, " ", recordOf(t, "a"))[:300], journal.Auto, journal.ErrFormat},
		"JSON of another kind":           {`{"a":1}`, journal.Events, journal.ErrFormat},
		"JSON with two lists":            {`{"events":[],"events":[]}`, journal.Events, journal.ErrFormat},
		"JSON whose events are no list":  {`{"events":{}}`, journal.Events, journal.ErrFormat},
		"JSON that is a number":          {`7`, journal.Events, journal.ErrFormat},
		"nothing, where JSON was wanted": {"", journal.Events, journal.ErrFormat},
		"an event without an end":        {`{"events":["` + strings.Repeat("x", 20<<20), journal.Events, journal.ErrFormat},
	} {
		t.Run(name, func(t *testing.T) {
			subs, _, err := found(strings.NewReader(tt.log), tt.format)
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) || len(subs) > 1 {
				t.Errorf("%v, %v", subs, err)
			}
		})
	}
}

func TestEventsOfAnyShapeAreHarmless(t *testing.T) {
	good := recordOf(t, "a")
	doc := fmt.Sprintf(`{"events":[1,null,"x",[],{},{"message":1},{"message":%s,"message":%s},{"Message":%s},{"message":%s}]}`, quoted(good), quoted(good), quoted(good), quoted(recordOf(t, "b")))
	if subs, r, err := found(strings.NewReader(doc), journal.Events); err != nil || !cmp.Equal([]string{"b"}, subs) || r.Lines != 9 {
		t.Errorf("%v, %+v, %v", subs, r, err)
	}
}
