package lines_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/trigger/lines"
)

type writer func([]byte) (int, error)

func (f writer) Write(p []byte) (int, error) { return f(p) }

func TestALineIsOneWriteAndNoTwoMeet(t *testing.T) {
	var all bytes.Buffer // without a lock: -race sees writes that meet
	l := lines.New(&all)
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() { l.Write(time.Minute, []byte("one line\n")) })
	}
	wait.Wait()
	if all.String() != strings.Repeat("one line\n", 50) {
		t.Errorf("%q", all.String())
	}
}

func TestALogThatIsBrokenHoldsNobodyForLonger(t *testing.T) {
	const limit = 100 * time.Millisecond
	for name, tt := range map[string]struct {
		write func(gate <-chan struct{}) error
		took  time.Duration
	}{
		"it fails":  {func(<-chan struct{}) error { return errors.New("full") }, 0},
		"it panics": {func(<-chan struct{}) error { panic("full") }, 0},
		"it hangs":  {func(gate <-chan struct{}) error { <-gate; return nil }, limit},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gate, written := make(chan struct{}), 0
				l := lines.New(writer(func([]byte) (int, error) { written++; return 0, tt.write(gate) }))
				for range 3 {
					began := time.Now()
					l.Write(limit, []byte("x\n"))
					if took := time.Since(began); took != tt.took {
						t.Errorf("took %v, want %v", took, tt.took)
					}
				}
				close(gate)
				synctest.Wait()
				before := written
				l.Write(limit, []byte("x\n"))
				if want := map[bool]int{true: 1, false: 3}[tt.took > 0]; before != want || written != want+1 {
					t.Errorf("%d lines while it was broken, want %d; %d after", before, want, written)
				}
			})
		})
	}
}

func TestTheMembersMakeOneLineOfJSON(t *testing.T) {
	b := lines.Field([]byte("{"), "a\"b", "x\ny")
	b = lines.Field(b, "empty", "")
	b = lines.Number(b, "n", -3)
	b = lines.Count(lines.Count(b, "one", true), "none", false)
	b = lines.End(b, "took", 12345*time.Microsecond, time.UnixMilli(1700000000123), `"CloudWatchMetrics":[]}}`+"\n")
	want := map[string]any{"a\"b": "x\ny", "n": -3.0, "one": 1.0, "none": 0.0, "took": 12.345,
		"_aws": map[string]any{"Timestamp": 1700000000123.0, "CloudWatchMetrics": []any{}}}
	var got map[string]any
	if err := json.Unmarshal(b, &got); err != nil || bytes.Count(b, []byte("\n")) != 1 || !cmp.Equal(want, got) {
		t.Errorf("%v in %s: %s", err, b, cmp.Diff(want, got))
	}
}

func TestOnlyShortWordsPass(t *testing.T) {
	const longest = "0123456789-abcdefghijklmnopqrstuvwxyz_ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for _, s := range []string{"", "AccessDenied", "AWS.Simple-Queue_9", longest} {
		if got := lines.Word(s); got != s {
			t.Errorf("%q is %q", s, got)
		}
	}
	for _, s := range []string{"a b", "a@b", "a\n", "\u202e", "ä", "\xff", "x" + longest} {
		if got := lines.Word(s); got != "unprintable" {
			t.Errorf("%q is %q", s, got)
		}
	}
}

func TestWhereNamesThePlaceOfAPanic(t *testing.T) {
	for name, tt := range map[string]struct {
		panics func()
		in     string
	}{
		"of ours":         {func() { here() }, ".here:"},
		"of the runtime":  {func() { set(nil) }, ".set:"},
		"of another's":    {func() { new(strings.Builder).Grow(-1) }, "strings.(*Builder).Grow:"},
		"of a panic(nil)": {func() { panic(nil) }, ".TestWhereNamesThePlaceOfAPanic.func"},
	} {
		t.Run(name, func(t *testing.T) {
			where := ""
			func() {
				defer func() {
					if recover() != nil {
						where = lines.Where()
					}
				}()
				tt.panics()
			}()
			if !strings.Contains(where, tt.in) || strings.Contains(where, "canary") {
				t.Errorf("%q", where)
			}
		})
	}
}

func here() { panic("canary") }

func set(m map[string]int) { m["x"] = 1 }
