//go:build !race

package sqsout

import "testing"

// maxAllocations is what the SDK's client needs for one message, and a hundredth more: 275 when this was written.
const maxAllocations = 277

func TestAMessageAllocatesLittle(t *testing.T) {
	s := newPiped(&pipes{})
	got := testing.AllocsPerRun(500, func() {
		if err := s.rehearse(t.Context()); err != nil {
			t.Error(err)
		}
	})
	t.Logf("%v allocations", got)
	if got > maxAllocations {
		t.Errorf("%v allocations, at most %v are wanted", got, maxAllocations)
	}
}
