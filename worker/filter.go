package worker

// Filter chooses runs of a ledger, in the order of their keys. The zero Filter is the first hundred of all.
type Filter struct {
	State RunState // only runs in this state; "" for any
	After string   // only keys behind this one: the last key of the page before
	Limit int      // at most so many; 100
}
