package record_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/record"
)

func run() worker.Run {
	id := worker.Identity{Pool: "eu-west-1_Ab12cd34E", Sub: "s", Generation: "0"}
	return worker.Run{Identity: id, Key: id.Key(), State: worker.Done}
}

func TestEncodeRefusesWhatIsNoRun(t *testing.T) {
	for name, change := range map[string]func(*worker.Run){
		"another run's key": func(r *worker.Run) { r.Key = "x" },
		"no state":          func(r *worker.Run) { r.State = "" },
		"a foreign state":   func(r *worker.Run) { r.State = "finished" },
		"an answer that is no JSON": func(r *worker.Run) {
			r.Steps = map[string]worker.StepRecord{"company": {Output: []byte(`{"name":`)}}
		},
	} {
		r := run()
		change(&r)
		if _, err := record.Encode(r); err == nil {
			t.Errorf("%s: encoded", name)
		}
	}
}

func TestWhatIsDecodedIsWhatWasEncoded(t *testing.T) {
	want, at := run(), time.Date(2026, 3, 1, 12, 0, 0, 1, time.UTC)
	want.Source, want.Client, want.Reason, want.Releases, want.Reopens, want.LetterSent = "signup", "web", "why", 1, 2, true
	want.Reopened, want.Flags, want.Pipeline = at, []string{"<&>"}, "9f86"
	want.Steps = map[string]worker.StepRecord{"a": {Output: []byte("{\"n\":1.50,\"t\":\"<&>\u2028\"}"), At: at, First: at}}
	want.Written = map[string]worker.Wrote{"website": {Digest: "d", Observed: at}}
	text, err := record.Encode(want)
	if err != nil {
		t.Fatal(err)
	}
	got := run()
	if err := record.Decode(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if bytes.Contains(text, []byte(want.Pool)) || bytes.Contains(text, []byte(want.Key)) {
		t.Errorf("what columns have is in the JSON too: %s", text)
	}
}

func TestTheSumTellsBordersApart(t *testing.T) {
	sum := func(texts []string, numbers []int64, text string) string {
		return string(record.Sum(texts, numbers, []byte(text)))
	}
	all := map[string]bool{
		sum([]string{"v", "ab", "c"}, []int64{1, 2}, "x"): true,
		sum([]string{"v", "a", "bc"}, []int64{1, 2}, "x"): true,
		sum([]string{"w", "ab", "c"}, []int64{1, 2}, "x"): true,
		sum([]string{"v", "ab", "c"}, []int64{2, 1}, "x"): true,
		sum([]string{"v", "ab", "c"}, []int64{1, 2}, "y"): true,
	}
	if len(all) != 5 {
		t.Errorf("5 rows have %d sums", len(all))
	}
	for s := range all {
		if len(s) != 16 {
			t.Errorf("a sum of %d bytes", len(s))
		}
	}
}

func TestTimesComeBack(t *testing.T) {
	for _, want := range []time.Time{{}, time.Unix(0, 1), time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC), time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if got := record.Instant(record.Nanoseconds(want)); !got.Equal(want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

// FuzzDecode reads any JSON: an error, or a run that is the same after it is written again.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"steps":{"a":{"output":null,"if":false}},"written":{"":{"digest":""}},"reopened":"0001-01-01T00:00:00Z"}`))
	f.Add([]byte(`null`))
	f.Add([]byte(`{"steps":[]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, again := run(), run()
		if record.Decode(text, &r) != nil {
			return
		}
		written, err := record.Encode(r)
		if err != nil {
			return // such as a year that JSON can't write
		}
		if err := record.Decode(written, &again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, again, cmpopts.EquateEmpty(), cmp.Comparer(time.Time.Equal)); diff != "" {
			t.Errorf("(-before +after):\n%s", diff)
		}
	})
}
