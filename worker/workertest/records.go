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
	worker.Index
	worker.Amender
	worker.Papers
	// Overview counts runs by state; a ledger that can't count a state at once has no key for it.
	Overview(ctx context.Context) (worker.Overview, error)
	// Unerased goes through the runs that ended before a moment and are not erased, in any order. An error that is no
	// worker.ErrDamaged is the last.
	Unerased(ctx context.Context, before time.Time) iter.Seq2[worker.Run, error]
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
		{"a run that is not known is not there", (*recordsCase).findsNothing},
		{"the runs of a person are all of them and nobody else's", (*recordsCase).readsPersons},
		{"a list gives each state, page by page", (*recordsCase).lists},
		{"a list keeps to every part of its filter, page by page", (*recordsCase).filters},
		{"a list of a state that is none is refused", (*recordsCase).refusesStates},
		{"groups are what adding up all runs gives, before and after runs move", (*recordsCase).groups},
		{"groups come the largest first, and of a state that is none they are refused", (*recordsCase).sortsGroups},
		{"a run is found by its identity", (*recordsCase).finds},
		{"an overview counts the runs and knows the oldest open one", (*recordsCase).counts},
		{"an amended run is stored, with the next fence, and its holder can't save", (*recordsCase).amends},
		{"an old version can't be amended and leaves nothing behind", (*recordsCase).refusesOldVersions},
		{"a run that is not known, or that is nonsense, can't be amended", (*recordsCase).refusesNonsense},
		{"a parked run that is amended to open can be claimed", (*recordsCase).reopens},
		{"of a crowd that amends one version one wins", (*recordsCase).hasOneWinner},
		{"the unerased runs are those that ended before and have their answers", (*recordsCase).listsUnerased},
		{"a canceled context returns its error and changes nothing", (*recordsCase).honoursContexts},
		{"a paper is read as it was put, and every change has a version of its own", (*recordsCase).keepsPapers},
		{"a paper that moved can't be put over", (*recordsCase).refusesOldPapers},
		{"a drawer gives its papers in their order, page by page, and no others", (*recordsCase).readsDrawers},
		{"a page of papers without a limit has a hundred", (*recordsCase).readsAHundredPapers},
		{"a dropped paper is gone and may be put anew", (*recordsCase).dropsPapers},
		{"a paper with a name that is none, or too long, is refused", (*recordsCase).refusesBadPapers},
		{"of a crowd that puts one version one wins", (*recordsCase).hasOnePaperWinner},
		{"nothing that reads runs meets papers", (*recordsCase).keepsPapersApart},
		{"a canceled context keeps papers as they are", (*recordsCase).honoursContextsOfPapers},
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
