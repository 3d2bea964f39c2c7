package sqlite

import (
	"bytes"
	"cmp"
	"context"
	"errors"

	"github.com/ncruces/go-sqlite3"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/record"
)

// sheet is a paper as the table papers has it: drawer, name, version, body, and 16 bytes of SHA-256 over all of them.
type sheet struct {
	drawer, name string
	version      int64
	body, sum    []byte
}

const sheetColumns = "drawer, name, version, body, sum"

func sheetOf(p worker.Paper) sheet {
	s := sheet{drawer: p.Drawer, name: p.Name, version: p.Version, body: p.Body}
	if s.body == nil {
		s.body = []byte{} // the column has no NULL
	}
	s.sum = s.checksum()
	return s
}

func (s *sheet) checksum() []byte {
	return record.Sum([]string{"postconfirm/paper/1", s.drawer, s.name}, []int64{s.version}, s.body)
}

// paper checks the sheet.
func (s *sheet) paper() (worker.Paper, error) {
	if !bytes.Equal(s.sum, s.checksum()) {
		return worker.Paper{}, &PaperError{s.drawer, s.name}
	}
	return worker.Paper{Drawer: s.drawer, Name: s.name, Version: s.version, Body: s.body}, nil
}

func scanSheet(s *sqlite3.Stmt) sheet {
	return sheet{s.ColumnText(0), s.ColumnText(1), s.ColumnInt64(2), s.ColumnBlob(3, nil), s.ColumnBlob(4, nil)}
}

// Paper reads a paper; ok is false if there is none. One that is damaged is a *PaperError.
func (r *Reader) Paper(ctx context.Context, drawer, name string) (p worker.Paper, ok bool, err error) {
	papers, err := r.papers(ctx, "drawer = ?1 AND name = ?2", drawer, name)
	if err != nil || len(papers) == 0 {
		return worker.Paper{}, false, wrap("read paper", err)
	}
	return papers[0], true, nil
}

// Papers reads a drawer's papers with names behind after, in the order of their bytes, at most limit (100 if it is not
// positive). Those that are damaged are left out and stand in the error, each as a *PaperError.
func (r *Reader) Papers(ctx context.Context, drawer, after string, limit int) ([]worker.Paper, error) {
	papers, err := r.papers(ctx, "drawer = ?1 AND name > ?2 ORDER BY name LIMIT ?3", drawer, after, int64(cmp.Or(max(limit, 0), 100)))
	return papers, wrap("read papers", err)
}

func (r *Reader) papers(ctx context.Context, where string, values ...any) (papers []worker.Paper, err error) {
	var broken error
	err = r.with(ctx, func(c *reading) error {
		return c.each("SELECT "+sheetColumns+" FROM papers WHERE "+where, values, func(s *sqlite3.Stmt) error {
			v := scanSheet(s)
			p, err := v.paper()
			if err != nil {
				broken = errors.Join(broken, err)
				return nil
			}
			papers = append(papers, p)
			return nil
		})
	})
	return papers, errors.Join(err, broken)
}

// PutPaper stores a paper over the version it has, durably when it returns nil, and gives its new version; else
// worker.ErrPaperMoved. If ctx ends first, its error is returned at once, and the paper may be stored all the same.
func (l *Ledger) PutPaper(ctx context.Context, p worker.Paper) (version int64, err error) {
	return l.writer.putPaper(ctx, p)
}

// DropPaper removes a paper, whatever its version; one that is not there is no error.
func (l *Ledger) DropPaper(ctx context.Context, drawer, name string) error {
	return l.writer.dropPaper(ctx, drawer, name)
}

// PutPaper is Ledger.PutPaper.
func (b *Beside) PutPaper(ctx context.Context, p worker.Paper) (version int64, err error) {
	return b.writer.putPaper(ctx, p)
}

// DropPaper is Ledger.DropPaper.
func (b *Beside) DropPaper(ctx context.Context, drawer, name string) error {
	return b.writer.dropPaper(ctx, drawer, name)
}

func (w *writer) putPaper(ctx context.Context, p worker.Paper) (version int64, err error) {
	if err := worker.CheckPaper(p); err != nil {
		return 0, wrap("put paper", err)
	}
	before := p.Version
	p.Version++
	p.Body = bytes.Clone(p.Body) // a caller who leaves early may go on with it
	next := sheetOf(p)
	err = w.do(ctx, func(s *statements) error { return s.put(next, before) })
	if err != nil {
		return 0, wrap("put paper", err)
	}
	return p.Version, nil
}

func (w *writer) dropPaper(ctx context.Context, drawer, name string) error {
	return wrap("drop paper", w.do(ctx, func(s *statements) error { return s.drop(drawer, name) }))
}

// put is PutPaper inside a transaction. A paper that is damaged is in nobody's way: its version is the one it shows.
func (s *statements) put(next sheet, before int64) error {
	stmt, values := s.addSheet, []any{next.drawer, next.name, next.version, next.body, next.sum}
	if before != 0 {
		stmt, values = s.putSheet, append(values, before)
	}
	if err := bind(stmt, values...); err != nil {
		return err
	}
	n, err := exec(stmt)
	if err == nil && n == 0 {
		err = worker.ErrPaperMoved
	}
	s.change.writes += n
	return err
}

// drop is DropPaper inside a transaction.
func (s *statements) drop(drawer, name string) error {
	if err := bind(s.dropSheet, drawer, name); err != nil {
		return err
	}
	n, err := exec(s.dropSheet)
	s.change.writes += n
	return err
}

// exec runs a statement to its end and counts the rows that it returned, one for each that it changed.
func exec(stmt *sqlite3.Stmt) (n int, err error) {
	for stmt.Step() {
		n++
	}
	return n, reset(stmt, stmt.Err())
}
