package sqlite

import (
	"context"
	"fmt"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/record"
)

// wreck is what can be read of a damaged ledger.
type wreck struct {
	runs    map[string]found
	papers  map[sheetName]foundSheet
	damaged int   // pages
	commits int64 // that the ledger counts; -1 if that can't be read
	counted int64 // runs that it counts; -1 if that can't be read
	behind  bool  // commits are missing
}

// found is the newest version of a run that was found.
type found struct {
	row   row
	frame int64 // of the log, in which it stands; 0 for the file
	sound bool
}

func readWreck(ctx context.Context, path string) (*wreck, error) {
	p, err := openPages(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = p.close() }()
	w := &wreck{runs: map[string]found{}, papers: map[sheetName]foundSheet{}, damaged: len(p.broken), commits: -1, counted: -1}
	for number := uint32(1); number <= p.numbers(); number++ {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("sqlite: salvage: %w", ctx.Err())
		}
		page, frame, sound := p.read(number)
		if !sound {
			w.damaged++
		}
		p.cells(number, page, func(columns []value) { w.see(columns, frame) })
	}
	for _, n := range p.broken {
		p.cells(0, p.inFrame(n), func(columns []value) { w.see(columns, n) })
	}
	before, marked, err := readMark(path)
	if err != nil {
		return nil, err
	}
	w.behind = len(p.broken) > 0 || marked && before.commits > w.commits
	return w, nil
}

// see takes a row for a run, or for the totals, if it looks like one.
func (w *wreck) see(columns []value, frame int64) {
	if len(columns) == 1+len(record.States()) && !columns[0].isText {
		w.total(columns)
	}
	if v, ok := sheetIn(columns); ok {
		w.seeSheet(v, frame)
		return
	}
	v, ok := rowIn(columns)
	if !ok || v.key != v.identity().Key() {
		return
	}
	now := found{v, frame, false}
	if _, err := v.sound(); err == nil {
		now.sound = true
	}
	if before, known := w.runs[v.key]; !known || now.newer(before) {
		w.runs[v.key] = now
	}
}

// newer tells which of two versions to believe: the one written later; of the same moment, the sound one.
func (f found) newer(than found) bool {
	if f.frame != than.frame {
		return f.frame > than.frame
	}
	if f.sound != than.sound {
		return f.sound
	}
	return f.row.fence > than.row.fence
}

func (w *wreck) total(columns []value) {
	counted := int64(0)
	for _, c := range columns {
		if c.isText || c.number < 0 {
			return
		}
		counted += c.number
	}
	if columns[0].number > w.commits {
		w.commits, w.counted = columns[0].number, counted-columns[0].number
	}
}

// rowIn reads the columns of the table runs.
func rowIn(columns []value) (v row, ok bool) {
	if len(columns) != columnCount {
		return row{}, false
	}
	texts := []*string{&v.key, &v.pool, &v.sub, &v.generation, &v.state, &v.owner, &v.source, &v.client, &v.domain, &v.cause}
	numbers := []*int64{&v.lease, &v.fence, &v.crashes, &v.updated, &v.first, &v.erased}
	for i, c := range columns {
		if c.isText != (i < len(texts) || i >= len(texts)+len(numbers)) {
			return row{}, false
		}
		switch {
		case i < len(texts):
			*texts[i] = string(c.bytes)
		case i < len(texts)+len(numbers):
			*numbers[i-len(texts)] = c.number
		}
	}
	v.record, v.sum = columns[columnCount-2].bytes, columns[columnCount-1].bytes
	return v, true
}

func (v *row) identity() worker.Identity {
	return worker.Identity{Pool: v.pool, Sub: v.sub, Generation: v.generation}
}
