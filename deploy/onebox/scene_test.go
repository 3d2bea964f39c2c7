package onebox_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/onebox"
	"github.com/postconfirm/postconfirm/deploy/onebox/pretend"
	"github.com/postconfirm/postconfirm/worker"
)

// signUpBudget is the longest that the trigger may hold up a sign-up (POSTCONFIRM_BUDGET's default).
const signUpBudget = 2500 * time.Millisecond

// crowd signs the scene's people up and says when everybody is confirmed; nobody waits for longer than the budget.
func crowd(t *testing.T, b *onebox.Box, people []onebox.Person) {
	t.Helper()
	for _, p := range people {
		if _, err := b.SignUp(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := b.Confirm(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > signUpBudget {
			t.Errorf("%s waited %v for the confirmation", p.Email, took)
		}
	}
}

// wait takes verdicts until n runs are final, all of them completed. away is called once, when everybody has been
// turned away at least once.
func wait(t *testing.T, said ends, n int, away func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	turned, final := map[string]bool{}, map[string]bool{}
	for len(final) < n {
		select {
		case <-ctx.Done():
			t.Fatalf("%d of %d runs are final, %d were turned away", len(final), n, len(turned))
		case v := <-said:
			if !v.Delete {
				if turned[v.Run] = true; len(turned) == n && away != nil {
					away()
					away = nil
				}
				continue
			}
			if v.Outcome != worker.Completed {
				t.Errorf("verdict: %+v", v)
			}
			final[v.Run] = true
		}
	}
}

// plays are the examples, at full health and with each of their vendors down.
func plays() (all []struct {
	scene  onebox.Scene
	outage string
}) {
	for _, s := range onebox.Scenes()[1:] {
		for _, outage := range append([]string{""}, s.Vendors...) {
			all = append(all, struct {
				scene  onebox.Scene
				outage string
			}{s, outage})
		}
	}
	return all
}

func TestEverySceneEnrichesEverybodyOnce(t *testing.T) {
	for _, play := range plays() {
		t.Run(strings.TrimSpace(play.scene.Name+" "+play.outage), func(t *testing.T) {
			t.Parallel()
			b, said := start(t, onebox.Options{Scene: play.scene.Name, Retry: time.Second})
			people := play.scene.People(10)
			var back func()
			if play.outage != "" {
				b.Vendors.SetDown(play.outage, true)
				back = func() { b.Vendors.SetDown(play.outage, false) }
			}
			crowd(t, b, people)
			wait(t, said, len(people), back)
			counts := b.Vendors.Counts()
			if diff := cmp.Diff(slices.Sorted(slices.Values(play.scene.Vendors)), slices.Sorted(maps.Keys(counts))); diff != "" {
				t.Errorf("vendors (-want +got):\n%s", diff)
			}
			for name, c := range counts {
				if c.Repeated != 0 || c.Answered == 0 || (c.Refused > 0) != (name == play.outage) {
					t.Errorf("%s: %+v", name, c)
				}
			}
			checkGot(t, b, people, counts)
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// checkGot holds what the vendors have against who signed up.
func checkGot(t *testing.T, b *onebox.Box, people []onebox.Person, counts map[string]pretend.Count) {
	t.Helper()
	n := len(people)
	if got := b.Hooks.Events(); len(got) != n || b.Hooks.Refused() != 0 || counts["webhook"].Answered != n {
		t.Errorf("%d events, %d refused, %+v", len(got), b.Hooks.Refused(), counts["webhook"])
	}
	if b.HubSpot != nil {
		checkContacts(t, b, people)
		if got := counts[pretend.Company].Answered; got != 7 { // the companies of ten people: the pipeline remembers
			t.Errorf("the company API answered %d times", got)
		}
		return
	}
	greeted := map[string]string{}
	for _, m := range b.Outbox.Mails() {
		greeted[m.To] = m.Template + " " + pretend.Read(m.Template, m.Data).Opening
	}
	want := map[string]string{"ada@acme.example": "welcome Hello Ada,", "juergen@globex.example": "welcome-de Hallo Jürgen,", "amelie@hooli.example": "welcome-fr Bonjour Amélie,",
		"victim@mailbox.example": "welcome-de Hallo zusammen,", "chiara@umbrella.example": "welcome Hello Chiara,", "niklaus@stark.example": "welcome-de Hallo Niklaus,",
		"lea@wayne.example": "welcome-fr Bonjour Léa,", "shafi@initech.example": "welcome Hello Shafi,", "radia@mailbox.example": "welcome Hello Radia,", "bjoern@tyrell.example": "welcome-de Hallo Björn,"}
	if diff := cmp.Diff(want, greeted); diff != "" || len(b.Outbox.Mails()) != n {
		t.Errorf("%d mails (-want +got):\n%s", len(b.Outbox.Mails()), diff)
	}
}

func checkContacts(t *testing.T, b *onebox.Box, people []onebox.Person) {
	t.Helper()
	names, want := map[string]string{}, map[string]string{}
	for _, p := range people {
		want[p.Email] = p.Name + " " + p.Family
	}
	for _, c := range b.HubSpot.Contacts() {
		names[c.Email] = c.Properties["firstname"] + " " + c.Properties["lastname"]
		if c.Writes != 1 {
			t.Errorf("%s was written %d times", c.Email, c.Writes)
		}
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("contacts (-want +got):\n%s", diff)
	}
	attributes, err := b.Attributes(t.Context(), people[0])
	if err != nil || attributes["custom:crm_id"] == "" || attributes["custom:company"] != "Acme SA" {
		t.Errorf("%v %v", attributes, err)
	}
}

func TestAScenesSecretsAreMadeUpEachTime(t *testing.T) {
	const theirs = "whsec_b2YgdGhlIHVzZXIncyBlbnZpcm9ubWVudCEhISEh"
	for _, name := range []string{"COMPANY_API_KEY", "HUBSPOT_TOKEN", "WEBHOOK_SECRET"} {
		t.Setenv(name, theirs)
	}
	var secrets []string
	for range 2 {
		b, said := start(t, onebox.Options{Scene: onebox.CRMSync})
		crowd(t, b, onebox.People(1))
		wait(t, said, 1, nil)
		if b.HubSpot.Token == theirs || b.Hooks.Secret == theirs || b.Hooks.Refused() > 0 || len(b.Hooks.Events()) != 1 {
			t.Errorf("a secret of the environment, or %d events refused", b.Hooks.Refused())
		}
		secrets = append(secrets, b.HubSpot.Token, b.Hooks.Secret)
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
	slices.Sort(secrets)
	if len(slices.Compact(secrets)) != 4 {
		t.Errorf("%d different secrets of 4", len(slices.Compact(secrets)))
	}
}

func TestASceneThatIsNoneLeavesNothingRunning(t *testing.T) {
	if _, err := onebox.Start(t.Context(), onebox.Options{Scene: "nowhere", Trigger: []string{"trigger"}}); err == nil || !strings.Contains(err.Error(), `no scene "nowhere"`) {
		t.Errorf("%v", err)
	}
}

func TestEverySceneHasPeopleOfTheirOwnAddresses(t *testing.T) {
	for _, s := range onebox.Scenes() {
		seen := map[string]bool{}
		for _, p := range s.People(500) {
			if p.Name == "" || !strings.HasSuffix(p.Email, ".example") || seen[p.Email] {
				t.Errorf("%s: %+v", s.Name, p)
			}
			seen[p.Email] = true
		}
		if s.About == "" || len(s.Vendors) == 0 || len(seen) != 500 {
			t.Errorf("%s: %q, %v, %d people", s.Name, s.About, s.Vendors, len(seen))
		}
	}
}
