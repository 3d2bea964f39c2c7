package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// drawer is where all papers of this package are.
const drawer = "reconcile"

// kept is a walk as it is stored.
type kept struct {
	Walk
	version int64
}

// found is a user to be sent. The name is left out where it is the sub.
type found struct {
	Sub  string `json:"s"`
	Name string `json:"n,omitempty"`
}

// pile is a paper of users who were found. Piles hang on each other like a chain, the newest at the walk's Head, so that
// the paper of a walk stays small whatever it finds.
type pile struct {
	Next  string  `json:"next,omitempty"` // the pile that was made before
	Users []found `json:"users"`
}

// pileSize is how many bytes of users go into a pile, well below worker.MaxPaper.
const pileSize = 100 << 10

// name is that of a walk's paper.
func (w *Walker) name(s Scope) string { return s.Pool + ":" + s.Generation + ":" + w.o.Name }

// load reads a walk; ok is false if there is none.
func (w *Walker) load(ctx context.Context, s Scope) (k kept, ok bool, err error) {
	var p worker.Paper
	err = patiently(ctx, func() (err error) {
		p, ok, err = w.ports.Papers.Paper(ctx, drawer, w.name(s))
		return err
	})
	if err != nil || !ok {
		return kept{}, false, wrap("read walk", err)
	}
	k.version = p.Version
	if err := json.Unmarshal(p.Body, &k.Walk); err != nil {
		return kept{}, false, fmt.Errorf("reconcile: read walk: %w", err)
	}
	return k, true, nil
}

// Last reads the walk of a scope's pool and generation as it is now; ok is false if there never was one.
func (w *Walker) Last(ctx context.Context, s Scope) (Walk, bool, error) {
	k, ok, err := w.load(ctx, s)
	return k.Walk, ok, err
}

// save stores the next state of a walk over the one that k is, and makes k that. worker.ErrPaperMoved says that somebody
// else was first.
func (w *Walker) save(ctx context.Context, k *kept, next Walk) error {
	next.Updated = w.o.Now().UTC().Round(0)
	body, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("reconcile: save walk: %w", err)
	}
	err = patiently(ctx, func() error {
		version, err := w.ports.Papers.PutPaper(ctx, worker.Paper{Drawer: drawer, Name: w.name(next.Scope), Version: k.version, Body: body})
		if err == nil {
			*k = kept{next, version}
		}
		return err
	})
	return wrap("save walk", err)
}

// saving is a context for what has to be written down although the caller was asked to stop.
func saving(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
}

// stack puts users into piles on top of head, and gives the new head.
func (w *Walker) stack(ctx context.Context, id, head string, users []found) (string, error) {
	for len(users) > 0 {
		n, size := 0, 0
		for n < len(users) && size < pileSize {
			size += len(users[n].Sub) + 6*len(users[n].Name) + 16 // a name may be escaped
			n++
		}
		body, err := json.Marshal(pile{Next: head, Users: users[:n]})
		if err != nil {
			return head, fmt.Errorf("reconcile: save users: %w", err)
		}
		name := id + ":" + word()
		err = patiently(ctx, func() error {
			_, err := w.ports.Papers.PutPaper(ctx, worker.Paper{Drawer: drawer, Name: name, Body: body})
			if errors.Is(err, worker.ErrPaperMoved) {
				return nil // ours: the name is random, and the answer of the first try got lost
			}
			return err
		})
		if err != nil {
			return head, wrap("save users", err)
		}
		head, users = name, users[n:]
	}
	return head, nil
}

// ErrGone says that what a walk found is not there any more.
var ErrGone = errors.New("what the walk found is gone")

// pile reads a pile; the last one is remembered.
func (w *Walker) pile(ctx context.Context, name string) (v pile, err error) {
	if v, ok := w.piles[name]; ok {
		return v, nil
	}
	var p worker.Paper
	var ok bool
	err = patiently(ctx, func() (err error) {
		p, ok, err = w.ports.Papers.Paper(ctx, drawer, name)
		return err
	})
	if err == nil && !ok {
		err = ErrGone
	}
	if err == nil {
		err = json.Unmarshal(p.Body, &v)
	}
	if err != nil {
		return pile{}, wrap("read users", err)
	}
	w.piles = map[string]pile{name: v}
	return v, nil
}

// clear drops the piles of a walk, those included that nobody knows because a program was killed.
func (w *Walker) clear(ctx context.Context, id string) error {
	for after := id + ":"; ; {
		papers, err := w.ports.Papers.Papers(ctx, drawer, after, 20)
		if err != nil {
			return wrap("clear", err)
		}
		for _, p := range papers {
			if !strings.HasPrefix(p.Name, id+":") {
				return nil
			}
			if err := w.ports.Papers.DropPaper(ctx, drawer, p.Name); err != nil {
				return wrap("clear", err)
			}
			after = p.Name
		}
		if len(papers) < 20 {
			return nil
		}
	}
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("reconcile: %s: %w", what, err)
}
