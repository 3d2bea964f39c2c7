package sqlstep

import (
	"fmt"
	"strings"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
)

// The bounds of the options.
const (
	defaultRows  = 1
	maxRows      = 100
	defaultBytes = 64 << 10
	maxQuery     = 16 << 10
	maxArgs      = 64
)

// Connector checks the block and makes the step's connector. Its errors are *enrich.FieldError, joined.
func (c *Config) Connector() (enrich.Connector, error) {
	s := &step{config: *c, ask: request{query: c.Query, rows: c.RowLimit, bytes: c.MaxBytes}}
	if s.ask.rows == 0 {
		s.ask.rows = defaultRows
	}
	if s.ask.bytes == 0 {
		s.ask.bytes = defaultBytes
	}
	m := &connect.Mistakes{}
	s.dependency = c.checkDSN(m)
	c.checkQuery(m)
	if s.ask.rows < 1 || s.ask.rows > maxRows {
		m.Add("row-limit", fmt.Sprintf("write a number of rows from 1 to %d", maxRows))
	}
	if s.ask.bytes < 1 || s.ask.bytes > defaultBytes {
		m.Add("max-bytes", fmt.Sprintf("write a number of bytes from 1 to %d", defaultBytes))
	}
	if err := m.Err(); err != nil {
		return nil, err
	}
	return s, nil
}

// checkDSN gives the names of the secrets in it, which stand for the database wherever one is named.
func (c *Config) checkDSN(m *connect.Mistakes) string {
	if c.DSN == nil {
		m.Add("dsn", "it is missing")
		return ""
	}
	var names []string
	for _, path := range c.DSN.Paths() {
		if path[0] != "secrets" {
			m.Add("dsn", "only secrets may stand in it; a value of a user would choose whom we talk to")
			return ""
		}
		names = append(names, path[len(path)-1])
	}
	if len(names) == 0 {
		m.Add("dsn", "it carries a password; write ${{ secrets.NAME }} and keep the value out of the file")
	}
	return strings.Join(names, "+")
}

func (c *Config) checkQuery(m *connect.Mistakes) {
	postgres := c.Driver == "postgres"
	if !postgres && c.Driver != "mysql" {
		m.Add("driver", "write postgres or mysql")
		return
	}
	first, _, _ := strings.Cut(strings.ToLower(strings.TrimLeft(c.Query, " \t\r\n(")), " ")
	first, _, _ = strings.Cut(strings.ReplaceAll(first, "\t", "\n"), "\n")
	found := scan(c.Query, !postgres)
	switch {
	case strings.Contains(c.Query, "${{"):
		m.Add("query", "no expressions in the query: a value could become a command; put a placeholder there, and the value into args")
	case first != "select" && first != "with":
		m.Add("query", "start it with SELECT or WITH; this connector only reads")
	case len(c.Query) > maxQuery:
		m.Add("query", fmt.Sprintf("it is longer than %d bytes", maxQuery))
	case found.open:
		m.Add("query", "a quote or a comment is not closed")
	case found.several:
		m.Add("query", "one statement, without a ;")
	default:
		checkPlaceholders(m, found, len(c.Args), postgres)
	}
	if len(c.Args) > maxArgs {
		m.Add("args", fmt.Sprintf("at most %d", maxArgs))
	}
}

func checkPlaceholders(m *connect.Mistakes, found marks, args int, postgres bool) {
	if !postgres {
		if found.questions != args {
			m.Add("args", fmt.Sprintf("the query has %d ?, and there are %d args", found.questions, args))
		}
		return
	}
	for n := 1; n <= max(args, found.highest); n++ {
		switch {
		case n > args:
			m.Add("args", fmt.Sprintf("the query asks for $%d, and there are %d args", n, args))
			return
		case !found.numbers[n]:
			m.Add("args", fmt.Sprintf("nothing in the query is $%d", n))
			return
		}
	}
}
