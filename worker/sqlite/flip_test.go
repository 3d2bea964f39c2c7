package sqlite_test

import (
	"os"
	"testing"
)

// sized is a number of trials: the small one for every day, the full one where POSTCONFIRM_RELIABILITY is "full".
func sized(small, full int) int {
	if os.Getenv("POSTCONFIRM_RELIABILITY") == "full" {
		return full
	}
	return small
}

// rounds is how often the same is tried again with other luck: a quarter of it with -short, as under the race detector,
// which looks at how things are done and not at what the luck was.
func rounds(n int) int {
	if testing.Short() {
		return max(1, n/4)
	}
	return n
}

// TestNoFlippedBitIsSilent goes through a ledger, its log and its mark and flips single bits: at full size every eighth,
// each time another one of its byte, else some hundred. What Open, Run, Claim, Written and Verify say then is either the
// truth or damage.
func TestNoFlippedBitIsSilent(t *testing.T) {
	closed, killed := take(t, 12, false), take(t, 2, true)
	for _, c := range []struct {
		name string
		of   sample
		end  string
	}{{"the file", closed, ""}, {"the log after a kill", killed, "-wal"}, {"the mark", killed, ".mark"}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			size, dir, said, flips := len(c.of.files[c.end]), t.TempDir(), 0, 0
			for i := 0; i < size; i += sized(max(1, size/100), 1) {
				path := c.of.putIn(t, dir, c.end, func(b []byte) []byte { b[i] ^= 1 << (i % 8); return b })
				if flips++; c.of.outcome(t, path) {
					said++
				}
			}
			t.Logf("%d bits of %s flipped (%d bytes): %d were said, %d changed nothing, 0 were silently wrong", flips, c.name, size, said, flips-said)
			if said == 0 && c.end != ".mark" {
				t.Error("no flip was noticed: does the test still hit what it should?")
			}
		})
	}
}
