package inspect

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/postconfirm/postconfirm/worker"
)

// mail is the dead letters of one look, by run. Of each run one letter is kept, and of that no body that is a message.
type mail struct {
	seen  int
	cut   bool // there may be more
	runs  map[string]*post
	alien []Row // letters that are about no run at all
}

// post is one run's letters.
type post struct {
	LetterCount
	id  worker.Identity // whose run it is, if the letter is a message
	row Row             // as it shows if the ledger does not know the run
}

// look reads at most limit letters; the zero mail if there is no queue to look into.
func (i *Inspector) look(ctx context.Context, limit int) (m mail, err error) {
	if i.Letters == nil {
		return m, nil
	}
	if limit <= 0 {
		limit = MaxLetters
	}
	m.runs = map[string]*post{}
	err = i.Letters.Each(ctx, limit, func(l worker.KeptLetter) error { m.add(l); return nil })
	m.cut = m.seen >= limit
	return m, err
}

func (m *mail) add(l worker.KeptLetter) {
	m.seen++
	key := l.RunKey()
	if key == "" {
		m.alien = append(m.alien, rowOfLetter(l))
		return
	}
	p := m.runs[key]
	if p == nil {
		p = &post{row: rowOfLetter(l)}
		if message, err := l.Message(); err == nil {
			p.id = worker.Identity{Pool: message.Pool, Sub: message.Sub, Generation: message.Generation}
		}
		m.runs[key] = p
	}
	p.add(l)
}

// take gives the letters of a run, which are no letters without a run then.
func (m *mail) take(key string) *LetterCount {
	p := m.runs[key]
	if p == nil {
		return nil
	}
	delete(m.runs, key)
	return &p.LetterCount
}

// strangers calls f with the rows of the letters left that have no run: first those about no run at all, then in the
// order of the keys.
func (i *Inspector) strangers(ctx context.Context, m mail, f func(Row) error) error {
	for _, row := range m.alien {
		if err := f(row); err != nil {
			return err
		}
	}
	for _, key := range slices.Sorted(maps.Keys(m.runs)) {
		p := m.runs[key]
		_, known, err := i.find(ctx, key, p.id)
		p.row.Letters = &p.LetterCount
		switch {
		case errors.Is(err, worker.ErrDamaged):
			p.row.Cause = worker.Cause{Class: p.row.Class, Code: "ledger_corrupt"}
		case err != nil:
			return err
		case known:
			continue
		}
		if err := f(p.row); err != nil {
			return err
		}
	}
	return nil
}

// find reads a run the cheapest way.
func (i *Inspector) find(ctx context.Context, key string, id worker.Identity) (worker.Run, bool, error) {
	if id.Sub != "" {
		return i.Index.Find(ctx, id)
	}
	return i.Index.Run(ctx, key)
}
