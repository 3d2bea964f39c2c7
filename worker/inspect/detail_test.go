package inspect_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/inspect"
)

// file is a pipeline whose attributes read the steps company and crm.
func file(t *testing.T, hash string) *enrich.Pipeline {
	t.Helper()
	env, err := expr.NewEnv(enrich.Roots()...)
	if err != nil {
		t.Fatal(err)
	}
	attribute := func(name, text string) enrich.Attribute {
		value, err := env.Template(text)
		if err != nil {
			t.Fatal(err)
		}
		return enrich.Attribute{Name: name, Value: value}
	}
	return &enrich.Pipeline{Hash: hash, Pools: []string{pool},
		Steps: []enrich.Step{{ID: "company", Uses: "http", Class: enrich.Read}, {ID: "crm", Uses: "http", Class: enrich.Keyed, Needs: []string{"company"}},
			{ID: "mail", Uses: "ses", Needs: []string{"crm"}}},
		Attributes: []enrich.Attribute{attribute("custom:plan", "${{ steps.company.plan }}"), attribute("custom:company", "${{ steps.company.name }}"),
			attribute("nickname", "${{ user.nickname }}"), attribute("custom:crm_id", "${{ steps.crm.id }}")}}
}

func detail(t *testing.T, i *inspect.Inspector, r worker.Run, o *inspect.DetailOptions) *inspect.Detail {
	t.Helper()
	d, err := i.Detail(t.Context(), r.Key, worker.Identity{}, o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheTimelineOfARun(t *testing.T) {
	r := parked(0, "http_503")
	r.Reopens, r.Reopened, r.Plan = 2, noon.Add(-35*time.Minute), "plan-1"
	i, _, _ := over([]worker.Run{r}, letterOf(r.Identity, "http_503"))
	d := detail(t, i, r, nil)
	var got []string
	for _, m := range d.Timeline {
		got = append(got, fmt.Sprintf("%s %s %s: %s", m.At.Format("15:04"), m.What, m.Step, m.Text))
	}
	want := []string{
		"10:59 event : confirmed, says the sender",
		"11:00 seen : first claimed by a worker",
		"11:10 done company: done: found, 12 ms",
		"11:20 attempt crm: http_429 (throttled), 1 call in 20 ms, asked to wait 30 s, not charged",
		"11:25 reopened : reopened by an operator, for the 2. time: plan-1",
		"11:30 attempt crm: http_503 (temporary), 3 calls in 900 ms, charged",
		"11:40 unknown mail: nobody knows whether the effect happened: interrupted",
		"11:50 done attributes: done: ",
		"11:59 letter : dead letter on the queue",
		"12:00 saved : ended parked http_503",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if a := d.Timeline[5].Attempt; a == nil || a.Status != 503 || a.Took != 900 || !a.Charged {
		t.Errorf("attempt: %+v", a)
	}
}

func TestFailuresThatWereDroppedAreSaid(t *testing.T) {
	r := parked(0, "http_503")
	var failures []worker.Failure
	for n := range worker.MaxFailures {
		failures = append(failures, worker.Failure{At: noon.Add(time.Duration(n) * time.Minute), Code: "http_503", Kind: "temporary", Calls: 1})
	}
	r.Steps["crm"] = worker.StepRecord{State: worker.StepFailed, Code: "http_503", Failures: failures}
	i, _, _ := over([]worker.Run{r})
	var what []string
	for _, m := range detail(t, i, r, nil).Timeline {
		if m.Step == "crm" {
			what = append(what, m.What)
		}
	}
	if want := "attempt attempt gap attempt attempt attempt attempt attempt attempt"; strings.Join(what, " ") != want {
		t.Errorf("got %v", what)
	}
}

func TestWhatBecameOfEachAttribute(t *testing.T) {
	type line struct {
		Name, Fate, Why string
		On, From        []string
		Digest          string
		Stranger        bool
	}
	lines := func(d *inspect.Detail) (all []line) {
		for _, a := range d.Attributes {
			all = append(all, line{a.Name, string(a.Fate), a.Why, a.On, a.From, a.Digest, a.Stranger})
		}
		return all
	}
	r := parked(1, "http_503")
	open := parked(2, "http_503")
	open.State, open.Reason, open.Flags, open.Written = worker.Open, "", nil, nil
	open.Steps["company"] = worker.StepRecord{Code: "timeout", Attempts: 1}
	open.Steps["attributes"] = worker.StepRecord{}
	gone := open
	gone.Identity = identity(3, "0")
	gone.Key, gone.State = gone.Identity.Key(), worker.Gone
	i, _, _ := over([]worker.Run{r, open, gone})
	company, crm := []string{"company"}, []string{"crm"}
	for name, c := range map[string]struct {
		run  worker.Run
		p    *enrich.Pipeline
		want []line
	}{
		"with a pipeline": {r, file(t, "9f86d081"), []line{
			{"custom:plan", "written", "", nil, company, "d1", false}, {"custom:company", "refused", "too_long", nil, company, "", false},
			{"nickname", "unchanged", "", nil, nil, "d3", false}, {"custom:crm_id", "nothing", "", nil, crm, "", false}, {"website", "written", "", nil, nil, "d2", true}}},
		"without one": {r, nil, []line{{"custom:company", "refused", "too_long", nil, nil, "", false}, {"custom:plan", "written", "", nil, nil, "d1", false},
			{"nickname", "unchanged", "", nil, nil, "d3", false}, {"website", "written", "", nil, nil, "d2", false}}},
		"not yet": {open, file(t, "9f86d081"), []line{{"custom:plan", "waits", "", company, company, "", false}, {"custom:company", "waits", "", company, company, "", false},
			{"nickname", "waits", "", company, nil, "", false}, {"custom:crm_id", "waits", "", company, crm, "", false}}},
		"never": {gone, file(t, "9f86d081"), []line{{"custom:plan", "never", "", company, company, "", false}, {"custom:company", "never", "", company, company, "", false},
			{"nickname", "never", "", company, nil, "", false}, {"custom:crm_id", "never", "", company, crm, "", false}}},
	} {
		if diff := cmp.Diff(c.want, lines(detail(t, i, c.run, &inspect.DetailOptions{Pipeline: c.p}))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestTheRestOfADetail(t *testing.T) {
	r, again := parked(1, "http_503"), parked(1, "http_503")
	again.Generation = "backfill-1"
	again.Key = again.Identity.Key()
	r.Owner, r.LeaseUntil = "host-1", noon.Add(time.Minute)
	i, _, _ := over([]worker.Run{r, again, parked(2, "x")})
	d := detail(t, i, r, &inspect.DetailOptions{Pipeline: file(t, "other")})
	if len(d.Others) != 1 || d.Others[0].Key != again.Key || d.Others[0].Generation != "backfill-1" {
		t.Errorf("others: %+v", d.Others)
	}
	if d.Config != (inspect.Config{Hash: "9f86d081", Current: "other", Differs: true}) {
		t.Errorf("config: %+v", d.Config)
	}
	if d.Lease == nil || !d.Lease.Held || d.Lease.Owner != "host-1" || !d.Held {
		t.Errorf("lease: %+v", d.Lease)
	}
	resolve := "postconfirm resolve " + r.Key + " --step mail --"
	if len(d.Unknown) != 1 || d.Unknown[0].Key != r.Key+"-mail" || !slices.Equal(d.Unknown[0].Commands, []string{resolve + "sent --why TICKET", resolve + "not-sent --why TICKET", resolve + "resend --why TICKET"}) {
		t.Errorf("effects: %+v", d.Unknown)
	}
	if d.Explanation == nil || !strings.Contains(d.Explanation.Meaning, "could not do its work") || d.Letters != nil || !d.LetterSent {
		t.Errorf("%+v", d)
	}
	if len(d.Next) == 0 || d.Next[0] != "postconfirm replay plan --key "+r.Key+" --why TICKET" {
		t.Errorf("next: %v", d.Next)
	}
	var codes []string
	for _, e := range d.Codes {
		codes = append(codes, e.Code)
	}
	if strings.Join(codes, " ") != "http_429 http_503 interrupted too_long" {
		t.Errorf("codes: %v", codes)
	}
	for _, s := range d.Steps {
		if s.ID == "mail" && (s.Uses != "ses" || s.Class != "unsafe" || s.Stranger) {
			t.Errorf("step: %+v", s)
		}
	}
	same, err := i.Detail(t.Context(), "", again.Identity, nil)
	if err != nil || same.Key != again.Key || same.Config.Differs {
		t.Errorf("by identity: %+v, %v", same, err)
	}
	if _, err := i.Detail(t.Context(), "nobody", worker.Identity{}, nil); !errors.Is(err, inspect.ErrNoRun) {
		t.Error(err)
	}
}

func TestMaskedResults(t *testing.T) {
	r := parked(1, "http_503")
	i, _, _ := over([]worker.Run{r})
	result := func(show bool) inspect.Value {
		for _, s := range detail(t, i, r, &inspect.DetailOptions{Show: show}).Steps {
			if s.ID == "company" {
				return s.Result
			}
		}
		return inspect.Value{}
	}
	want := "{(22 characters): a number, deep: {(22 characters): 22 characters, b: a boolean, n: a number}, name: 22 characters, plan: 3 characters, tags: a list of 1}"
	if got := result(false).String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	raw, err := json.Marshal(result(false))
	wantJSON := `{"(22 characters)":{"type":"number"},"deep":{"(22 characters)":{"length":22},"b":{"type":"boolean"},"n":{"type":"number"}},"name":{"length":22},"plan":{"length":3},"tags":{"length":1,"type":"list"}}`
	if err != nil || string(raw) != wantJSON {
		t.Errorf("got %s, %v", raw, err)
	}
	if got := result(true).String(); !strings.Contains(got, canary) || !strings.Contains(got, `"n":5`) {
		t.Errorf("shown: %s", got)
	}
	if got := result(true).LogValue().String(); strings.Contains(got, canary) {
		t.Errorf("logged: %s", got)
	}
	if got := (inspect.Value{}).String(); got != "nothing" {
		t.Error(got)
	}
}

// TestNothingPersonalIsShown plants a value wherever there is room for one.
func TestNothingPersonalIsShown(t *testing.T) {
	r := parked(1, "http_503")
	stranger := letterOf(identity(3, "0"), "too_old")
	alien := worker.KeptLetter{Letter: worker.Letter{Body: []byte(canary)}, ID: "m1", Receipt: canary, Sent: noon}
	i, _, _ := over([]worker.Run{r}, letterOf(r.Identity, "http_503"), stranger, alien)
	all, listed := rows(t, i, inspect.Query{})
	grouped, err := i.Groups(t.Context(), inspect.Query{}, worker.Trend{})
	if err != nil || len(all) != 3 || len(grouped.Groups) != 3 {
		t.Fatal(all, grouped, err)
	}
	hidden, shown := detail(t, i, r, &inspect.DetailOptions{Pipeline: file(t, "x")}), detail(t, i, r, &inspect.DetailOptions{Show: true})
	for name, v := range map[string]any{"list": all, "listed": listed, "groups": grouped, "detail": hidden} {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{string(raw), fmt.Sprintf("%v", v), fmt.Sprintf("%+v", v), fmt.Sprintf("%#v", v), fmt.Sprintf("%s", v)} {
			if strings.Contains(text, canary) || strings.Contains(text, "canary") {
				t.Errorf("%s tells: %s", name, text)
			}
		}
	}
	if raw, _ := json.Marshal(shown); strings.Count(string(raw), canary) < 4 {
		t.Errorf("asked for, it is not shown: %s", raw)
	}
}
