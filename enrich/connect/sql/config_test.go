package sqlstep_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	sqlstep "github.com/postconfirm/postconfirm/enrich/connect/sql"
	"github.com/postconfirm/postconfirm/enrich/pipefile"
)

func TestWhatTheFileReaderSays(t *testing.T) {
	client := connect.NewClient(nil)
	defer client.Close()
	for _, test := range []struct {
		name, field string
		change      func(*sqlstep.Config)
	}{
		{"an expression in the query", "query", func(c *sqlstep.Config) { c.Query = "SELECT a FROM x WHERE b = '${{ user.email }}'" }},
		{"a query that changes", "query", func(c *sqlstep.Config) { c.Query = "DELETE FROM x WHERE b = $1" }},
		{"a query in a comment", "query", func(c *sqlstep.Config) { c.Query = "-- SELECT\nDROP TABLE x" }},
		{"two statements", "query", func(c *sqlstep.Config) { c.Query = "SELECT a FROM x WHERE b = $1; DELETE FROM x" }},
		{"a quote without an end", "query", func(c *sqlstep.Config) { c.Query = "SELECT 'a FROM x WHERE b = $1" }},
		{"a very long query", "query", func(c *sqlstep.Config) { c.Query = "SELECT $1" + strings.Repeat(" ", 20000) }},
		{"a placeholder too many", "args", func(c *sqlstep.Config) { c.Query = "SELECT a FROM x WHERE b = $1 AND c = $2" }},
		{"an argument too many", "args", func(c *sqlstep.Config) { c.Query = "SELECT a FROM x" }},
		{"a gap in the placeholders", "args", func(c *sqlstep.Config) { c.Query, c.Args = "SELECT a FROM x WHERE b = $2", append(c.Args, c.Args[0]) }},
		{"the placeholder of the other", "args", func(c *sqlstep.Config) { c.Query = "SELECT a FROM x WHERE b = ?" }},
		{"and the other way round", "args", func(c *sqlstep.Config) { c.Driver = "mysql" }},
		{"another driver", "driver", func(c *sqlstep.Config) { c.Driver = "oracle" }},
		{"a DSN in the file", "dsn", func(c *sqlstep.Config) { c.DSN = template(t, "postgres://u:hunter2@h/d") }},
		{"a user's value in the DSN", "dsn", func(c *sqlstep.Config) { c.DSN = template(t, "postgres://u:p@${{ run.sub }}/d") }},
		{"no DSN", "dsn", func(c *sqlstep.Config) { c.DSN = nil }},
		{"too many rows", "row-limit", func(c *sqlstep.Config) { c.RowLimit = 101 }},
		{"less than no rows", "row-limit", func(c *sqlstep.Config) { c.RowLimit = -1 }},
		{"too many bytes", "max-bytes", func(c *sqlstep.Config) { c.MaxBytes = 65537 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := config(t, client, "postgres", "SELECT a FROM x WHERE b = $1", "${{ user.email }}")
			test.change(c)
			_, err := c.Connector()
			var one *enrich.FieldError
			if !errors.As(err, &one) || one.Field != test.field || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, want one at %s", err, test.field)
			}
		})
	}
}

func TestWhatIsNoPlaceholder(t *testing.T) {
	client := connect.NewClient(nil)
	defer client.Close()
	for driver, queries := range map[string][]string{
		"postgres": {
			"SELECT a FROM x WHERE b = $1", "select a\nfrom x where b = $1;", "(SELECT a FROM x WHERE b = $1)", "WITH y AS (SELECT 1) SELECT $1::text AS a FROM y",
			"SELECT '$2' AS a, \"$3\" FROM x WHERE b = $1 -- $4 ; ' \"", "SELECT $1 AS a /* $2 ; ' */", "SELECT $$ $2 ' ; $$ AS a, $t$ $2 $$ $t$ AS b WHERE c = $1",
			`SELECT E'\' $2 ' AS a WHERE b = $1`, `SELECT '\' AS a WHERE b = $1`, "SELECT 'it''s $2' AS a, $1 AS b", "SELECT $1 AS a; -- the end", "SELECT a FROM x WHERE doc ? 'k' AND b = $1",
		},
		"mysql": {
			"SELECT a FROM x WHERE b = ?", "SELECT '?' AS a, \"?\", `?` FROM x WHERE b = ? # ? ;", `SELECT '\'?' AS a WHERE b = ?`, "SELECT /* ? */ a FROM x WHERE b = ?;\n", "SELECT a -- ?\nFROM x WHERE b = ?",
		},
	} {
		for _, query := range queries {
			if _, err := config(t, client, driver, query, "${{ user.email }}").Connector(); err != nil {
				t.Errorf("%s: %v", query, err)
			}
		}
	}
}

// Scanning is for mistakes of an author; it must end, whatever stands there.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"SELECT $1", "SELECT '", "SELECT $a$", "/*", "--", "SELECT E'\\", "$$", "?;?", "`", "SELECT 1;;;", "$18446744073709551616"} {
		f.Add(seed)
	}
	client := connect.NewClient(nil)
	f.Fuzz(func(t *testing.T, query string) {
		for _, driver := range []string{"postgres", "mysql"} {
			c := config(t, client, driver, query, "x")
			if _, err := c.Connector(); err == nil && strings.Contains(query, "${{") {
				t.Errorf("%q passes", query)
			}
		}
	})
}

const file = `version: 1
pools: [eu-west-1_Ab12cd34E]
steps:
  - id: account
    uses: sql
    with:
      driver: postgres
      dsn: ${{ secrets.CRM }}
      %s
      query: SELECT plan FROM accounts WHERE email = $1
      args: ["${{ user.email }}"]
attributes:
  custom:plan: ${{ steps.account.plan }}
`

func TestAPipelineFileMustSayWhetherTheDatabaseIsPrivate(t *testing.T) {
	client := connect.NewClient(nil)
	defer client.Close()
	kinds := &pipefile.Options{Kinds: []enrich.Kind{sqlstep.Kind(client)}}
	p, err := pipefile.Parse("p", []byte(strings.Replace(file, "%s", "allow-private: true", 1)), kinds)
	if err != nil || p.Steps[0].Class != enrich.Read || p.Steps[0].DependencyName() != "sql:CRM" {
		t.Fatalf("got %+v, %v", p, err)
	}
	_, err = pipefile.Parse("p", []byte(strings.Replace(file, "%s", "", 1)), kinds)
	if err == nil || !strings.Contains(err.Error(), `sql needs "allow-private"`) || !strings.Contains(err.Error(), "inside a secret") {
		t.Errorf("got %v", err)
	}
}
