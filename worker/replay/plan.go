package replay

import (
	"errors"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// State is where a plan stands.
type State string

// The states of a plan.
const (
	Making    State = "making"    // its selection is being written down; one that stays so was interrupted, and is of no use
	Ready     State = "ready"     // may be run, or goes on where it was left
	Paused    State = "paused"    // by somebody, or by itself
	Cancelled State = "cancelled" // for good
	Sent      State = "sent"      // every run of it was looked at, every message sent
)

// What keeps a plan from being run.
var (
	ErrNoPlan      = errors.New("there is no such plan")
	ErrUnfinished  = errors.New("the plan was never finished: whoever made it was interrupted")
	ErrPaused      = errors.New("the plan is paused")
	ErrCancelled   = errors.New("the plan is cancelled")
	ErrOver        = errors.New("the plan was run to its end")
	ErrPlanDamaged = errors.New("the plan's selection is not complete any more")
)

// Plan is a frozen selection and what became of it.
type Plan struct {
	ID     string    `json:"id"`
	State  State     `json:"state"`
	Reason string    `json:"reason,omitempty"` // why it is paused or cancelled
	By     string    `json:"by,omitempty"`     // who did that; "" is the plan itself
	At     time.Time `json:"at"`               // when it was made
	Who    string    `json:"who"`
	Why    string    `json:"why"`
	Chosen string    `json:"chosen"` // the selection, in words

	Original bool             `json:"original,omitempty"` // with the pipeline file that each run had
	Pipeline string           `json:"pipeline"`           // hash of the file that the worker had when the plan was made
	Limit    float64          `json:"limit"`              // its attribute writes per second
	FromStep string           `json:"from_step,omitempty"`
	Rerun    []string         `json:"rerun,omitempty"`
	Unsafe   bool             `json:"unsafe,omitempty"` // Rerun may name effects that can't be repeated safely
	Fresh    time.Duration    `json:"fresh"`            // how old an answer may be that is used again
	Edit     Edit             `json:"edit,omitzero"`
	Rules    map[string]Rules `json:"rules"` // by pipeline hash with Original, else under ""

	Entries int     `json:"entries"` // runs of the selection
	Preview Preview `json:"preview"`

	Began  time.Time `json:"began,omitzero"`  // when it was run first
	Cursor int       `json:"cursor"`          // so many entries are dealt with, their messages sent
	Counts Counts    `json:"counts,omitzero"` // what became of them, each counted once
	Report *Report   `json:"report,omitempty"`
}

// Counts are entries of a plan by what was found when their turn came.
type Counts struct {
	Reopened int `json:"reopened"`           // by this plan
	Enriched int `json:"enriched,omitempty"` // done by somebody else since the plan was made
	Moved    int `json:"moved,omitempty"`    // reopened by somebody else, and not done
	Gone     int `json:"gone,omitempty"`     // the user is gone, or forgotten
	Unknown  int `json:"unknown,omitempty"`  // the ledger does not know the run any more
	Damaged  int `json:"damaged,omitempty"`  // what the ledger has can't be trusted
}

func (c *Counts) add(o Counts) {
	c.Reopened += o.Reopened
	c.Enriched += o.Enriched
	c.Moved += o.Moved
	c.Gone += o.Gone
	c.Unknown += o.Unknown
	c.Damaged += o.Damaged
}

// of counts one entry that was found so.
func (c *Counts) of(f found) {
	switch f {
	case reopened, woken, over:
		c.Reopened++
	case enriched:
		c.Enriched++
	case moved:
		c.Moved++
	case gone:
		c.Gone++
	case unknown:
		c.Unknown++
	case damaged:
		c.Damaged++
	}
}

// byName is for the audit log.
func (c Counts) byName() map[string]int {
	all := map[string]int{"reopened": c.Reopened}
	for name, n := range map[string]int{"enriched_since": c.Enriched, "moved": c.Moved, "gone": c.Gone, "unknown": c.Unknown, "damaged": c.Damaged} {
		if n > 0 {
			all[name] = n
		}
	}
	return all
}

// steps names what the plan does anew, for the audit log.
func (p *Plan) steps() string {
	all := p.Rerun
	if p.FromStep != "" {
		all = append([]string{"from " + p.FromStep}, all...)
	}
	return strings.Join(all, ",")
}

// rules are those for a run with this pipeline hash.
func (p *Plan) rules(hash string) Rules {
	switch {
	case !p.Original:
		return p.Rules[""]
	case hash == "":
		return p.Rules[p.Pipeline]
	}
	return p.Rules[hash]
}

// Entry is one run of a plan, as it was when the plan was made.
type Entry struct {
	worker.Identity
	State    worker.RunState `json:"s"`
	Reopens  int             `json:"n,omitempty"`
	Pipeline string          `json:"p,omitempty"` // hash of the file that worked on it last
}

// found is what an entry's run turned out to be when its turn came.
type found uint8

const (
	asPlanned found = iota
	reopened        // by us, just now
	woken           // reopened by this plan before, and not over: its message may never have been sent
	over            // reopened by this plan before, and over
	enriched
	moved
	gone
	unknown
	damaged
)

// see tells what a run is to a plan that has it as an entry.
func (e *Entry) see(r worker.Run, known bool, plan string) found {
	switch {
	case !known:
		return unknown
	case r.Plan == plan && r.Reopens == e.Reopens+1 && r.State == worker.Open:
		return woken
	case r.Plan == plan && r.Reopens == e.Reopens+1:
		return over
	case r.Reopens == e.Reopens && r.State == e.State:
		return asPlanned
	case r.State == worker.Gone, r.State == worker.Replaced:
		return gone
	case r.State == worker.Done:
		return enriched
	}
	return moved
}
