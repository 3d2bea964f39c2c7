package inspect

import (
	"context"
	"errors"
	"slices"

	"github.com/postconfirm/postconfirm/worker"
)

// Group is the runs that share state and cause, with what to do about them.
type Group struct {
	worker.Group
	Share   float64 `json:"share"`             // of all runs in the answer, 0 to 1
	Meaning string  `json:"meaning,omitempty"` // of the code, if it is known
	Do      string  `json:"do,omitempty"`      // likewise: what helps
	Next    string  `json:"next,omitempty"`    // a command
}

// Grouped are all groups of a query, the largest first.
type Grouped struct {
	Groups  []Group
	Runs    int // in all groups
	Letters int // dead letters that were looked at
	Cut     bool
	Damaged int
	Why     error
}

// Groups counts the runs that have a cause, and the dead letters without a run if there is a queue to look into. Of the
// query, After and Limit have no say.
func (i *Inspector) Groups(ctx context.Context, q Query, t worker.Trend) (all Grouped, err error) {
	var groups []worker.Group
	if q.State != NoRun {
		groups, err = i.Index.Groups(ctx, q.Filter, t)
		if err != nil && !errors.Is(err, worker.ErrDamaged) {
			return all, err
		}
		if err != nil {
			broken := leaves(err)
			all.Damaged, all.Why = len(broken), broken[0]
		}
	}
	letters, err := i.strangersGroups(ctx, q, t, &all)
	if err != nil {
		return all, err
	}
	groups = slices.Concat(groups, letters)
	for _, g := range groups {
		all.Runs += g.Runs
	}
	for _, g := range groups {
		code := i.explainCause(g.Cause)
		all.Groups = append(all.Groups, Group{Group: g, Share: float64(g.Runs) / float64(all.Runs), Meaning: code.Meaning, Do: code.Do, Next: nextOfGroup(g, q.Filter)})
	}
	return all, nil
}

// strangersGroups counts the letters without a run.
func (i *Inspector) strangersGroups(ctx context.Context, q Query, t worker.Trend, all *Grouped) ([]worker.Group, error) {
	if q.State != "" && q.State != NoRun {
		return nil, nil
	}
	m, err := i.look(ctx, q.MaxLetters)
	if err != nil {
		return nil, err
	}
	all.Letters, all.Cut = m.seen, m.cut
	var groups worker.Groups
	err = i.strangers(ctx, m, func(row Row) error {
		if row.matches(q.Filter) {
			groups.Add(NoRun, row.Cause, row.Updated, row.Key, t)
		}
		return nil
	})
	return groups.Sorted(), err
}

// Spark draws a trend with one ASCII character for each part: a space for nothing, then from "." for little to "#" for
// the most of this trend.
func Spark(trend []int) string {
	const marks = ".:-=+*#"
	most := 0
	for _, n := range trend {
		most = max(most, n)
	}
	line := make([]byte, len(trend))
	for i, n := range trend {
		line[i] = ' '
		if n > 0 {
			line[i] = marks[(n*len(marks)-1)/most]
		}
	}
	return string(line)
}
