package fake

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/postconfirm/postconfirm/worker"
)

// Paper is any method of worker.Papers, for FailNext and LoseNext.
const Paper Op = "paper"

type paperName struct{ drawer, name string }

var (
	_ worker.Papers  = Records{}
	_ worker.Index   = Records{}
	_ worker.Amender = Records{}
)

// PutPaper is worker.Papers'.
func (r Records) PutPaper(ctx context.Context, p worker.Paper) (version int64, err error) {
	if err := worker.CheckPaper(p); err != nil {
		return 0, err
	}
	err = r.l.call(ctx, Paper, func() error {
		key := paperName{p.Drawer, p.Name}
		if r.l.drawn[key].Version != p.Version {
			return worker.ErrPaperMoved
		}
		if r.l.drawn == nil {
			r.l.drawn = map[paperName]worker.Paper{}
		}
		p.Version++
		p.Body = slices.Clone(p.Body)
		r.l.drawn[key] = p
		return nil
	})
	if err != nil {
		return 0, err
	}
	return p.Version, nil
}

// Paper is worker.Papers'.
func (r Records) Paper(ctx context.Context, drawer, name string) (p worker.Paper, ok bool, err error) {
	err = r.l.call(ctx, Paper, func() error {
		p, ok = r.l.drawn[paperName{drawer, name}]
		p.Body = slices.Clone(p.Body)
		return nil
	})
	return p, ok && err == nil, err
}

// Papers is worker.Papers'.
func (r Records) Papers(ctx context.Context, drawer, after string, limit int) (found []worker.Paper, err error) {
	err = r.l.call(ctx, Paper, func() error {
		for key, p := range r.l.drawn {
			if key.drawer == drawer && key.name > after {
				p.Body = slices.Clone(p.Body)
				found = append(found, p)
			}
		}
		slices.SortFunc(found, func(a, b worker.Paper) int { return cmp.Compare(a.Name, b.Name) })
		return nil
	})
	return found[:min(len(found), cmp.Or(max(limit, 0), 100))], err
}

// DropPaper is worker.Papers'.
func (r Records) DropPaper(ctx context.Context, drawer, name string) error {
	if drawer == "" || name == "" {
		return errors.New("fake: drop paper: it has no name")
	}
	return r.l.call(ctx, Paper, func() error {
		delete(r.l.drawn, paperName{drawer, name})
		return nil
	})
}
