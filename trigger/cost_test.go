//go:build !race

// The race detector allocates for itself, so what the handler allocates is counted without it (make test).
package trigger_test

import (
	"io"
	"testing"

	"github.com/postconfirm/postconfirm/trigger"
)

// TestAnInvocationAllocatesLittle holds what the handler itself allocates for a sign-up, the SDK aside: the reading, the
// message, two lines and two goroutines with their timers.
func TestAnInvocationAllocatesLittle(t *testing.T) {
	for name, tt := range map[string]struct {
		file string
		most float64
	}{
		"a sign-up":        {"signup-event.json", 55},
		"an ignored event": {"console-test-event.json", 7},
	} {
		payload := testdata(t, tt.file)
		h := trigger.New(discard{}, &trigger.Options{Log: io.Discard, MetadataKeys: []string{"plan"}})
		got := testing.AllocsPerRun(200, func() {
			if _, err := h.Invoke(t.Context(), payload); err != nil {
				t.Error(err)
			}
		})
		if got > tt.most {
			t.Errorf("%s: %v allocations, at most %v are wanted", name, got, tt.most)
		}
	}
}
