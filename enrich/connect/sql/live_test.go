package sqlstep_test

import (
	"context"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	sqlstep "github.com/postconfirm/postconfirm/enrich/connect/sql"
)

// live is a real server; see deploy/check/databases.sh.
type live struct {
	driver string
	dsn    string
	admin  admin
	client *connect.Client
}

// admin changes the database behind the connector's back.
type admin func(t *testing.T, statements ...string)

// servers are those that the environment names. Without any the tests of this file have nothing to say; make test
// prints that.
func servers(t *testing.T, test func(t *testing.T, s live)) {
	for _, s := range []live{
		{driver: "postgres", dsn: os.Getenv("POSTCONFIRM_TEST_POSTGRES"), admin: adminPostgres},
		{driver: "mysql", dsn: os.Getenv("POSTCONFIRM_TEST_MYSQL"), admin: adminMySQL},
	} {
		if s.dsn == "" {
			continue
		}
		t.Run(s.driver, func(t *testing.T) {
			s.client = connect.NewClient(&connect.Options{AllowLoopback: true})
			defer s.client.Close()
			test(t, s)
		})
	}
}

// mark is the placeholder for the only argument.
func (s live) mark() string {
	return map[string]string{"postgres": "$1", "mysql": "?"}[s.driver]
}

func (s live) run(t *testing.T, query string, user map[string]any, args ...string) (enrich.Result, error) {
	t.Helper()
	return made(t, config(t, s.client, s.driver, query, args...)).Run(t.Context(), call(s.dsn, user))
}

