//go:build unix

package kill

import (
	"slices"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/worker"
)

// sound is a person of a kind and the run that the ledger should hold after everything went well.
func sound(kind string) (*Person, worker.Run) {
	p := &Person{Sub: "ada", Key: "run", Kind: kind, Deleted: true, Keys: map[string]bool{"run-order": true}, Given: map[int64]bool{3: true, 5: true},
		Acts: map[string]int{register: 1, order: 2, contact: 3, welcome: 1}, Writes: []int64{3, 5}, Letters: 1}
	r := worker.Run{Key: "run", State: worker.Done, Steps: map[string]worker.StepRecord{
		register: {State: worker.StepDone}, welcome: {State: worker.StepDone}}}
	switch kind {
	case refused:
		r.State, r.Reason, r.LetterSent = worker.Parked, "http_400", true
	case deleted:
		r.State, r.Steps, p.Acts, p.Writes = worker.Gone, nil, nil, nil
	case stuck:
		r.State, r.Reason, r.LetterSent, r.Crashes = worker.Parked, "crash_loop", true, 3
	}
	return p, r
}

func TestTheJudgeIsContentWithWhatIsRight(t *testing.T) {
	for _, kind := range []string{plain, refused, slowed, deleted, stuck} {
		p, r := sound(kind)
		v := Verdict{States: map[string]int{}}
		if v.judge(p, r, "5", 3); len(v.Violations) > 0 {
			t.Errorf("%s: %q", kind, v.Violations)
		}
	}
	p, r := sound(plain)
	p.Acts[welcome], r.Steps[welcome], r.Flags = 0, worker.StepRecord{State: worker.StepUnknown}, []string{"step welcome: unknown"}
	v := Verdict{States: map[string]int{}}
	if v.judge(p, r, "5", 3); len(v.Violations) > 0 || v.Open != 1 {
		t.Errorf("an open effect that is flagged: %q, %d open", v.Violations, v.Open)
	}
}

func TestTheJudgeSeesWhatIsWrong(t *testing.T) {
	set := func(step string, s worker.StepState) func(*Person, *worker.Run) {
		return func(_ *Person, r *worker.Run) { r.Steps[step] = worker.StepRecord{State: s} }
	}
	for name, tt := range map[string]struct {
		kind   string
		change func(*Person, *worker.Run)
		there  string
		says   string
	}{
		"a run left open":         {plain, func(_ *Person, r *worker.Run) { r.State = worker.Open }, "5", "lost"},
		"a message left":          {plain, func(p *Person, _ *worker.Run) { p.Deleted = false }, "5", "still somewhere"},
		"a lease left":            {plain, func(_ *Person, r *worker.Run) { r.Owner = "a" }, "5", "held by somebody"},
		"a healthy person parked": {plain, func(_ *Person, r *worker.Run) { r.State, r.LetterSent = worker.Parked, true }, "5", "ended as"},
		"a crash loop too early": {plain, func(_ *Person, r *worker.Run) {
			r.State, r.Reason, r.LetterSent, r.Crashes = worker.Parked, "crash_loop", true, 2
		}, "5", "after 2 crashes"},
		"parked without a letter":               {refused, func(p *Person, _ *worker.Run) { p.Letters = 0 }, "", "no dead letter"},
		"parked with a letter unknown":          {refused, func(_ *Person, r *worker.Run) { r.LetterSent = false }, "", "no dead letter"},
		"a refused person done":                 {refused, func(_ *Person, r *worker.Run) { r.State = worker.Done }, "5", "ended as done"},
		"a deleted person done":                 {deleted, func(_ *Person, r *worker.Run) { r.State = worker.Done }, "5", "ended as done"},
		"a deleted person worked on":            {deleted, func(p *Person, _ *worker.Run) { p.Acts = map[string]int{contact: 1} }, "", "worked on"},
		"a deadly person done":                  {stuck, func(_ *Person, r *worker.Run) { r.State, r.Reason = worker.Done, "" }, "5", "dies of it"},
		"no attribute":                          {plain, func(*Person, *worker.Run) {}, "", `holds ""`},
		"an attribute that nobody answered":     {plain, func(*Person, *worker.Run) {}, "4", "holds"},
		"an attribute that was not the last":    {plain, func(*Person, *worker.Run) {}, "3", "saw the writes"},
		"an attribute that went back":           {plain, func(p *Person, _ *worker.Run) { p.Writes = []int64{5, 3, 5} }, "5", "went back"},
		"a vendor left out":                     {plain, func(p *Person, _ *worker.Run) { p.Acts[contact] = 0 }, "5", "never acted"},
		"two keys":                              {plain, func(p *Person, _ *worker.Run) { p.Keys["other"] = true }, "5", "2 keys"},
		"an unsafe effect twice":                {plain, func(p *Person, _ *worker.Run) { p.Acts[register] = 2 }, "5", "happened 2 times"},
		"an unsafe effect invented":             {plain, func(p *Person, _ *worker.Run) { p.Acts[welcome] = 0 }, "5", "never acted"},
		"an unsafe effect forgotten":            {plain, set(welcome, worker.StepOpen), "5", "the ledger says"},
		"an open effect without a flag":         {plain, set(welcome, worker.StepUnknown), "5", "not flagged"},
		"an intent left in a run that is over":  {plain, set(register, worker.StepIntent), "5", "intent open"},
		"a skipped step whose effect happened":  {plain, set(register, worker.StepSkipped), "5", "the ledger says"},
		"an open effect of a parked run unsaid": {refused, set(welcome, worker.StepUnknown), "", "not flagged"},
	} {
		t.Run(name, func(t *testing.T) {
			p, r := sound(tt.kind)
			tt.change(p, &r)
			v := Verdict{States: map[string]int{}}
			v.judge(p, r, tt.there, 3)
			if !slices.ContainsFunc(v.Violations, func(s string) bool { return strings.Contains(s, tt.says) }) {
				t.Errorf("got %q, want %q", v.Violations, tt.says)
			}
		})
	}
}
