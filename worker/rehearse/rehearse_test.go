package rehearse_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/secretenv"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/rehearse"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// cast is a pipeline with a step of each class and attributes of each mode.
func cast(t *testing.T) (p *enrich.Pipeline, vendors map[string]*vendor) {
	vendors = map[string]*vendor{
		"company": reads(enrich.Result{"name": "Canary Ltd", "id": int64(4711), "canary-key": "unread"}),
		"crm":     {class: enrich.Idempotent, answer: enrich.Result{"id": "canary-9"}},
		"keyed":   {class: enrich.Keyed},
		"mail":    {class: enrich.Unsafe},
		"late":    reads(nil),
	}
	never := step("late", vendors["late"], enrich.AttributesStep)
	never.If = condition(t, "run.age > duration('1h')")
	steps := []enrich.Step{step("company", vendors["company"]), step("crm", vendors["crm"], "company"),
		step("keyed", vendors["keyed"]), step("mail", vendors["mail"], enrich.AttributesStep), never}
	return pipeline(steps,
		attribute(t, "custom:company", "${{ steps.company.name }}", enrich.Overwrite),
		attribute(t, "custom:crm_id", "${{ steps.crm.id }}", enrich.Overwrite),
		attribute(t, "custom:plan", "canary-pro", enrich.IfEmpty),
		attribute(t, "custom:short", "canary-too-long", enrich.Overwrite),
		attribute(t, "custom:none", "canary", enrich.Overwrite)), vendors
}

func calls(vendors map[string]*vendor) map[string]int {
	n := map[string]int{}
	for name, v := range vendors {
		n[name] = v.calls
	}
	return n
}

func TestARehearsalAsksAndWritesNothing(t *testing.T) {
	w := newWorld(t)
	p, vendors := cast(t)
	before := w.attributes()
	clear(w.wire.calls)
	r := w.run(p, nil)
	if diff := cmp.Diff(map[string]int{"AdminGetUser": 1, "DescribeUserPool": 1}, w.wire.calls); diff != "" {
		t.Errorf("calls at the wire (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"company": 1, "crm": 0, "keyed": 0, "mail": 0, "late": 0}, calls(vendors)); diff != "" {
		t.Errorf("calls of vendors (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, w.attributes()); diff != "" {
		t.Errorf("the user has changed:\n%s", diff)
	}
	if !r.Done() || r.Wrote || r.Run == "" {
		t.Errorf("%+v", r)
	}
	got := map[string]string{}
	for _, s := range r.Steps {
		got[s.ID] = strings.TrimSpace(fmt.Sprintf("%s %s %s", s.Did, s.Outcome, s.Code))
	}
	if diff := cmp.Diff(map[string]string{"company": "asked found", "crm": "named", "keyed": "named", "attributes": "named",
		"mail": "named", "late": "skipped skipped condition"}, got); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if p.Steps[0].Connector != enrich.Connector(vendors["company"]) {
		t.Error("the caller's pipeline has changed")
	}
}

func TestThePatchSaysForEachAttributeWhatWouldBe(t *testing.T) {
	w := newWorld(t)
	p, _ := cast(t)
	got := map[string]string{}
	for _, a := range w.run(p, nil).Attributes {
		got[a.Name] = strings.TrimSpace(fmt.Sprintf("%s %s→%s %s %v", a.Change, a.Now.Reveal(), a.Would.Reveal(), a.Why, a.Unknown))
	}
	want := map[string]string{
		"custom:company": "add →Canary Ltd  []",
		"custom:crm_id":  "stay → nothing_found [crm]",
		"custom:plan":    "stay canary-basic→canary-basic if_empty []",
		"custom:short":   "stay → too_long []",
		"custom:none":    "stay → not_in_schema []",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	asked := reads(enrich.Result{"name": "canary-team"})
	behind := pipeline([]enrich.Step{step("crm", &vendor{}), step("plan", asked, "crm")},
		attribute(t, "custom:plan", "${{ steps.plan.name }}", enrich.Overwrite))
	if a := w.run(behind, nil).Attributes[0]; !slices.Equal(a.Unknown, []string{"plan"}) || a.Change != rehearse.Replace || asked.calls != 1 {
		t.Errorf("behind a step that was only named: %v", a)
	}
	replaced := pipeline(nil, attribute(t, "custom:plan", "canary-pro", enrich.Overwrite))
	if a := w.run(replaced, nil).Attributes[0]; a.Change != rehearse.Replace || a.Would.Reveal() != "canary-pro" {
		t.Errorf("%v", a)
	}
	same := pipeline(nil, attribute(t, "custom:plan", "canary-basic", enrich.Overwrite))
	r := w.run(same, nil)
	if r.Attributes[0].Why != rehearse.WhySame || r.Steps[0].Did != rehearse.Nothing {
		t.Errorf("%v", r)
	}
	kept := pipeline(nil, attribute(t, "custom:plan", "canary-pro", enrich.IfUnchanged))
	if a := w.run(kept, nil).Attributes[0]; a.Why != rehearse.WhyUnchanged {
		t.Errorf("%v", a)
	}
}

func TestWithWriteEverythingIsForReal(t *testing.T) {
	w := newWorld(t)
	p, vendors := cast(t)
	r := w.run(p, &rehearse.Options{Write: true})
	if w.wire.calls["AdminUpdateUserAttributes"] != 1 || !r.Wrote || !r.Done() {
		t.Errorf("%v %+v", w.wire.calls, r)
	}
	if diff := cmp.Diff(map[string]int{"company": 1, "crm": 1, "keyed": 1, "mail": 1, "late": 0}, calls(vendors)); diff != "" {
		t.Errorf("calls of vendors (-want +got):\n%s", diff)
	}
	if a := w.attributes(); a["custom:company"] != "Canary Ltd" || a["custom:crm_id"] != "canary-9" || a["custom:plan"] != "canary-basic" {
		t.Errorf("%v", a)
	}
	for _, a := range r.Attributes {
		if len(a.Unknown) != 0 {
			t.Errorf("%s is said to be uncertain", a.Name)
		}
	}
}

func TestAFailedStepIsShownAndNotWaitedFor(t *testing.T) {
	for _, c := range []struct {
		name    string
		err     error
		outcome string
		want    rehearse.Step
		behind  string
	}{
		{"a temporary failure would be tried again", &enrich.Error{Kind: enrich.Temporary, Code: "http_503"}, "retry http_503",
			rehearse.Step{Did: rehearse.Asked, Code: "http_503", Again: true, Calls: 1}, "waits [company]"},
		{"a throttle would be tried again, whatever it asks for", &enrich.Error{Kind: enrich.Throttled, Code: "http_429", RetryAfter: time.Hour},
			"released http_429", rehearse.Step{Did: rehearse.Asked, Code: "http_429", Again: true, Calls: 1}, "waits [company]"},
		{"a permanent one parks the run, and no letter is sent", &enrich.Error{Kind: enrich.Permanent, Code: "http_422"}, "parked http_422",
			rehearse.Step{Did: rehearse.Asked, Code: "http_422", Outcome: "failed", Calls: 1}, "waits [company]"},
		{"there is no such thing", enrich.ErrNotFound, "done ",
			rehearse.Step{Did: rehearse.Asked, Code: "not_found", Outcome: "not-found", Calls: 1}, "named []"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				began := time.Now()
				sick := &vendor{class: enrich.Read, err: c.err}
				r := w.run(pipeline([]enrich.Step{step("company", sick), step("mail", &vendor{}, "company")},
					attribute(t, "custom:company", "${{ steps.company.name }}", enrich.Overwrite)), nil)
				if took := time.Since(began); took != 0 {
					t.Errorf("it waited %v", took)
				}
				if got := r.Outcome + " " + r.Reason; got != c.outcome || r.Done() != (c.outcome == "done ") {
					t.Errorf("outcome %q, want %q", got, c.outcome)
				}
				c.want.ID, c.want.Uses, c.want.Class, c.want.At = "company", "test", "read", "vendor.example"
				if diff := cmp.Diff(c.want, r.Steps[0]); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				mail := r.Steps[len(r.Steps)-1]
				if r.Steps[1].ID == "mail" {
					mail = r.Steps[1]
				}
				if got := fmt.Sprintf("%s %v", mail.Did, mail.Behind); got != c.behind {
					t.Errorf("mail %s, want %s", got, c.behind)
				}
				if w.wire.calls["AdminUpdateUserAttributes"] != 0 {
					t.Error("something was written")
				}
			})
		})
	}
}