// with is the DSN with something changed.
func (s live) with(t *testing.T, change func(*url.URL)) string {
	t.Helper()
	u, err := url.Parse(s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	change(u)
	return u.String()
}

func (s live) accounts(t *testing.T) {
	s.admin(t, "DROP TABLE IF EXISTS accounts", "CREATE TABLE accounts (id BIGINT PRIMARY KEY, email VARCHAR(200), plan VARCHAR(20))",
		"INSERT INTO accounts VALUES (1, 'ann@acme.example', 'gold'), (2, 'bob@acme.example', NULL), (3, 'zoë@acme.example', 'tin'), (9007199254740993, 'big@acme.example', 'tin')")
}

func TestLiveALookUp(t *testing.T) {
	servers(t, func(t *testing.T, s live) {
		s.accounts(t)
		query := "SELECT id, plan FROM accounts WHERE email = " + s.mark()
		for _, test := range []struct {
			name string
			user map[string]any
			want enrich.Result
			code string
		}{
			{"a row", map[string]any{"email": "ann@acme.example"}, enrich.Result{"id": int64(1), "plan": "gold"}, ""},
			{"a NULL in it", map[string]any{"email": "bob@acme.example"}, enrich.Result{"id": int64(2), "plan": nil}, ""},
			{"another script", map[string]any{"email": "zoë@acme.example"}, enrich.Result{"id": int64(3), "plan": "tin"}, ""},
			{"a number beyond all floats", map[string]any{"email": "big@acme.example"}, enrich.Result{"id": int64(9007199254740993), "plan": "tin"}, ""},
			{"nobody", map[string]any{"email": "eve@acme.example"}, nil, "not_found"},
			{"a null argument stays NULL", map[string]any{}, nil, "not_found"},
			{"a command as a value", map[string]any{"email": "'; DROP TABLE accounts;--"}, nil, "not_found"},
			{"a backslash and a quote", map[string]any{"email": `\' OR 1=1 -- `}, nil, "not_found"},
		} {
			t.Run(test.name, func(t *testing.T) {
				got, err := s.run(t, query, test.user, "${{ user.email }}")
				if diff := cmp.Diff(test.want, got); diff != "" || (err != nil) != (test.code != "") {
					t.Fatalf("%v (-want +got):\n%s", err, diff)
				}
				if err != nil && enrich.Failure(err).Code != test.code {
					t.Errorf("got %v, want %s", err, test.code)
				}
			})
		}
	})
}

func TestLiveArgumentsOfEveryType(t *testing.T) {
	servers(t, func(t *testing.T, s live) {
		s.accounts(t)
		for name, user := range map[string]any{"a whole number": int64(2), "a text": "2", "a fraction": 2.0} {
			t.Run(name, func(t *testing.T) {
				got, err := s.run(t, "SELECT email FROM accounts WHERE id = "+s.mark(), map[string]any{"sub": user}, "${{ user.sub }}")
				if diff := cmp.Diff(enrich.Result{"email": "bob@acme.example"}, got); diff != "" {
					t.Errorf("%v (-want +got):\n%s", err, diff)
				}
			})
		}
		t.Run("a list is refused", func(t *testing.T) {
			_, err := s.run(t, "SELECT email FROM accounts WHERE id = "+s.mark(), map[string]any{"sub": []any{"canary"}}, "${{ user.sub }}")
			if e := enrich.Failure(err); e.Code != sqlstep.CodeBadValue || e.Sent || strings.Contains(err.Error(), "canary") {
				t.Errorf("got %v", err)
			}
		})
	})
}

func TestLiveValuesOfEveryType(t *testing.T) {
	servers(t, func(t *testing.T, s live) {
		query := map[string]string{
			"postgres": `SELECT true AS yes, 7::int2 AS small, -7::int8 AS big, 0.5::float8 AS half, 12.50::numeric AS price, 3.000::numeric AS whole, 'NaN'::float8 AS nan,
				timestamptz '2026-03-01 12:00:00.25+02' AS at, timestamp '2026-03-01 12:00:00' AS local, date '2026-03-01' AS day, 'infinity'::timestamptz AS ever,
				'é<&>'::text AS txt, 'b'::char(3) AS padded, '{"a":1}'::jsonb AS doc, NULL::int AS nothing, array[1,2] AS list, '3f0c8a52-0000-4000-8000-000000000000'::uuid AS id`,
			"mysql": `SELECT true AS yes, CAST(7 AS SIGNED) AS small, -7 AS big, 0.5e0 AS half, CAST(12.50 AS DECIMAL(5,2)) AS price, CAST(3 AS DECIMAL(5,3)) AS whole, 18446744073709551615 AS huge,
				CAST('2026-03-01 10:00:00.25' AS DATETIME(2)) AS at, CAST('2026-03-01' AS DATE) AS day, 'é<&>' AS txt, CAST('{"a":1}' AS CHAR) AS doc, NULL AS nothing, CAST('08:30:00' AS TIME) AS hour`,
		}[s.driver]
		want := map[string]enrich.Result{
			"postgres": {"yes": true, "small": int64(7), "big": int64(-7), "half": 0.5, "price": 12.5, "whole": int64(3), "nan": nil,
				"at": "2026-03-01T10:00:00.25Z", "local": "2026-03-01T12:00:00Z", "day": "2026-03-01", "ever": "infinity",
				"txt": "é<&>", "padded": "b  ", "doc": `{"a": 1}`, "nothing": nil, "list": "{1,2}", "id": "3f0c8a52-0000-4000-8000-000000000000"},
			"mysql": {"yes": int64(1), "small": int64(7), "big": int64(-7), "half": 0.5, "price": 12.5, "whole": int64(3), "huge": 1.8446744073709552e19,
				"at": "2026-03-01T10:00:00.25Z", "day": "2026-03-01", "txt": "é<&>", "doc": `{"a":1}`, "nothing": nil, "hour": "08:30:00"},
		}[s.driver]
		got, err := s.run(t, query, nil)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
}

func TestLiveSeveralRows(t *testing.T) {
	servers(t, func(t *testing.T, s live) {
		s.accounts(t)
		c := config(t, s.client, s.driver, "SELECT id FROM accounts WHERE id < 4 ORDER BY id")
		c.RowLimit = 3
		got, err := made(t, c).Run(t.Context(), call(s.dsn, nil))
		want := enrich.Result{"count": int64(3), "rows": []any{map[string]any{"id": int64(1)}, map[string]any{"id": int64(2)}, map[string]any{"id": int64(3)}}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		c.RowLimit = 2
		if _, err := made(t, c).Run(t.Context(), call(s.dsn, nil)); enrich.Failure(err).Code != sqlstep.CodeSeveralRows {
			t.Errorf("got %v", err)
		}
	})
}

// canary stands in values and in SQL; the servers' own messages would quote it.
const canary = "canary-7"

func TestLiveWhatTheServerRefuses(t *testing.T) {
	servers(t, func(t *testing.T, s live) {
		s.accounts(t)
		s.admin(t, map[string]string{"postgres": "DROP TABLE IF EXISTS hidden", "mysql": "DROP TABLE IF EXISTS hidden"}[s.driver], "CREATE TABLE hidden (id INT)")
		reader := s.reader(t)
		endless := map[string]string{"postgres": "SELECT repeat('x', 1000) AS x FROM generate_series(1, 10000000)",
			"mysql": "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT REPEAT('x', 1000) AS x FROM n, n AS m"}[s.driver]
		for _, test := range []struct {
			name, query, dsn string
			postgres, mysql  string
			kind             enrich.FailureKind
		}{
			{"no such table", "SELECT 1 AS a FROM nowhere", "", "sql_42p01", "sql_42s02", enrich.Permanent},
			{"no such column", "SELECT nothing FROM accounts", "", "sql_42703", "sql_42s22", enrich.Permanent},
			{"no syntax", "SELECT FROM WHERE", "", "sql_42601", "sql_42000", enrich.Permanent},
			{"no permission", "SELECT id FROM hidden", reader, "sql_42501", "sql_42000", enrich.Permanent},
			{"a wrong password", "SELECT 1 AS a", s.with(t, func(u *url.URL) { u.User = url.UserPassword("postconfirm", canary) }), "sql_28p01", "sql_28000", enrich.Temporary},
			{"an unknown user", "SELECT 1 AS a", s.with(t, func(u *url.URL) { u.User = url.UserPassword(canary, canary) }), "sql_28p01", "sql_28000", enrich.Temporary},
			{"no such database", "SELECT 1 AS a", s.with(t, func(u *url.URL) { u.Path = "/" + canary }), "sql_3d000", "sql_42000", enrich.Temporary},
			{"an unknown authority", "SELECT 1 AS a", s.with(t, func(u *url.URL) { u.RawQuery = "" }), connect.CodeTLS, connect.CodeTLS, enrich.Temporary},
			{"nobody there", "SELECT 1 AS a", s.with(t, func(u *url.URL) { u.Host = "127.0.0.1:1" }), connect.CodeConnect, connect.CodeConnect, enrich.Temporary},
			{"rows without end", endless, "", sqlstep.CodeSeveralRows, sqlstep.CodeSeveralRows, enrich.Permanent},
			{"a long text", "SELECT repeat('x', 70000) AS x", "", sqlstep.CodeTooLarge, sqlstep.CodeTooLarge, enrich.Permanent},
			{"ten megabytes", "SELECT repeat('x', 10000000) AS x", "", sqlstep.CodeTooLarge, sqlstep.CodeTooLarge, enrich.Permanent},
			{"a column without a name", "SELECT 1 + 1", "", sqlstep.CodeBadColumn, sqlstep.CodeBadColumn, enrich.Permanent},
			{"a name twice", "SELECT 1 AS a, 2 AS a", "", sqlstep.CodeBadColumn, sqlstep.CodeBadColumn, enrich.Permanent},
			{"bytes", map[string]string{"postgres": `SELECT '\x00ff'::bytea AS a`, "mysql": "SELECT CAST('a' AS BINARY) AS a"}[s.driver], "", sqlstep.CodeBadColumn, sqlstep.CodeBadColumn, enrich.Permanent},
			{"a query that writes", map[string]string{"postgres": "WITH x AS (DELETE FROM accounts RETURNING id) SELECT id FROM x LIMIT 1", "mysql": "SELECT id FROM accounts LIMIT 1 INTO @x"}[s.driver], "", "sql_25006", sqlstep.CodeBadColumn, enrich.Permanent},
		} {
			t.Run(test.name, func(t *testing.T) {
				dsn, want := test.dsn, map[string]string{"postgres": test.postgres, "mysql": test.mysql}[s.driver]
				if dsn == "" {
					dsn = s.dsn
				}
				_, err := made(t, config(t, s.client, s.driver, test.query)).Run(t.Context(), call(dsn, nil))
				if e := enrich.Failure(err); err == nil || e.Code != want || e.Kind != test.kind {
					t.Errorf("got %v (%v), want %s, %v", err, e.Kind, want, test.kind)
				}
				if err != nil && (strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), "check-only") || strings.Contains(err.Error(), "accounts")) {
					t.Errorf("the error says too much: %v", err)
				}
			})
		}
	})
}

// reader makes a user who may read accounts only, and gives the DSN.
func (s live) reader(t *testing.T) string {
	if s.driver == "postgres" {
		s.admin(t, "DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'reader') THEN DROP OWNED BY reader; DROP ROLE reader; END IF; END $$",
			"CREATE ROLE reader LOGIN PASSWORD 'check-only'", "GRANT SELECT ON accounts TO reader")
	} else {
		s.admin(t, "DROP USER IF EXISTS reader", "CREATE USER reader IDENTIFIED BY 'check-only'", "GRANT SELECT ON shop.accounts TO reader")
	}
	return s.with(t, func(u *url.URL) { u.User = url.UserPassword("reader", "check-only") })
}

func TestLiveNothingIsEverWritten(t *testing.T) {
	servers(t, func(t *testing.T, s live) {
		s.accounts(t)
		s.admin(t, "DROP TABLE IF EXISTS notes", "CREATE TABLE notes (n INT)")
		function := map[string][]string{
			"postgres": {"CREATE OR REPLACE FUNCTION note() RETURNS int LANGUAGE sql AS 'INSERT INTO notes VALUES (1) RETURNING n'"},
			"mysql":    {"DROP FUNCTION IF EXISTS note", "CREATE FUNCTION note() RETURNS INT MODIFIES SQL DATA BEGIN INSERT INTO notes VALUES (1); RETURN 1; END"},
		}[s.driver]
		s.admin(t, function...)
		_, err := s.run(t, "SELECT note() AS n", nil)
		if e := enrich.Failure(err); err == nil || e.Code != "sql_25006" || e.Kind != enrich.Permanent {
			t.Errorf("a function that writes: got %v", err)
		}
		got, err := s.run(t, "SELECT count(*) AS n FROM notes", nil)
		if diff := cmp.Diff(enrich.Result{"n": int64(0)}, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
}

func TestLiveASlowQueryIsEndedOnBothSides(t *testing.T) {
	servers(t, func(t *testing.T, s live) {
		slow := map[string]string{"postgres": "SELECT pg_sleep(20)::text AS a", "mysql": "SELECT SLEEP(20) AS a"}[s.driver]
		connector := made(t, config(t, s.client, s.driver, slow))
		t.Run("by the server, which says so", func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			began := time.Now()
			_, err := connector.Run(ctx, call(s.dsn, nil))
			want := map[string]string{"postgres": "sql_57014", "mysql": "sql_70100"}[s.driver]
			if e := enrich.Failure(err); err == nil || e.Kind != enrich.Temporary || e.Code != want || time.Since(began) > 3*time.Second {
				t.Errorf("got %v after %v, want %s", err, time.Since(began), want)
			}
		})
		t.Run("by whoever gives up", func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			defer time.AfterFunc(300*time.Millisecond, cancel).Stop()
			began := time.Now()
			_, err := connector.Run(ctx, call(s.dsn, nil))
			if e := enrich.Failure(err); e.Code != connect.CodeCanceled || e.Kind != enrich.Temporary || time.Since(began) > 1300*time.Millisecond {
				t.Errorf("got %v after %v", err, time.Since(began))
			}
		})
	})
}

func TestLiveAConnectionThatWasKilledIsReplaced(t *testing.T) {
	servers(t, func(t *testing.T, s live) {
		s.accounts(t)
		connector := made(t, config(t, s.client, s.driver, "SELECT plan FROM accounts WHERE id = 1"))
		for range 3 {
			got, err := connector.Run(t.Context(), call(s.dsn, nil))
			if diff := cmp.Diff(enrich.Result{"plan": "gold"}, got); diff != "" {
				t.Fatalf("%v (-want +got):\n%s", err, diff)
			}
			s.killAll(t)
		}
	})
}

func TestLiveForty(t *testing.T) {
	servers(t, func(t *testing.T, s live) {
		s.accounts(t)
		connector := made(t, config(t, s.client, s.driver, "SELECT plan FROM accounts WHERE email = "+s.mark(), "${{ user.email }}"))
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				email, plan := "ann@acme.example", any("gold")
				if i%2 == 1 {
					email, plan = "bob@acme.example", nil
				}
				for range 10 {
					got, err := connector.Run(t.Context(), call(s.dsn, map[string]any{"email": email}))
					if err != nil || got["plan"] != plan {
						t.Errorf("%s: got %v, %v", email, got, err)
					}
				}
			})
		}
		all.Wait()
		if n := s.connections(t); n > 4 {
			t.Errorf("%d connections are open", n)
		}
		s.client.Close()
	})
}
