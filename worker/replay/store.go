package replay

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/postconfirm/postconfirm/worker"
)

const (
	drawer    = "plan" // of the headers; a plan's entries are in a drawer of its own
	chunkSize = 1000   // entries of one paper: below 256 KiB even if nothing can be compressed
	maxChunk  = 4 << 20
)

// MaxEntries is how many runs a plan may have: more are chosen by several plans, one filter after the other.
const MaxEntries = 1_000_000

// newID names a plan: the order of names is that of time.
func (d *Desk) newID() string {
	return "p-" + d.now().UTC().Format("20060102T150405Z") + "-" + strings.ToLower(rand.Text()[:6])
}

func chunks(entries int) int { return (entries + chunkSize - 1) / chunkSize }

func chunkName(n int) string { return fmt.Sprintf("%06d", n) }

func chunkDrawer(id string) string { return drawer + "." + id }

// putChunk stores entries as a new paper. It is never stored over another one.
func (d *Desk) putChunk(ctx context.Context, id string, n int, entries []Entry) error {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := errors.Join(json.NewEncoder(z).Encode(entries), z.Close()); err != nil {
		return fmt.Errorf("replay: write down plan: %w", err)
	}
	_, err := d.Ledger.PutPaper(ctx, worker.Paper{Drawer: chunkDrawer(id), Name: chunkName(n), Body: b.Bytes()})
	if err != nil {
		return fmt.Errorf("replay: write down plan: %w", err)
	}
	return nil
}

// chunk reads the entries of one paper. One that is missing, or has not what it should have, is ErrPlanDamaged.
func (d *Desk) chunk(ctx context.Context, p *Plan, n int) ([]Entry, error) {
	paper, ok, err := d.Ledger.Paper(ctx, chunkDrawer(p.ID), chunkName(n))
	if err != nil {
		return nil, fmt.Errorf("replay: read plan: %w", err)
	}
	var entries []Entry
	if ok {
		entries, err = unpack(paper.Body)
	}
	if want := min(chunkSize, p.Entries-n*chunkSize); err != nil || len(entries) != want {
		return nil, fmt.Errorf("replay: read plan %s, part %d: %w", p.ID, n, ErrPlanDamaged)
	}
	return entries, nil
}

func unpack(body []byte) (entries []Entry, err error) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(z, maxChunk))
	if err != nil {
		return nil, err
	}
	return entries, json.Unmarshal(text, &entries)
}

// Load reads a plan; ErrNoPlan if there is none.
func (d *Desk) Load(ctx context.Context, id string) (Plan, error) {
	p, _, err := d.load(ctx, id)
	return p, err
}

func (d *Desk) load(ctx context.Context, id string) (p Plan, version int64, err error) {
	if worker.CheckPaper(worker.Paper{Drawer: drawer, Name: id}) != nil {
		return p, 0, fmt.Errorf("replay: read plan: %w", ErrNoPlan) // what can't be a name was never one
	}
	paper, ok, err := d.Ledger.Paper(ctx, drawer, id)
	switch {
	case err != nil:
		return p, 0, fmt.Errorf("replay: read plan: %w", err)
	case !ok:
		return p, 0, fmt.Errorf("replay: read plan: %w", ErrNoPlan)
	}
	if err := json.Unmarshal(paper.Body, &p); err != nil || p.ID != id {
		return p, 0, fmt.Errorf("replay: read plan %s: %w", id, ErrPlanDamaged)
	}
	return p, paper.Version, nil
}

// List reads plans behind an id, the oldest first, at most limit (100 if it is not positive). Fewer than limit are the
// last.
func (d *Desk) List(ctx context.Context, after string, limit int) ([]Plan, error) {
	papers, err := d.Ledger.Papers(ctx, drawer, after, limit)
	if err != nil {
		return nil, fmt.Errorf("replay: list plans: %w", err)
	}
	plans := make([]Plan, len(papers))
	for i, paper := range papers {
		if err := json.Unmarshal(paper.Body, &plans[i]); err != nil {
			return plans[:i], fmt.Errorf("replay: read plan %s: %w", paper.Name, ErrPlanDamaged)
		}
	}
	return plans, nil
}

func (d *Desk) put(ctx context.Context, p *Plan, version int64) error {
	body, err := json.Marshal(p)
	if err == nil {
		_, err = d.Ledger.PutPaper(ctx, worker.Paper{Drawer: drawer, Name: p.ID, Version: version, Body: body})
	}
	if err != nil {
		return fmt.Errorf("replay: store plan: %w", err)
	}
	return nil
}

// change changes a plan's header, over whatever others changed meanwhile: f may be called more than once, the second time
// perhaps on a plan that has the change already. An error of f leaves the plan as it is.
func (d *Desk) change(ctx context.Context, id string, f func(*Plan) error) (p Plan, err error) {
	for range 50 {
		var version int64
		if p, version, err = d.load(ctx, id); err != nil {
			return p, err
		}
		if err = f(&p); err != nil {
			return p, err
		}
		if err = d.put(ctx, &p, version); !errors.Is(err, worker.ErrPaperMoved) {
			return p, err
		}
	}
	return p, err
}

// drop removes a plan whose making did not come to an end.
func (d *Desk) drop(ctx context.Context, id string) error {
	after := ""
	for {
		papers, err := d.Ledger.Papers(ctx, chunkDrawer(id), after, 100)
		if err != nil {
			return fmt.Errorf("replay: drop plan: %w", err)
		}
		for _, p := range papers {
			if err := d.Ledger.DropPaper(ctx, p.Drawer, p.Name); err != nil {
				return fmt.Errorf("replay: drop plan: %w", err)
			}
			after = p.Name
		}
		if len(papers) < 100 {
			break
		}
	}
	if err := d.Ledger.DropPaper(ctx, drawer, id); err != nil {
		return fmt.Errorf("replay: drop plan: %w", err)
	}
	return nil
}
