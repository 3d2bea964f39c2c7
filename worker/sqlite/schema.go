package sqlite

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"github.com/ncruces/go-sqlite3"
)

// schemaVersion is of the tables and of the record's JSON. It rises when an older program would misread a newer file.
const schemaVersion = "2"

// tables are the whole schema. runs keeps its rowid: what is new stands together at the end, so the saves of young runs
// share pages; by its hashed key every save would touch a page of its own. The indexes over times grow at their ends for the same
// reason. totals has one row, kept by whoever writes; so has troubles one for each cause, and one more for each ten minutes
// in which runs with it were last saved.
//
// An ordinary run pays for lists once, when it ends: an entry of runs_settled, near others of its client and time, and a
// small one of runs_of_domain. Only runs with a cause are in runs_troubled, which has all that the usual filters look at.
const tables = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE totals (
	commits INTEGER NOT NULL, open INTEGER NOT NULL, done INTEGER NOT NULL, parked INTEGER NOT NULL,
	gone INTEGER NOT NULL, replaced INTEGER NOT NULL
) STRICT;
CREATE TABLE runs (
	key TEXT NOT NULL UNIQUE, pool TEXT NOT NULL, sub TEXT NOT NULL, generation TEXT NOT NULL,
	state TEXT NOT NULL, owner TEXT NOT NULL, source TEXT NOT NULL, client TEXT NOT NULL, domain TEXT NOT NULL, cause TEXT NOT NULL,
	lease_until INTEGER NOT NULL, fence INTEGER NOT NULL, crashes INTEGER NOT NULL, updated INTEGER NOT NULL, first_seen INTEGER NOT NULL, erased INTEGER NOT NULL,
	record BLOB NOT NULL, sum BLOB NOT NULL
) STRICT;
CREATE INDEX runs_of_person ON runs(sub);
CREATE INDEX runs_open ON runs(key) WHERE state = 'open';
CREATE INDEX runs_parked ON runs(key) WHERE state = 'parked';
CREATE INDEX runs_waiting ON runs(first_seen) WHERE state = 'open';
CREATE INDEX runs_unerased ON runs(updated) WHERE ` + unerased + `;
CREATE INDEX runs_settled ON runs(state, pool, client, first_seen) WHERE ` + settled + `;
CREATE INDEX runs_of_domain ON runs(domain) WHERE domain <> '' AND ` + settled + `;
CREATE INDEX runs_of_source ON runs(source) WHERE source <> 'signup';
CREATE INDEX runs_of_generation ON runs(generation) WHERE generation <> '0';
CREATE INDEX runs_troubled ON runs(state, cause, updated, key, pool, source, client, domain, generation, first_seen) WHERE cause <> '';
CREATE TABLE troubles (
	slot INTEGER NOT NULL, state TEXT NOT NULL, cause TEXT NOT NULL, runs INTEGER NOT NULL, PRIMARY KEY (slot, state, cause)
) STRICT, WITHOUT ROWID;
CREATE TABLE papers (
	drawer TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL, sum BLOB NOT NULL, UNIQUE (drawer, name)
) STRICT;
INSERT INTO totals VALUES (0, 0, 0, 0, 0, 0);
`

// unerased is the condition of runs that have ended and still have their answers.
const unerased = "erased = 0 AND state IN ('done', 'gone', 'replaced')"

// settled is the condition of runs that nobody works on.
const settled = "state <> 'open'"

// setUp makes a new ledger, or checks that an old one is ours before anything in it changes.
func setUp(c *sqlite3.Conn, path string) (m mark, err error) {
	n, err := number(c, "SELECT count(*) FROM sqlite_schema")
	if err != nil {
		return mark{}, err
	}
	if n == 0 {
		if err := (mark{}).compare(path); err != nil {
			return mark{}, err
		}
		if err := create(c); err != nil {
			return mark{}, err
		}
	}
	if m, err = recognise(c, path); err != nil {
		return mark{}, err
	}
	if err := m.compare(path); err != nil {
		return mark{}, err
	}
	return m, errors.Join(c.Exec("PRAGMA journal_mode=WAL"), verified(c))
}

// join checks that a ledger that another process may have open is ours.
func join(c *sqlite3.Conn, path string) (m mark, err error) {
	before, _, err := readMark(path)
	if err == nil {
		m, err = recognise(c, path)
	}
	if err == nil {
		err = m.against(before, path)
	}
	return m, err
}

// create makes the tables, after what can't be changed any more when there are some: the page checksums.
func create(c *sqlite3.Conn) error {
	if err := errors.Join(c.EnableChecksums("main"), c.Exec("PRAGMA journal_mode=WAL")); err != nil {
		return err
	}
	identity := make([]byte, 16)
	_, _ = rand.Read(identity) // never fails: crypto/rand
	meta := fmt.Sprintf("INSERT INTO meta VALUES ('schema', '%s'), ('ledger', '%s');", schemaVersion, hex.EncodeToString(identity))
	return c.Exec("BEGIN IMMEDIATE;" + tables + meta + "COMMIT")
}

// recognise reads whose file it is and how far it has come.
func recognise(c *sqlite3.Conn, path string) (m mark, err error) {
	version, err := text(c, "SELECT value FROM meta WHERE name = 'schema'")
	if err != nil && !errors.Is(err, sqlite3.ERROR) {
		return mark{}, err
	}
	if err != nil || version == "" {
		return mark{}, &Unusable{Path: path, Problem: "it is an SQLite file of something else", Next: "name another file"}
	}
	if version != schemaVersion {
		return mark{}, &Unusable{Path: path, Problem: "its schema is version " + strconv.Quote(version) + ", this program knows " + schemaVersion,
			Next: "use the version of postconfirm that wrote it, or a newer one"}
	}
	if m.identity, err = text(c, "SELECT value FROM meta WHERE name = 'ledger'"); err != nil {
		return mark{}, err
	}
	m.commits, err = number(c, "SELECT commits FROM totals")
	return m, err
}

// text is the single value of a query, "" if there is no row.
func text(c *sqlite3.Conn, query string) (v string, err error) {
	s, _, err := c.Prepare(query)
	if err != nil {
		return "", err
	}
	if s.Step() {
		v = s.ColumnText(0)
	}
	return v, errors.Join(s.Err(), s.Close())
}

func number(c *sqlite3.Conn, query string) (int64, error) {
	v, err := text(c, query)
	if err != nil || v == "" {
		return 0, err
	}
	return strconv.ParseInt(v, 10, 64)
}
