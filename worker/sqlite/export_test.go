package sqlite

import (
	"time"

	"github.com/ncruces/go-sqlite3/vfs"

	"github.com/postconfirm/postconfirm/worker"
)

// Row is a row of the table, for the fuzz tests.
type Row struct{ row }

// NewRow makes a row from a state, numbers and the JSON of a record; its sum is right.
func NewRow(id worker.Identity, state, owner string, lease, fence, crashes, updated, first, erased int64, record []byte) Row {
	v := row{key: id.Key(), pool: id.Pool, sub: id.Sub, generation: id.Generation, state: state, owner: owner, source: id.Source, client: id.Client,
		lease: lease, fence: fence, crashes: crashes, updated: updated, first: first, erased: erased, record: record}
	v.sum = v.checksum()
	return Row{v}
}

// RowOf encodes a run.
func RowOf(r worker.Run) (Row, error) {
	v, err := rowOf(r)
	return Row{v}, err
}

// Decode checks the row and makes it a run.
func (r Row) Decode() (worker.Run, error) {
	if err := r.check(); err != nil {
		return worker.Run{}, err
	}
	return r.run()
}

// Columns are pointers to everything that the sum must cover.
func (r *Row) Columns() (texts []*string, numbers []*int64, record *[]byte) {
	return []*string{&r.key, &r.pool, &r.sub, &r.generation, &r.state, &r.owner, &r.source, &r.client, &r.domain, &r.cause},
		[]*int64{&r.lease, &r.fence, &r.crashes, &r.updated, &r.first, &r.erased}, &r.record
}

// ParseMark reads a mark and writes it again.
func ParseMark(text string) (again string, ok bool) {
	m, ok := parseMark(text)
	return m.text(), ok
}

// Cells reads a page and everything that looks like a run on it.
func Cells(page []byte) {
	w := &wreck{runs: map[string]found{}, papers: map[sheetName]foundSheet{}}
	(&pages{}).cells(2, append(page, make([]byte, pageSize)...)[:pageSize], func(columns []value) { w.see(columns, 0) })
	for _, f := range w.runs {
		_, _, _ = f.salvaged(w, time.Unix(0, 0))
	}
}

// Room puts what the ledger has over the operating system's disk over another one.
func Room(below vfs.VFS) vfs.VFS { return room{below} }

// UnerasedCondition is what finds the runs that Unerased gives.
const UnerasedCondition = unerased
