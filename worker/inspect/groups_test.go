package inspect_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/inspect"
)

func TestGroupsSayHowManyAndWhatComesNext(t *testing.T) {
	open := parked(8, "timeout")
	open.State, open.Reason = worker.Open, ""
	open.Steps = map[string]worker.StepRecord{"company": {Code: "timeout", Kind: "temporary", Attempts: 1}}
	i, _, _ := over([]worker.Run{parked(1, "http_503"), parked(2, "http_503"), parked(3, "http_400"), open, done(9)},
		letterOf(identity(5, "0"), "too_old"), letterOf(identity(1, "0"), "http_503"))
	got, err := i.Groups(t.Context(), inspect.Query{}, worker.Trend{End: noon, Each: time.Minute, Parts: 4})
	if err != nil {
		t.Fatal(err)
	}
	type line struct {
		State worker.RunState
		Runs  int
		Share float64
		Trend []int
		Next  string
	}
	var lines []line
	for _, g := range got.Groups {
		lines = append(lines, line{g.State, g.Runs, g.Share, g.Trend, g.Next})
	}
	want := []line{
		{worker.Parked, 2, 0.4, []int{0, 1, 1, 0}, "postconfirm replay plan --state parked --step crm --class temporary --code http_503 --why TICKET"},
		{worker.Open, 1, 0.2, []int{0, 0, 0, 0}, "postconfirm runs list --state open --step company --class temporary --code timeout"},
		{worker.Parked, 1, 0.2, []int{1, 0, 0, 0}, "postconfirm replay plan --state parked --step crm --class temporary --code http_400 --why TICKET"},
		{inspect.NoRun, 1, 0.2, []int{0, 0, 1, 0}, "postconfirm dlq list"},
	}
	if diff := cmp.Diff(want, lines); diff != "" || got.Runs != 5 || got.Letters != 2 {
		t.Errorf("%+v (-want +got):\n%s", got, diff)
	}
}

func TestTheNextCommandChoosesNoMoreThanWasLookedAt(t *testing.T) {
	i, _, _ := over([]worker.Run{parked(1, "http_503")})
	f := worker.Filter{Pool: pool, Source: "signup", Generation: "0", Client: "web", Domain: worker.DomainHash("example.com"), Since: noon.Add(-2 * time.Hour), Until: noon, Attempts: 1}
	const cause = " --state parked --step crm --class temporary --code http_503 --pool eu-west-1_Ab12cd34E --source signup --generation 0 --client web --domain "
	rest := f.Domain + " --since 2026-03-01T10:00:00Z --until 2026-03-01T12:00:00Z --attempts 1"
	got, err := i.Groups(t.Context(), inspect.Query{Filter: f}, worker.Trend{})
	if err != nil || len(got.Groups) != 1 || got.Groups[0].Next != "postconfirm replay plan"+cause+rest+" --why TICKET" {
		t.Errorf("%+v, %v", got, err)
	}
	f = worker.Filter{Pipeline: "9f"}
	got, err = i.Groups(t.Context(), inspect.Query{Filter: f}, worker.Trend{})
	if err != nil || len(got.Groups) != 1 || got.Groups[0].Next != "postconfirm replay plan --state parked --step crm --class temporary --code http_503 --pipeline-hash 9f --why TICKET" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestASparkline(t *testing.T) {
	for _, c := range []struct {
		trend []int
		want  string
	}{{nil, ""}, {[]int{0, 0}, "  "}, {[]int{1, 1}, "##"}, {[]int{0, 1, 50, 100}, " .=#"}, {[]int{1, 2, 3, 4, 5, 6, 7}, ".:-=+*#"}} {
		if got := inspect.Spark(c.trend); got != c.want {
			t.Errorf("%v: %q, want %q", c.trend, got, c.want)
		}
	}
}

func TestNextCommandsAreSafeToPaste(t *testing.T) {
	for value, want := range map[string]string{"crm": " --x crm", "-rf": " --x=-rf", "$(rm -rf /)": " --x '$(rm -rf /)'", "": " --x=''",
		"it's": ` --x 'it'\''s'`, "../../etc": " --x ../../etc", "a;b": " --x 'a;b'", "--": " --x=--"} {
		if got := inspect.Arg("x", value); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}
