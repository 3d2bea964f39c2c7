package deadletters

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// Row is all letters of one run, with what the ledger knows of it; a letter about no run has a row of its own. It has no
// personal value.
type Row struct {
	Run      string          `json:"run,omitempty"`   // run key
	Fate     Fate            `json:"fate"`            // of several letters, one that a sweep keeps
	State    worker.RunState `json:"state,omitempty"` // the ledger's; "" if it has no such run
	Pool     string          `json:"pool,omitempty"`
	Letters  int             `json:"letters"`
	Native   int             `json:"native,omitempty"`   // of these, moved by SQS itself: they say no reason
	Reason   string          `json:"reason,omitempty"`   // what the newest letter that says one says, as the next four
	Step     string          `json:"step,omitempty"`     //
	Class    string          `json:"class,omitempty"`    //
	Attempts int             `json:"attempts,omitempty"` //
	Reopens  int             `json:"reopens,omitempty"`  //
	Receives int             `json:"receives"`           // of the letter that was received most, looks included
	Oldest   time.Time       `json:"oldest"`             // when the oldest letter was sent, by the queue's clock
	Newest   time.Time       `json:"newest"`
	latest   time.Time       // of those that say a reason
	found    found
}

// Listing is what List saw.
type Listing struct {
	Rows []Row // the oldest letters first: they leave the queue first
	Seen int   // letters
	Cut  bool  // the limit was reached: there may be more
}

// List looks at up to limit letters and joins them with the ledger, one row for each run. SQS has no list: letters that
// others have just received are not seen, and of a queue with more letters than the limit it is a sample. Nothing is
// removed, but each look raises the receive counts.
func List(ctx context.Context, box Box, ledger Finder, limit int) (Listing, error) {
	var all Listing
	rows := map[string]*Row{}
	err := box.Each(ctx, limit, func(l worker.KeptLetter) error {
		all.Seen++
		key := cmp.Or(l.RunKey(), "letter "+l.ID)
		row := rows[key]
		if row == nil {
			known, err := find(ctx, ledger, l)
			if err != nil {
				return fmt.Errorf("list: %w", err)
			}
			row = &Row{Run: l.RunKey(), Fate: known.of(l), State: known.run.State, Oldest: l.Sent, found: known}
			rows[key] = row
		}
		row.add(l)
		return nil
	})
	for _, row := range rows {
		all.Rows = append(all.Rows, *row)
	}
	slices.SortFunc(all.Rows, func(a, b Row) int { return cmp.Or(a.Oldest.Compare(b.Oldest), cmp.Compare(a.Run, b.Run)) })
	all.Cut = all.Seen >= limit
	return all, err
}

// add counts one letter.
func (r *Row) add(l worker.KeptLetter) {
	r.Letters++
	if what := r.found.of(l); r.Fate.Removable() {
		r.Fate = what
	}
	r.Receives = max(r.Receives, l.Receives)
	if m, err := l.Message(); err == nil {
		r.Pool = m.Pool
	}
	if l.Sent.Before(r.Oldest) {
		r.Oldest = l.Sent
	}
	if l.Sent.After(r.Newest) {
		r.Newest = l.Sent
	}
	if !l.Ours {
		r.Native++
	} else if !l.Sent.Before(r.latest) {
		r.latest = l.Sent
		r.Reason, r.Step, r.Class, r.Attempts, r.Reopens = l.Reason, l.Step, l.Class, l.Attempts, l.Reopens
	}
}
