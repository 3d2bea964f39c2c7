package sqlite

import (
	"github.com/ncruces/go-sqlite3"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/record"
)

// A list is in the order of keys, and keys are hashes: an index that finds the few runs of a client does not give them in
// that order. So there are two ways to a page. Where few runs match, an index finds all of them, and the first by key are
// kept. Where many match, an index by key is gone through until the page is full: of a hundred runs one fits, so a
// hundred times the page is read. What is cheaper is found by counting entries of indexes first.
//
// What stays slow is a filter of several parts of which many runs match each and hardly any run matches all: a page may
// read all runs then. An index against that would have its price with every run.

// candidates are the runs among which a page is looked for.
type candidates struct {
	from  string // after FROM; the table runs is r there
	query        // what holds for them, beside what every plan asks for
	rows  int64  // how many they are
	each  float64
	open  int64 // so many open runs are not among them, and have to be looked at besides
}

// What a candidate costs, in microseconds: where its index has all that is asked for, and where its run must be read.
const (
	costEntry = 1.0
	costRun   = 7.0
)

// most is how many candidates of an index are counted: with more, going by key is cheaper.
const most = 20_000

// maxClients bounds how many parts of runs_settled are looked into.
const maxClients = 500

// choose gives the SQL of a page of runs behind f.After, of which the last value is how many; "" if no run can match.
func (c *reading) choose(f worker.Filter, limit int) (sql string, values []any, err error) {
	states, err := c.states()
	if err != nil {
		return "", nil, err
	}
	all, matching := byKey(f, states)
	var best *candidates
	for _, find := range []func(worker.Filter) (*candidates, error){c.troubled, c.settled, c.ofDomain, c.unusual} {
		found, err := find(f)
		if err != nil {
			return "", nil, err
		}
		if found == nil || found.rows > most && found.each == costRun {
			continue
		}
		if found.open > 0 {
			found.open = states[worker.Open]
		}
		if found.rows+found.open == 0 {
			return "", nil, nil
		}
		matching = min(matching, found.rows)
		if best == nil || found.cost() < best.cost() {
			best = found
		}
	}
	if all.rows == 0 {
		return "", nil, nil
	}
	plain, err := c.conditions(f)
	if err != nil {
		return "", nil, err
	}
	if best != nil && best.cost() < float64(limit)*costRun*float64(all.rows)/float64(max(1, matching)) {
		sql, values = best.smallest(plain)
	} else {
		sql, values = all.inOrder(plain)
	}
	return sql, append(values, int64(limit)), nil
}

func (p *candidates) cost() float64 { return float64(p.rows)*p.each + float64(p.open)*costRun }

// inOrder goes through the candidates by key.
func (p *candidates) inOrder(plain *query) (string, []any) {
	q := p.query.with(plain)
	return "SELECT " + columns + " FROM " + p.from + " WHERE " + q.text() + " ORDER BY r.key LIMIT ?", q.values
}

// smallest looks at all candidates, keeps the keys that come first, and reads their runs.
func (p *candidates) smallest(plain *query) (string, []any) {
	q := p.query.with(plain)
	found := "SELECT r.rowid AS id, r.key AS place FROM " + p.from + " WHERE " + q.text()
	if p.open > 0 {
		found += " UNION ALL SELECT r.rowid, r.key FROM runs AS r INDEXED BY runs_open WHERE r.state = 'open' AND " + plain.text()
		q.values = append(q.values, plain.values...)
	}
	return "SELECT " + columns + " FROM (SELECT id, place FROM (" + found + ") ORDER BY place LIMIT ?) CROSS JOIN runs AS r ON r.rowid = id" +
		" ORDER BY place", q.values
}

// byKey is all runs in a state, or all, in the order of their keys, and about how many of them match.
func byKey(f worker.Filter, states map[worker.RunState]int64) (all *candidates, matching int64) {
	all = &candidates{from: "runs AS r INDEXED BY sqlite_autoindex_runs_1"}
	for _, n := range states {
		all.rows += n
	}
	switch f.State {
	case "":
		return all, all.rows
	case worker.Open, worker.Parked:
		all.from, all.rows = "runs AS r INDEXED BY runs_"+string(f.State), states[f.State]
	}
	return all, states[f.State]
}

// states counts all runs.
func (c *reading) states() (n map[worker.RunState]int64, err error) {
	n = map[worker.RunState]int64{}
	err = c.each("SELECT open, done, parked, gone, replaced FROM totals", nil, func(s *sqlite3.Stmt) error {
		for i, state := range record.States() {
			n[state] = s.ColumnInt64(i)
		}
		return nil
	})
	return n, err
}

