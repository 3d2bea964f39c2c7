package sqlstep

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/postconfirm/postconfirm/enrich"
)

// sink takes rows within a step's limits. Its errors are *enrich.Error and name columns by number: a server could call
// them anything.
type sink struct {
	rows, bytes int // what may still come

	names []string
	found []enrich.Result
}

// A column must be usable as steps.ID.NAME.
var columnName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

// maxColumns is the widest row.
const maxColumns = 100

// columns takes the names, once, before the rows.
func (s *sink) columns(names []string) error {
	if len(names) == 0 || len(names) > maxColumns {
		return refusal(CodeBadColumn, fmt.Sprintf("a row has 1 to %d columns", maxColumns))
	}
	for i, name := range names {
		if !columnName.MatchString(name) || name == "outcome" {
			return refusal(CodeBadColumn, fmt.Sprintf("column %d: call it something of letters, digits and underscores, with AS; outcome is taken", i+1))
		}
		if slices.Contains(names[:i], name) {
			return refusal(CodeBadColumn, fmt.Sprintf("column %d: another has the same name; give it one with AS", i+1))
		}
	}
	s.names = names
	return nil
}

// row takes the values of one row. size is how many bytes they are.
func (s *sink) row(values []any, size int) error {
	if s.rows--; s.rows < 0 {
		return refusal(CodeSeveralRows, "more rows than row-limit; add LIMIT, a narrower WHERE, or a higher row-limit")
	}
	if s.bytes -= size; s.bytes < 0 {
		return refusal(CodeTooLarge, "more bytes than max-bytes; select fewer columns")
	}
	row := make(enrich.Result, len(values))
	for i, name := range s.names {
		row[name] = values[i]
	}
	s.found = append(s.found, row)
	return nil
}

// refusal is an answer that we do not take. It would be the same again.
func refusal(code, why string) error {
	return &enrich.Error{Kind: enrich.Permanent, Code: code, Sent: true, Refused: true, Err: fmt.Errorf("sql: %s", why)}
}
