package sqlite

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/record"
)

// query is conditions with the values of their question marks, in their order. Nothing that came from outside stands in
// the text.
type query struct {
	list   string // JSON that json_each(?) in FROM goes through; "" without
	where  []string
	values []any
}

func (q *query) and(condition string, values ...any) {
	q.where, q.values = append(q.where, condition), append(q.values, values...)
}

// listed sets what FROM goes through.
func (q *query) listed(v any) {
	text, _ := json.Marshal(v) // arrays of strings always can be
	q.list = string(text)
}

// with is both queries. The list comes first, as FROM does.
func (q *query) with(more *query) *query {
	both := &query{where: slices.Concat(q.where, more.where)}
	if q.list != "" {
		both.values = append(both.values, q.list)
	}
	both.values = slices.Concat(both.values, q.values, more.values)
	return both
}

func (q *query) text() string { return strings.Join(q.where, " AND ") }

// seen adds when runs were first seen.
func (q *query) seen(f worker.Filter) {
	if !f.Since.IsZero() {
		q.and("r.first_seen >= ?", record.Nanoseconds(f.Since))
	}
	if !f.Until.IsZero() {
		q.and("r.first_seen < ?", record.Nanoseconds(f.Until))
	}
}

// narrow are the conditions of a filter but those on cause and key.
func narrow(f worker.Filter) *query {
	q := &query{}
	if f.State != "" {
		q.and("r.state = '" + string(f.State) + "'") // in the text: only so SQLite sees that a partial index will do
	}
	for _, c := range []struct{ column, want string }{{"pool", f.Pool}, {"source", f.Source}, {"client", f.Client}, {"domain", f.Domain}, {"generation", f.Generation}} {
		if c.want != "" {
			q.and("r."+c.column+" = ?", c.want)
		}
	}
	q.seen(f)
	if f.Pipeline != "" { // whoever says more than its hash finds too much here, and Match has the last word
		text, _ := json.Marshal(f.Pipeline)
		q.and("instr(r.record, ?) > 0", slices.Concat([]byte(`"pipeline":`), text[:len(text)-1]))
	}
	if f.Attempts > 0 {
		q.and(`CASE WHEN json_valid(CAST(r.record AS TEXT)) THEN
			(SELECT max(value ->> 'attempts') FROM json_each(CAST(r.record AS TEXT), '$.steps')) >= ? ELSE true END`, int64(f.Attempts))
	}
	return q
}

// conditions are all conditions of a filter. That on the cause is the list of those that the ledger has.
func (c *reading) conditions(f worker.Filter) (*query, error) {
	q := narrow(f)
	q.and("r.key > ?", f.After)
	if !troubled(f) {
		return q, nil
	}
	wanted, _, err := c.wanted(f)
	causes := make([]string, len(wanted))
	for i, t := range wanted {
		causes[i] = t.cause
	}
	text, _ := json.Marshal(causes) // strings always can be
	q.and("r.cause <> '' AND r.cause IN (SELECT value FROM json_each(?))", string(text))
	return q, err
}

// troubled tells whether a filter wants runs with a cause only.
func troubled(f worker.Filter) bool { return f.Troubled || f.Cause != (worker.Cause{}) }
