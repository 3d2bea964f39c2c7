package sqlite

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/postconfirm/postconfirm/worker"
)

type sheetName struct{ drawer, name string }

// foundSheet is the newest version of a paper that was found.
type foundSheet struct {
	sheet sheet
	frame int64 // of the log, in which it stands; 0 for the file
	sound bool
}

// sheetIn reads the columns of the table papers.
func sheetIn(columns []value) (v sheet, ok bool) {
	if len(columns) != 5 || !columns[0].isText || !columns[1].isText || columns[2].isText || !columns[3].isText || !columns[4].isText {
		return sheet{}, false
	}
	v = sheet{string(columns[0].bytes), string(columns[1].bytes), columns[2].number, columns[3].bytes, columns[4].bytes}
	return v, worker.CheckPaper(worker.Paper{Drawer: v.drawer, Name: v.name, Body: v.body}) == nil
}

func (w *wreck) seeSheet(v sheet, frame int64) {
	_, err := v.paper()
	now, key := foundSheet{v, frame, err == nil}, sheetName{v.drawer, v.name}
	before, known := w.papers[key]
	newer := now.frame > before.frame || now.frame == before.frame && now.sound && !before.sound
	if !known || newer {
		w.papers[key] = now
	}
}

// writePapers takes the sound papers over, and names the others.
func (w *wreck) writePapers(ctx context.Context, l *Ledger) (sound int, torn []string, err error) {
	byName := func(a, b sheetName) int {
		return strings.Compare(a.drawer+"/"+a.name, b.drawer+"/"+b.name)
	}
	for _, key := range slices.SortedFunc(maps.Keys(w.papers), byName) {
		f := w.papers[key]
		if !f.sound {
			torn = append(torn, key.drawer+"/"+key.name)
			continue
		}
		if err := l.writer.do(ctx, func(s *statements) error { return s.put(f.sheet, 0) }); err != nil {
			return sound, torn, fmt.Errorf("sqlite: salvage: %w", err)
		}
		sound++
	}
	return sound, torn, nil
}
