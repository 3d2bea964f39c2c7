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
		{worker.Parked, 2, 0.4, []int{0, 1, 1, 0}, "postconfirm replay plan --state parked --step crm --class temporary --code http_503"},
		{worker.Open, 1, 0.2, []int{0, 0, 0, 0}, "postconfirm runs list --state open --step company --class temporary --code timeout"},
		{worker.Parked, 1, 0.2, []int{1, 0, 0, 0}, "postconfirm replay plan --state parked --step crm --class temporary --code http_400"},
		{inspect.NoRun, 1, 0.2, []int{0, 0, 1, 0}, "postconfirm dlq list"},
	}
	if diff := cmp.Diff(want, lines); diff != "" || got.Runs != 5 || got.Letters != 2 {
		t.Errorf("%+v (-want +got):\n%s", got, diff)
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
