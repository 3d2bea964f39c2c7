package main

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/postconfirm/postconfirm/deploy/onebox/pretend"
)

// scene FILE NAME N [VENDOR] checks the JSON lines of a scene: N users, each enriched; totals of the scene in which every
// vendor's own count says that nothing was done twice; and only VENDOR refused calls while it was down.
func scene(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	lines := strings.Split(strings.TrimSpace(ts.ReadFile(args[0])), "\n")
	if len(lines) != n+1 {
		ts.Fatalf("%d lines, want one for each of %d users and one with totals", len(lines), n)
	}
	for _, line := range lines[:n] {
		var r result
		ts.Check(json.Unmarshal([]byte(line), &r))
		if r.User == "" || r.Run == "" || r.Outcome != "done" || len(r.Steps) != 4 || r.After["email_verified"] != "true" {
			ts.Fatalf("not enriched: %s", line)
		}
	}
	var last struct{ Totals totals }
	ts.Check(json.Unmarshal([]byte(lines[n]), &last))
	t := last.Totals
	down := strings.Join(args[3:], "")
	for name, c := range t.Vendors {
		if c.Repeated != 0 || c.Answered == 0 || (c.Refused > 0) != (name == down) {
			ts.Fatalf("%s: %+v", name, c)
		}
	}
	if t.Scene != args[1] || t.Enriched != n || t.Got == nil || !t.Got.whole(t.Scene, n) {
		ts.Fatalf("totals: %s", lines[n])
	}
}

// whole tells whether the vendors of a scene have something of everybody, and of nobody twice.
func (g *got) whole(name string, n int) bool {
	mails := 0
	for _, m := range g.Mails {
		mails += m
	}
	ok := g.Events != nil && *g.Events == eventsGot{Verified: n}
	if name == "welcome" {
		return ok && mails == n && g.Mails["none"] == 0 && g.Contacts == nil
	}
	return ok && g.Mails == nil && g.Contacts != nil && *g.Contacts == contactsGot{Created: n}
}

func TestVendorsHaveTheLastWord(t *testing.T) {
	for _, c := range []struct {
		name    string
		got     *got
		vendors map[string]pretend.Count
		want    string // "" is nothing to complain of
	}{
		{"the first scene", nil, map[string]pretend.Count{"crm": {Repeated: 1}}, ""},
		{"all is well", &got{Events: &eventsGot{Verified: 2}}, map[string]pretend.Count{"webhook": {Answered: 2, Refused: 5}}, ""},
		{"a second mail", &got{}, map[string]pretend.Count{"mail": {Answered: 2, Repeated: 1}}, "mail was asked 1 time for an effect"},
		{"an event that nobody signed", &got{Events: &eventsGot{Refused: 2}}, nil, "2 events came without a good signature"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.got.wrong(c.vendors)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAStepsLineSaysWhoWasAsked(t *testing.T) {
	for _, c := range []struct {
		name string
		step stepResult
		want string
	}{
		{"a call", stepResult{ID: "company", State: "done", Calls: 1, MS: 2.5}, "done        1 call, 2.5 ms"},
		{"nobody has it", stepResult{ID: "company", State: "done", Code: "not_found", Calls: 2}, "not found   2 calls, 0.0 ms"},
		{"remembered", stepResult{ID: "company", State: "done"}, "done        no call: remembered from somebody else's"},
		{"remembered that nobody has it", stepResult{ID: "company", State: "done", Code: "not_found"}, "not found   no call: remembered from somebody else's"},
		{"not called yet", stepResult{ID: "crm", State: "open", Code: "breaker_open"}, "open breaker_open 0 calls, 0.0 ms"},
		{"the write", stepResult{ID: "attributes", State: "done", Calls: 1}, "one AdminUpdateUserAttributes"},
	} {
		if got := stepLine(c.step); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
