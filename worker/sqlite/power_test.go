package sqlite_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/postconfirm/postconfirm/worker/sqlite"
)

// TestWhatWasAcknowledgedSurvivesPowerLoss cuts the power after a drawn number of disk operations. What is left of a
// file then is what was synced, and of the writes after it any part, in any order, the last sectors torn.
func TestWhatWasAcknowledgedSurvivesPowerLoss(t *testing.T) {
	losses := rounds(sized(60, 2000))
	r, total := rand.New(rand.NewPCG(5, 6)), 0
	for loss := range losses {
		dir, err := os.MkdirTemp(t.TempDir(), "loss")
		if err != nil {
			t.Fatal(err)
		}
		before, after := filepath.Join(dir, "ledger.db"), filepath.Join(dir, "after.db")
		m := &memory{durable: map[string][]byte{}, pending: map[string][]change{}, left: 1 + r.IntN(4000)}
		saved := saveUntilDark(t, before, m)
		m.leave(t, r, before, after)
		if loss%2 == 0 {
			copyMark(t, before, after) // never synced: it may be as new as this, or gone
		}
		acknowledged(t, after, saved)
		total += len(saved)
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d runs were acknowledged over %d power losses, none is missing", total, losses)
	if total < losses*10 {
		t.Errorf("only %d runs were acknowledged: the cuts came too early to prove anything", total)
	}
}

// saveUntilDark finishes runs, four at a time, until the power is off. It gives those that were acknowledged.
func saveUntilDark(t *testing.T, path string, m *memory) map[int]bool {
	t.Helper()
	disk := newDisk(t)
	disk.hook(m.before)
	defer disk.hook(nil)
	saved := map[int]bool{}
	l, err := sqlite.Open(path, disk.options())
	if err != nil {
		return saved // dark already
	}
	var mu sync.Mutex
	_ = crowd(4, func(k int) error {
		for i := k; ; i += 4 {
			if err := eventful(t.Context(), l, i); err != nil {
				return err // dark: TestAFailedSyncEndsTheLedger says how
			}
			mu.Lock()
			saved[i] = true
			mu.Unlock()
		}
	})
	_ = l.Close()
	return saved
}

// leave writes what the power loss left of the files at before to after.
func (m *memory) leave(t *testing.T, r *rand.Rand, before, after string) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for file, data := range m.durable {
		m.pending[file] = append([]change{{data, 0}}, m.pending[file]...)
	}
	for file, changes := range m.pending {
		var left []byte
		for i, c := range changes {
			switch what := r.IntN(4); {
			case i == 0 && m.durable[file] != nil, what == 0:
				left = c.apply(left)
			case what == 1 && len(c.data) > 512:
				c.data = c.data[:512*r.IntN(len(c.data)/512+1)]
				left = c.apply(left)
			}
		}
		name := after + strings.TrimPrefix(file, before)
		if err := os.WriteFile(name, left, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func copyMark(t *testing.T, before, after string) {
	t.Helper()
	if _, err := os.Stat(before + ".mark"); err == nil {
		clone(t, before+".mark", after+".mark")
	}
}
