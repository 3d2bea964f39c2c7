package worker

import "context"

// Index is a ledger as it is looked into. Lists and groups see the runs as of some moment of the call each; a run that
// changes meanwhile may be seen as before or as after.
type Index interface {
	// List reads a page of runs. Runs that are damaged are left out and stand in the error, each as ErrDamaged, beside the
	// runs that were read.
	List(ctx context.Context, f Filter) ([]Run, error)
	// Groups counts the runs that have a cause and that f wants, by state and cause, the largest group first; of equal
	// ones in the order of state, step, class, code.
	Groups(ctx context.Context, f Filter, t Trend) ([]Group, error)
	// Find reads one run; ok is false if the ledger does not know it.
	Find(ctx context.Context, id Identity) (r Run, ok bool, err error)
	// Run reads one run by its key, which may cost much more than Find.
	Run(ctx context.Context, key string) (r Run, ok bool, err error)
	// Person reads all runs of a person, in the order of their keys.
	Person(ctx context.Context, pool, sub string) ([]Run, error)
}

// Amender changes runs from outside of a worker.
type Amender interface {
	// Amend stores r over the version that has its fence, and raises the fence, so that whoever holds the run can't store
	// any more; else ErrLeaseLost.
	Amend(ctx context.Context, r Run) error
}
