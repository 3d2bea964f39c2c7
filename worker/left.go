package worker

import "sync"

// maxLeft is how many leases are remembered.
const maxLeft = 10_000

// left are the leases that this process could not give back because the ledger did not take it: by run, the owner's name.
// Whoever claims such a run here again takes the same name, so that a ledger in trouble is not taken for a worker that
// crashed, and nobody waits for the lease's end. The claim raises the fence as any other.
type left struct {
	mu     sync.Mutex
	owners map[string]string
}

func (l *left) remember(run, owner string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.owners == nil {
		l.owners = map[string]string{}
	}
	if len(l.owners) < maxLeft {
		l.owners[run] = owner
	}
}

// take gives the name once; "" if there is none.
func (l *left) take(run string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	owner := l.owners[run]
	delete(l.owners, run)
	return owner
}
