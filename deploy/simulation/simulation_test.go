package simulation_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postconfirm/postconfirm/deploy/simulation"
)

// number reads a number from an environment variable.
func number(t *testing.T, name string, otherwise int64) int64 {
	t.Helper()
	said := os.Getenv(name)
	if said == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(said, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// result adds up what became of many worlds.
type result struct {
	mu      sync.Mutex
	worlds  int
	drawn   map[string]int // worlds in which a fault struck
	states  map[string]int
	longest time.Duration
	repeats int
}

func (r *result) add(one *simulation.Report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.worlds++
	for fault := range one.Drawn {
		r.drawn[fault]++
	}
	for state, n := range one.States {
		r.states[state] += n
	}
	r.longest = max(r.longest, one.Drained)
	r.repeats += one.Repeats
}

// live runs one world in a bubble of its own.
func live(t *testing.T, kit *simulation.Kit, seed int64) (r *simulation.Report) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var err error
		if r, err = kit.Run(t.Context(), seed); err != nil {
			t.Fatal(err)
		}
	})
	return r
}

// TestSimulation lives through many worlds: 500 (60 under the race detector), or POSTCONFIRM_SEEDS, from seed 1 or POSTCONFIRM_SEED on. With
// POSTCONFIRM_SEED alone it lives through that one world, and with -v tells all that happened in it.
func TestSimulation(t *testing.T) {
	first, n := number(t, "POSTCONFIRM_SEED", 1), int64(worlds)
	one := os.Getenv("POSTCONFIRM_SEED") != "" && os.Getenv("POSTCONFIRM_SEEDS") == ""
	if one {
		n = 1
	}
	n = number(t, "POSTCONFIRM_SEEDS", n)
	kit := newKit(t)
	all := &result{drawn: map[string]int{}, states: map[string]int{}}
	started := time.Now()
	t.Run("worlds", func(t *testing.T) {
		const lanes = 2
		for lane := range int64(lanes) {
			t.Run(fmt.Sprint(lane), func(t *testing.T) {
				t.Parallel()
				for seed := first + lane; seed < first+n; seed += lanes {
					t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) { holds(t, kit, seed, all, one) })
				}
			})
		}
	})
	took := time.Since(started)
	t.Logf("%d worlds, %.1f per second; runs by state %v; longest drain %v; %d effects repeated under at-least-once",
		all.worlds, float64(all.worlds)/took.Seconds(), all.states, all.longest, all.repeats)
	if !one {
		everyFaultStruck(t, all)
	}
}

func newKit(t *testing.T) *simulation.Kit {
	t.Helper()
	kit, err := simulation.NewKit()
	if err != nil {
		t.Fatal(err)
	}
	return kit
}

// holds lives through one world and tells what was broken in it, with the line that does it again.
func holds(t *testing.T, kit *simulation.Kit, seed int64, all *result, tell bool) {
	t.Helper()
	r := live(t, kit, seed)
	all.add(r)
	if tell {
		t.Log(r.Plan + "\n" + strings.Join(r.Journal, "\n"))
	}
	if len(r.Violations) == 0 {
		return
	}
	if !tell {
		t.Log("the end of the journal:\n" + strings.Join(r.Journal[max(0, len(r.Journal)-60):], "\n"))
	}
	t.Errorf("%s\nto see it again: POSTCONFIRM_SEED=%d go test ./deploy/simulation -run TestSimulation -v", strings.Join(r.Violations, "\n"), seed)
}

// everyFaultStruck fails for a fault of the table that struck nobody.
func everyFaultStruck(t *testing.T, all *result) {
	t.Helper()
	t.Logf("worlds in which each fault struck: %v", all.drawn)
	if all.worlds < 500 {
		return
	}
	for _, row := range slices.Sorted(maps.Keys(faults())) {
		for _, fault := range faults()[row] {
			if all.drawn[fault] == 0 {
				t.Errorf("%s: %q struck in none of %d worlds", row, fault, all.worlds)
			}
		}
	}
}

// TestOneSeedIsOneWorld holds what a seed fixes, and tells how often the rest comes out the same: which of two goroutines
// goes first that are awake at the same virtual instant is the scheduler's.
func TestOneSeedIsOneWorld(t *testing.T) {
	kit := newKit(t)
	const seeds = 30
	same := 0
	for seed := range int64(seeds) {
		first, second := live(t, kit, seed+1), live(t, kit, seed+1)
		if first.Plan != second.Plan {
			t.Errorf("seed %d has two plans:\n%s\n%s", seed+1, first.Plan, second.Plan)
		}
		if first.Outcome == second.Outcome {
			same++
		}
		if other := live(t, kit, seed+1000); other.Plan == first.Plan {
			t.Errorf("the seeds %d and %d have the same plan", seed+1, seed+1000)
		}
	}
	t.Logf("%d of %d seeds end every run the same way twice", same, seeds)
	if same < seeds/3 {
		t.Errorf("only %d of %d seeds end every run the same way twice: a failure could hardly be seen again", same, seeds)
	}
}
