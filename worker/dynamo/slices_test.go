package dynamo_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/dynamo"
)

const each = 100 * time.Millisecond

// want asks for three slots of the next minute.
func want() worker.Ask {
	return worker.Ask{Want: 3, Each: each, Now: start(), Edge: start().Add(time.Minute)}
}

func n(v int64) map[string]any { return map[string]any{"N": fmt.Sprint(v)} }

// lineAt is the item of a line that ends so long after the start.
func lineAt(d time.Duration) map[string]any {
	return map[string]any{"person": map[string]any{"S": "#budget"}, "generation": map[string]any{"S": "writes"},
		"next": n(start().Add(d).UnixNano()), "clock": n(start().UnixNano())}
}

func was(i map[string]any) answer { return says(200, encoded(map[string]any{"Attributes": i})) }

func TestALeaseIsOneWriteWhereItMay(t *testing.T) {
	granted := func(n int, from time.Duration) worker.Slice {
		return worker.Slice{Granted: n, From: start().Add(from), Clock: start()}
	}
	for _, c := range []struct {
		name       string
		answers    []answer
		operations string
		slice      worker.Slice
	}{
		{"a line that has run out", []answer{was(lineAt(-time.Second))}, "UpdateItem", granted(3, 0)},
		{"a line that never was", []answer{says(200, `{}`)}, "UpdateItem", worker.Slice{Granted: 3, From: start()}},
		{"a line that goes on", []answer{refuses(lineAt(time.Second)), was(lineAt(time.Second))}, "UpdateItem UpdateItem", granted(3, time.Second)},
		{"a line that somebody makes longer meanwhile", []answer{refuses(lineAt(time.Second)), refuses(lineAt(2 * time.Second)), was(lineAt(2 * time.Second))},
			"UpdateItem UpdateItem UpdateItem", granted(3, 2*time.Second)},
		{"a line that somebody makes longer after the guess", []answer{refuses(lineAt(time.Second)), was(lineAt(3 * time.Second))}, "UpdateItem UpdateItem", granted(3, 3*time.Second)},
		{"a line with room for two", []answer{refuses(lineAt(time.Minute - 2*each)), was(lineAt(time.Minute - 2*each))}, "UpdateItem UpdateItem", granted(2, time.Minute-2*each)},
		{"a full line", []answer{refuses(lineAt(time.Minute))}, "UpdateItem", granted(0, time.Minute)},
		{"a server that does not say what it met", []answer{refuses(nil), holds(lineAt(time.Second)), was(lineAt(time.Second))}, "UpdateItem GetItem UpdateItem", granted(3, time.Second)},
		{"a line that vanished", []answer{refuses(nil), says(200, `{}`), says(200, `{}`)}, "UpdateItem GetItem UpdateItem", worker.Slice{Granted: 3, From: start()}},
		{"others who always come first", []answer{refuses(lineAt(1)), refuses(lineAt(2)), refuses(lineAt(3)), refuses(lineAt(4)), refuses(lineAt(5)), refuses(lineAt(6))},
			strings.TrimSpace(strings.Repeat("UpdateItem ", 6)), granted(0, 6)},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, s := ledger(t, c.answers...)
			got, err := l.Slices().Lease(t.Context(), want())
			if diff := cmp.Diff(c.slice, got); err != nil || diff != "" {
				t.Errorf("got %v; slice (-want +got):\n%s", err, diff)
			}
			if s.operations() != c.operations {
				t.Errorf("calls: %s, want %s", s.operations(), c.operations)
			}
		})
	}
	t.Run("the next one knows where the line ended, and needs one write again", func(t *testing.T) {
		l, s := ledger(t, was(lineAt(-time.Second)), was(lineAt(3*each)))
		line := l.Slices()
		for i, from := range []time.Duration{0, 3 * each} {
			if got, err := line.Lease(t.Context(), want()); err != nil || got != granted(3, from) {
				t.Errorf("lease %d: got %v, %v", i, got, err)
			}
		}
		if s.operations() != "UpdateItem UpdateItem" {
			t.Errorf("calls: %s", s.operations())
		}
	})
	t.Run("a line that is believed to be full is read, not written", func(t *testing.T) {
		l, s := ledger(t, refuses(lineAt(time.Minute)), holds(lineAt(time.Minute)))
		line := l.Slices()
		for range 2 {
			if got, err := line.Lease(t.Context(), want()); err != nil || got != granted(0, time.Minute) {
				t.Errorf("got %v, %v", got, err)
			}
		}
		if s.operations() != "UpdateItem GetItem" {
			t.Errorf("calls: %s", s.operations())
		}
	})
}

func TestALineThatIsNoneIsBegunAnew(t *testing.T) {
	text := lineAt(0)
	text["next"] = map[string]any{"S": "soon"}
	for name, nonsense := range map[string]map[string]any{"of text": text, "that ends in a hundred years": lineAt(100 * 365 * 24 * time.Hour)} {
		t.Run("a line "+name, func(t *testing.T) {
			l, s := ledger(t, refuses(nonsense), was(nonsense))
			got, err := l.Slices().Lease(t.Context(), want())
			if err != nil || got.Granted != 3 || !got.From.Equal(start()) {
				t.Errorf("got %v, %v", got, err)
			}
			values := s.calls[1].body["ExpressionAttributeValues"].(map[string]any)
			if diff := cmp.Diff(nonsense["next"], values[":was"]); diff != "" {
				t.Errorf("what it replaces (-want +got):\n%s", diff)
			}
		})
	}
}

func TestALeaseThatFailsIsNoSlice(t *testing.T) {
	for name, c := range map[string]struct {
		answer answer
		code   string
		kind   enrich.FailureKind
	}{
		"a throttled table": {awsError("ProvisionedThroughputExceededException"), "provisioned_throughput_exceeded", enrich.Throttled},
		"no permission":     {awsError("AccessDeniedException"), "access_denied", enrich.Denied},
		"a lost answer":     {resets, "network", enrich.Temporary},
	} {
		t.Run(name, func(t *testing.T) {
			l, s := ledger(t, c.answer)
			got, err := l.Slices().Lease(t.Context(), want())
			if f := enrich.Failure(err); err == nil || got != (worker.Slice{}) || f.Kind != c.kind || !strings.HasPrefix(f.Code, c.code) {
				t.Errorf("got %v, %v", got, err)
			}
			if s.operations() != "UpdateItem" {
				t.Errorf("calls: %s", s.operations())
			}
			if strings.Contains(fmt.Sprint(err), "canary") && c.code != "access_denied" {
				t.Errorf("the error repeats what the service wrote: %v", err)
			}
		})
	}
	t.Run("a closed ledger", func(t *testing.T) {
		l, _ := ledger(t)
		slices, hints := l.Slices(), l.Hints()
		_ = l.Close()
		_, err := slices.Lease(t.Context(), want())
		_, moveErr := hints.Move(t.Context(), "x", time.Time{}, start())
		_, readErr := hints.Hints(t.Context())
		for _, err := range []error{err, moveErr, readErr} {
			if !errors.Is(err, dynamo.ErrClosed) {
				t.Errorf("got %v", err)
			}
		}
	})
}
