package workertest

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// Records is what operators' programs read and change beside a working worker, as far as every ledger has it.
type Records interface {
	// Run reads one run by its key; ok is false if there is none.
	Run(ctx context.Context, key string) (r worker.Run, ok bool, err error)
	// Find reads one run by its identity, of which Source and Client don't matter; ok is false if there is none.
	Find(ctx context.Context, id worker.Identity) (r worker.Run, ok bool, err error)
	// Person reads all runs of a person, in the order of their keys.
	Person(ctx context.Context, pool, sub string) ([]worker.Run, error)
	// List reads runs in the order of their keys.
	List(ctx context.Context, f worker.Filter) ([]worker.Run, error)
	// Overview counts runs by state; a ledger that can't count a state at once has no key for it.
	Overview(ctx context.Context) (worker.Overview, error)
	// Unerased goes through the runs that ended before a moment and are not erased, in any order. An error that is no
	// worker.ErrDamaged is the last.
	Unerased(ctx context.Context, before time.Time) iter.Seq2[worker.Run, error]
	// Amend stores r over the version that has its fence, and raises the fence by one; else worker.ErrLeaseLost.
	Amend(ctx context.Context, r worker.Run) error
}

// RecordsHarness is one ledger under test, empty when the suite gets it, and its records.
type RecordsHarness struct {
	Ledger  worker.Ledger
	Records Records
}

// Ledgers runs the suite of Records. open is called once for each sentence.
func Ledgers(t *testing.T, open func(t *testing.T) RecordsHarness) {
	for _, sentence := range []struct {
		name  string
		check func(*recordsCase)
	}{
		{"a run is read by its key as it was saved", (*recordsCase).readsRuns},
		{"a run is found by its identity, whatever its state", (*recordsCase).findsRuns},
		{"a run that is not known is not there", (*recordsCase).findsNothing},
		{"the runs of a person are all of them and nobody else's", (*recordsCase).readsPersons},
		{"a list gives each state, page by page", (*recordsCase).lists},
		{"a list of a state that is none is refused", (*recordsCase).refusesStates},
		{"an overview counts the runs and knows the oldest open one", (*recordsCase).counts},
		{"an amended run is stored, with the next fence, and its holder can't save", (*recordsCase).amends},
		{"an old version can't be amended and leaves nothing behind", (*recordsCase).refusesOldVersions},
		{"a run that is not known, or that is nonsense, can't be amended", (*recordsCase).refusesNonsense},
		{"a parked run that is amended to open can be claimed", (*recordsCase).reopens},
		{"of a crowd that amends one version one wins", (*recordsCase).hasOneWinner},
		{"the unerased runs are those that ended before and have their answers", (*recordsCase).listsUnerased},
		{"a canceled context returns its error and changes nothing", (*recordsCase).honoursContexts},
	} {
		t.Run(sentence.name, func(t *testing.T) {
			h := open(t)
			sentence.check(&recordsCase{ledgerCase{T: t, LedgerHarness: LedgerHarness{Ledger: h.Ledger}}, h.Records})
		})
	}
}

// recordsCase is one sentence on its own ledger.
type recordsCase struct {
	ledgerCase
	records Records
}

// put stores a run with all fields set, in a state, first seen and ended so many minutes after the start.
func (c *recordsCase) put(i int, state worker.RunState, minutes int) worker.Run {
	c.Helper()
	at := start().Add(time.Duration(minutes) * time.Minute)
	r := full(c.claim(person(sub(i)), "a", at))
	r.State, r.Owner, r.Updated, r.Erased = state, "", at, time.Time{}
	c.save(r)
	return r
}

func (c *recordsCase) read(key string) worker.Run {
	c.Helper()
	r, ok, err := c.records.Run(c.Context(), key)
	if err != nil || !ok {
		c.Fatalf("read: found %v, %v", ok, err)
	}
	return r
}

func (c *recordsCase) list(f worker.Filter) []worker.Run {
	c.Helper()
	runs, err := c.records.List(c.Context(), f)
	if err != nil {
		c.Fatalf("list: %v", err)
	}
	return runs
}

func (c *recordsCase) amend(r worker.Run) {
	c.Helper()
	if err := c.records.Amend(c.Context(), r); err != nil {
		c.Fatalf("amend: %v", err)
	}
}
