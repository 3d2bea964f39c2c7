package sqlite

import (
	"errors"

	"github.com/ncruces/go-sqlite3"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/record"
)

// statements are what the writer says to SQLite, prepared once. One transaction holds the requests of many callers:
// each reads first and then writes with at most one statement, which SQLite does wholly or not at all, so one that
// fails leaves nothing behind and the others go on.
type statements struct {
	begin, commit, rollback    *sqlite3.Stmt
	find, insert, update, sums *sqlite3.Stmt
	others                     *sqlite3.Stmt
	refresh                    *sqlite3.Stmt // update for what no index but that of ended runs knows
	count, uncount             *sqlite3.Stmt // of troubles
	addSheet                   *sqlite3.Stmt // a paper; those three return a row for each that they change
	putSheet, dropSheet        *sqlite3.Stmt
	change                     totals // of the transaction
}

// totals are the changes of the table totals in one transaction, by state.
type totals struct {
	writes   int
	states   map[string]int64
	troubles map[trouble]int64
}

const (
	columns     = "key, pool, sub, generation, state, owner, source, client, domain, cause, lease_until, fence, crashes, updated, first_seen, erased, record, sum"
	columnCount = 18
)

func prepare(c *sqlite3.Conn) (*statements, error) {
	s := &statements{change: totals{states: map[string]int64{}, troubles: map[trouble]int64{}}}
	for _, p := range []struct {
		stmt **sqlite3.Stmt
		text string
	}{
		{&s.begin, "BEGIN IMMEDIATE"},
		{&s.commit, "COMMIT"},
		{&s.rollback, "ROLLBACK"},
		{&s.find, "SELECT " + columns + " FROM runs WHERE key = ?1"},
		{&s.others, "SELECT " + columns + " FROM runs WHERE sub = ?1 AND pool = ?2 AND key <> ?3"},
		{&s.insert, "INSERT INTO runs (" + columns + ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)"},
		{&s.update, `UPDATE runs SET state = ?2, owner = ?3, source = ?4, client = ?5, domain = ?6, cause = ?7, lease_until = ?8, fence = ?9,
			crashes = ?10, updated = ?11, first_seen = ?12, erased = ?13, record = ?14, sum = ?15 WHERE key = ?1 AND fence = ?16`},
		{&s.refresh, `UPDATE runs SET owner = ?2, domain = ?3, cause = ?4, lease_until = ?5, fence = ?6, crashes = ?7, updated = ?8,
			record = ?9, sum = ?10 WHERE key = ?1 AND fence = ?11`},
		{&s.count, "INSERT INTO troubles VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET runs = runs + ?4 RETURNING runs"},
		{&s.uncount, "DELETE FROM troubles WHERE slot = ?1 AND state = ?2 AND cause = ?3"},
		{&s.addSheet, "INSERT INTO papers (" + sheetColumns + ") VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING RETURNING version"},
		{&s.putSheet, "UPDATE papers SET version = ?3, body = ?4, sum = ?5 WHERE drawer = ?1 AND name = ?2 AND version = ?6 RETURNING version"},
		{&s.dropSheet, "DELETE FROM papers WHERE drawer = ?1 AND name = ?2 RETURNING version"},
		{&s.sums, `UPDATE totals SET commits = commits + 1, open = open + ?1, done = done + ?2, parked = parked + ?3,
			gone = gone + ?4, replaced = replaced + ?5 RETURNING commits`},
	} {
		var err error
		if *p.stmt, _, err = c.Prepare(p.text); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// save is Ledger.Save inside a transaction.
func (s *statements) save(changed row) error {
	stored, ok, err := find(s.find, changed.key)
	if err != nil {
		return err
	}
	if !ok || stored.fence != changed.fence {
		return worker.ErrLeaseLost
	}
	return s.replace(changed, stored)
}

// amend is Amend inside a transaction: changed has the fence of the version that it goes over.
func (s *statements) amend(changed row) error {
	stored, ok, err := find(s.find, changed.key)
	if err != nil {
		return err
	}
	if !ok || stored.fence != changed.fence {
		return worker.ErrLeaseLost
	}
	changed.fence++
	changed.sum = changed.checksum()
	return s.replace(changed, stored)
}

func (s *statements) add(v row) error {
	err := bind(s.insert, v.key, v.pool, v.sub, v.generation, v.state, v.owner, v.source, v.client, v.domain, v.cause, v.lease,
		v.fence, v.crashes, v.updated, v.first, v.erased, v.record, v.sum)
	if err == nil {
		err = s.insert.Exec()
	}
	if err == nil {
		s.change.writes++
		s.change.states[v.state]++
		s.change.trouble(v, 1)
	}
	return err
}

// replace stores v over the row that is stored. Most changes leave the columns of the indexes as they are: told so, SQLite
// leaves the indexes alone.
func (s *statements) replace(v, stored row) (err error) {
	stmt := s.refresh
	if v.state == stored.state && v.first == stored.first && v.erased == stored.erased && v.source == stored.source && v.client == stored.client {
		err = bind(stmt, v.key, v.owner, v.domain, v.cause, v.lease, v.fence, v.crashes, v.updated, v.record, v.sum, stored.fence)
	} else {
		stmt = s.update
		err = bind(stmt, v.key, v.state, v.owner, v.source, v.client, v.domain, v.cause, v.lease, v.fence, v.crashes, v.updated,
			v.first, v.erased, v.record, v.sum, stored.fence)
	}
	if err == nil {
		err = stmt.Exec()
	}
	if err == nil {
		s.change.writes++
		s.change.states[stored.state]--
		s.change.states[v.state]++
		s.change.trouble(stored, -1)
		s.change.trouble(v, 1)
	}
	return err
}

// total adds the changes of this transaction to the totals and gives the number of commits; ok is false if there is
// nothing to commit.
func (s *statements) total() (commits int64, ok bool, err error) {
	if s.change.writes == 0 {
		return 0, false, nil
	}
	err = s.countTroubles()
	for i, state := range record.States() {
		err = errors.Join(err, s.sums.BindInt64(i+1, s.change.states[string(state)]))
	}
	for err == nil && s.sums.Step() {
		commits, ok = s.sums.ColumnInt64(0), true
	}
	if err == nil {
		err = s.sums.Err()
	}
	err = reset(s.sums, err)
	if err == nil && !ok {
		err = errors.Join(ErrDamaged, errors.New("its totals are gone"))
	}
	return commits, ok, err
}

// start begins a transaction.
func (s *statements) start() error {
	s.change.writes = 0
	clear(s.change.states)
	clear(s.change.troubles)
	return s.begin.Exec()
}

// find reads and checks the row of a key.
func find(s *sqlite3.Stmt, key string) (v row, ok bool, err error) {
	if err := s.BindText(1, key); err != nil {
		return row{}, false, err
	}
	if s.Step() {
		v, ok = scan(s), true
	}
	if err := reset(s, s.Err()); err != nil {
		return row{}, false, err
	}
	if ok && v.key != key {
		return row{}, false, &RecordError{key, "another run stands in its place"}
	}
	if ok {
		err = v.check()
	}
	return v, ok, err
}

// reset makes the statement ready for its next use. SQLite repeats the statement's error then: err comes first.
func reset(s *sqlite3.Stmt, err error) error {
	if again := s.Reset(); err == nil {
		return again
	}
	return err
}

// scan reads the columns of the row that s stands on.
func scan(s *sqlite3.Stmt) row {
	return row{key: s.ColumnText(0), pool: s.ColumnText(1), sub: s.ColumnText(2), generation: s.ColumnText(3),
		state: s.ColumnText(4), owner: s.ColumnText(5), source: s.ColumnText(6), client: s.ColumnText(7), domain: s.ColumnText(8),
		cause: s.ColumnText(9), lease: s.ColumnInt64(10), fence: s.ColumnInt64(11), crashes: s.ColumnInt64(12), updated: s.ColumnInt64(13),
		first: s.ColumnInt64(14), erased: s.ColumnInt64(15), record: s.ColumnBlob(16, nil), sum: s.ColumnBlob(17, nil)}
}

func bind(s *sqlite3.Stmt, values ...any) error {
	for i, v := range values {
		var err error
		switch v := v.(type) {
		case string:
			err = s.BindText(i+1, v)
		case int64:
			err = s.BindInt64(i+1, v)
		case []byte:
			err = s.BindBlob(i+1, v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
