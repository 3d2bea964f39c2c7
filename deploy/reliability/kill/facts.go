//go:build unix

package kill

import (
	"sync"
)

// The kinds of people who confirm. What a vendor says depends on it.
const (
	plain   = "plain"
	refused = "refused" // the lookup refuses them for good: they are parked
	slowed  = "slowed"  // the lookup throttles them at first: their message is hidden
	deleted = "deleted" // gone from the pool before the worker reads them
	stuck   = "stuck"   // the worker dies of them, whenever it meets them
)

// Person is what the world outside knows for sure about one confirmed user: not from the worker, but from what arrived.
type Person struct {
	Sub, Key string // Key is the run's
	Kind     string
	Acts     map[string]int  // by step: how often the vendor really did it
	Keys     map[string]bool // idempotency keys that the keyed vendor got
	Given    map[int64]bool  // versions that the lookup answered
	Writes   []int64         // versions that the pool took, in its order
	Asked    int             // lookups
	Letters  int             // dead letters that the queue took
	Receives int             // how often the queue gave the message out
	Deleted  bool            // the message was deleted
}

// Facts are the ground truth of a proof, gathered where the calls arrive. They are safe for concurrent use.
type Facts struct {
	mu      sync.Mutex
	people  map[string]*Person // by sub
	byRun   map[string]*Person
	clock   int64             // the version that the next lookup answers
	wakes   int               // messages of operators that the queue took
	early   []string          // deletes before the ledger had an end
	receipt map[string]string // message id → its newest receipt, of those not deleted
	owner   map[string]string // receipt → sub
	message map[string]string // receipt → message id
}

func newFacts() *Facts {
	return &Facts{people: map[string]*Person{}, byRun: map[string]*Person{}, receipt: map[string]string{},
		owner: map[string]string{}, message: map[string]string{}}
}

// confirmed notes somebody who is about to be put on the queue.
func (f *Facts) confirmed(p *Person) {
	p.Acts, p.Keys, p.Given = map[string]int{}, map[string]bool{}, map[int64]bool{}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.people[p.Sub], f.byRun[p.Key] = p, p
}

// of lends the person with that sub to do; nobody is known by another.
func (f *Facts) of(sub string, do func(*Person)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.people[sub]; p != nil {
		do(p)
	}
}

// asked notes a lookup and gives its answer's version: every answer has a newer one.
func (f *Facts) asked(sub string) (kind string, times int, version int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.people[sub]
	if p == nil {
		return refused, 0, 0
	}
	f.clock++
	p.Asked++
	p.Given[f.clock] = true
	return p.Kind, p.Asked, f.clock
}

// received notes a message that the worker holds now.
func (f *Facts) received(id, receipt, sub string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.owner, f.receipt[id])
	delete(f.message, f.receipt[id])
	f.receipt[id], f.owner[receipt], f.message[receipt] = receipt, sub, id
	if p := f.people[sub]; p != nil {
		p.Receives++
	}
}

// twice tells whether some message was given out again that was not deleted.
func (f *Facts) twice() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.people {
		if p.Receives > 1 && !p.Deleted {
			return true
		}
	}
	return false
}

// gone notes a message that was deleted.
func (f *Facts) gone(receipt string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.people[f.owner[receipt]]; p != nil {
		p.Deleted = true
	}
	delete(f.receipt, f.message[receipt])
	delete(f.message, receipt)
	delete(f.owner, receipt)
}

// holder is the run whose message the receipt holds; "" if nobody's.
func (f *Facts) holder(receipt string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.people[f.owner[receipt]]; p != nil {
		return p.Key
	}
	return ""
}

// held are the receipts of messages that were received and not deleted.
func (f *Facts) held() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]string, 0, len(f.receipt))
	for _, receipt := range f.receipt {
		all = append(all, receipt)
	}
	return all
}

// letter notes a dead letter.
func (f *Facts) letter(run string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.byRun[run]; p != nil {
		p.Letters++
	}
}

// tooEarly notes a delete of a message whose run has no durable end.
func (f *Facts) tooEarly(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.early = append(f.early, what)
}

// woken notes messages that an operator sent.
func (f *Facts) woken(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wakes += n
}

// woke is how many messages operators have sent.
func (f *Facts) woke() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.wakes
}

// mended makes everybody whom the lookup refuses somebody like all others.
func (f *Facts) mended() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.people {
		if p.Kind == refused {
			p.Kind = plain
		}
	}
}