func TestWhoCannotBeReadIsShown(t *testing.T) {
	w := newWorld(t)
	p := pipeline([]enrich.Step{step("company", reads(nil))})
	p.Pools = []string{w.pool}
	run := func(o *rehearse.Options, change func(*rehearse.Report) bool, name string, m func() (sub, pool string)) {
		t.Helper()
		message := w.message()
		message.Sub, message.Pool = m()
		message.Region = ""
		r, err := rehearse.Run(t.Context(), p, w.directory(), secretenv.Store{}, message, o)
		if err != nil || !change(r) || len(r.Steps) != 0 {
			t.Errorf("%s: %+v %v", name, r, err)
		}
	}
	run(nil, func(r *rehearse.Report) bool { return r.Outcome == "gone" && r.Reason == "user_replaced" }, "somebody else",
		func() (string, string) { return "another-sub", w.pool })
	anywhere := &rehearse.Options{AnyPool: true}
	run(anywhere, func(r *rehearse.Report) bool { return !r.Done() && r.Reason == "resource_not_found" }, "no such pool",
		func() (string, string) { return w.sub, "eu-west-1_Nowhere00" })

	other := w.message()
	other.Pool = "eu-west-1_Nowhere00"
	if _, err := rehearse.Run(t.Context(), p, w.directory(), secretenv.Store{}, other, nil); !errors.Is(err, rehearse.ErrPool) {
		t.Errorf("a pool that is not listed: %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := rehearse.Run(ended, p, w.directory(), secretenv.Store{}, w.message(), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
}

func TestAMessageIsMadeForWhoeverAdminGetUserFinds(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{email, w.sub} {
		m, err := rehearse.Message(t.Context(), w.directory(), w.pool, name)
		if diff := cmp.Diff(w.message(), m); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	}
	if _, err := rehearse.Message(t.Context(), w.directory(), w.pool, "nobody"); !errors.Is(err, worker.ErrNoUser) {
		t.Errorf("%v", err)
	}
}

func TestNoValuePrintsUnlessItIsRevealed(t *testing.T) {
	w := newWorld(t)
	p, _ := cast(t)
	r := w.run(p, nil)
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	printed := fmt.Sprintf("%v %+v %#v %s", *r, *r, *r, raw)
	for _, a := range r.Attributes {
		printed += fmt.Sprintf("%v %+v %#v %q %d", a, a, a, a.Now, a.Would)
	}
	for _, value := range []string{"anary", "4711", "pro", w.sub} {
		if i := strings.Index(printed, value); i >= 0 {
			t.Errorf("%s is in: …%s…", value, printed[max(0, i-60):min(len(printed), i+60)])
		}
	}
	answer := map[string]string{}
	for _, f := range r.Steps[0].Answer {
		answer[f.Path] = f.Value.Reveal()
	}
	if want := map[string]string{"name": "Canary Ltd", "id": "4711"}; !maps.Equal(want, answer) {
		t.Errorf("revealed: %v", answer)
	}
}