// troubled are the runs with a cause, if that is asked for. Their index has all that the usual filters look at.
func (c *reading) troubled(f worker.Filter) (*candidates, error) {
	if !troubled(f) {
		return nil, nil
	}
	wanted, sum, err := c.wanted(f)
	p := &candidates{from: "json_each(?) AS w CROSS JOIN runs AS r INDEXED BY runs_troubled", rows: sum, each: costEntry}
	if f.Pipeline != "" || f.Attempts > 0 {
		p.each = costRun
	}
	pairs := make([][2]string, len(wanted))
	for i, t := range wanted {
		pairs[i] = [2]string{t.state, t.cause}
	}
	p.and("r.cause <> '' AND r.state = w.value->>0 AND r.cause = w.value->>1")
	p.listed(pairs)
	return p, err
}

// settled are the runs of some pools, clients and times that nobody works on, if they are few.
func (c *reading) settled(f worker.Filter) (*candidates, error) {
	if f.State == worker.Open || f.State == "" && f.Pool == "" && f.Client == "" && f.Since.IsZero() && f.Until.IsZero() {
		return nil, nil
	}
	parts, err := c.parts(f)
	if err != nil || len(parts) > maxClients {
		return nil, err
	}
	p := &candidates{from: "json_each(?) AS w CROSS JOIN runs AS r INDEXED BY runs_settled", each: costRun, open: besides(f)}
	p.and("r." + settled + " AND r.state = w.value->>0 AND r.pool = w.value->>1 AND r.client = w.value->>2")
	p.listed(parts)
	p.seen(f)
	return p, c.count(p)
}

// besides is 1 if a filter wants open runs too.
func besides(f worker.Filter) int64 {
	if f.State == "" {
		return 1
	}
	return 0
}

// parts are the states, pools and clients of runs_settled that a filter wants. It looks at each once, whatever runs it has.
func (c *reading) parts(f worker.Filter) (parts [][3]string, err error) {
	index, where := "FROM runs INDEXED BY runs_settled WHERE "+settled, ""
	for _, state := range record.States() {
		if state == worker.Open || f.State != "" && f.State != state {
			continue
		}
		where = " AND state = ?"
		pools, err := c.distinct("pool", index+where, f.Pool, string(state))
		for _, pool := range pools {
			if err != nil || len(parts) > maxClients {
				return parts, err
			}
			var clients []string
			clients, err = c.distinct("client", index+where+" AND pool = ?", f.Client, string(state), pool)
			for _, client := range clients {
				parts = append(parts, [3]string{string(state), pool, client})
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// distinct finds the values of a column, at most one more than maxClients, with one look for each; or only the one that is
// wanted, if it is there.
func (c *reading) distinct(column, from, only string, values ...any) (found []string, err error) {
	next, at := "SELECT min("+column+") "+from+" AND "+column+" >= ?", only
	for len(found) <= maxClients {
		ended := true
		err := c.each(next, append(values[:len(values):len(values)], at), func(s *sqlite3.Stmt) error {
			ended, at = s.ColumnType(0) == sqlite3.NULL, s.ColumnText(0)
			return nil
		})
		if err != nil || ended || only != "" && at != only {
			return found, err
		}
		found = append(found, at)
		if only != "" {
			break
		}
		next = "SELECT min(" + column + ") " + from + " AND " + column + " > ?"
	}
	return found, nil
}

// ofDomain are the runs of a domain that nobody works on, if they are few.
func (c *reading) ofDomain(f worker.Filter) (*candidates, error) {
	if f.Domain == "" || f.State == worker.Open {
		return nil, nil
	}
	p := &candidates{from: "runs AS r INDEXED BY runs_of_domain", each: costRun, open: besides(f)}
	p.and("r.domain <> '' AND r." + settled)
	p.and("r.domain = ?", f.Domain)
	return p, c.count(p)
}

// unusual are the runs of a source or a generation that is not that of a sign-up, if they are few.
func (c *reading) unusual(f worker.Filter) (best *candidates, err error) {
	for _, u := range []struct{ column, usual, want string }{{"source", "signup", f.Source}, {"generation", "0", f.Generation}} {
		if u.want == "" || u.want == u.usual {
			continue
		}
		p := &candidates{from: "runs AS r INDEXED BY runs_of_" + u.column, each: costRun}
		p.and("r." + u.column + " <> '" + u.usual + "'")
		p.and("r."+u.column+" = ?", u.want)
		if err := c.count(p); err != nil {
			return nil, err
		}
		if best == nil || p.rows < best.rows {
			best = p
		}
	}
	return best, nil
}

// count counts candidates, up to one more than may be.
func (c *reading) count(p *candidates) error {
	q := p.query.with(&query{})
	return c.each("SELECT count(*) FROM (SELECT 1 FROM "+p.from+" WHERE "+q.text()+" LIMIT ?)", append(q.values, int64(most+1)), func(s *sqlite3.Stmt) error {
		p.rows = s.ColumnInt64(0)
		return nil
	})
}
