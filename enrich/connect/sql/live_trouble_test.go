package sqlstep_test

import (
	"context"
	"database/sql"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	sqlstep "github.com/postconfirm/postconfirm/enrich/connect/sql"
)

func TestLiveALockedTableIsWaitedForAndNotForLong(t *testing.T) {
	servers(t, func(t *testing.T, s live) {
		s.accounts(t)
		unlock := s.lock(t)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		_, err := made(t, config(t, s.client, s.driver, "SELECT plan FROM accounts WHERE id = 1")).Run(ctx, call(s.dsn, nil))
		unlock()
		want := map[string]string{"postgres": "sql_57014", "mysql": "sql_70100"}[s.driver]
		if e := enrich.Failure(err); err == nil || e.Code != want || e.Kind != enrich.Temporary {
			t.Errorf("got %v, want %s", err, want)
		}
	})
}

// lock keeps the table from being read until it is undone.
func (s live) lock(t *testing.T) (undo func()) {
	t.Helper()
	if s.driver == "mysql" {
		held, done, undone := make(chan struct{}), make(chan struct{}), make(chan struct{})
		go func() {
			defer close(undone)
			inMySQL(t, func(db *sql.DB) error {
				conn, err := db.Conn(context.Background())
				if err == nil {
					_, err = conn.ExecContext(context.Background(), "LOCK TABLES accounts WRITE")
				}
				close(held)
				<-done
				if err == nil {
					err = conn.Close()
				}
				return err
			})
		}()
		<-held
		return func() { close(done); <-undone }
	}
	conn, err := pgconn.Connect(t.Context(), s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "BEGIN; LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE").ReadAll(); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := conn.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

func TestLiveTooManyConnections(t *testing.T) {
	servers(t, func(t *testing.T, s live) {
		s.accounts(t)
		reader := s.reader(t)
		if s.driver == "postgres" {
			s.admin(t, "ALTER ROLE reader CONNECTION LIMIT 0")
		} else {
			s.admin(t, "GRANT USAGE ON *.* TO reader WITH MAX_USER_CONNECTIONS 1", "SET GLOBAL max_connections = 10")
		}
		connector := made(t, config(t, s.client, s.driver, map[string]string{"postgres": "SELECT pg_sleep(0.5)::text AS a", "mysql": "SELECT SLEEP(0.5) AS a"}[s.driver]))
		failures := make(chan error, 4)
		for range cap(failures) {
			go func() {
				_, err := connector.Run(t.Context(), call(reader, nil))
				failures <- err
			}()
		}
		refused := 0
		for range cap(failures) {
			err := <-failures
			if err == nil {
				continue
			}
			refused++
			want := map[string]string{"postgres": "sql_53300", "mysql": "sql_42000"}[s.driver]
			if e := enrich.Failure(err); e.Code != want || e.Kind != enrich.Temporary {
				t.Errorf("got %v (%v), want %s", err, e.Kind, want)
			}
		}
		if refused == 0 {
			t.Error("nobody was refused, so this proves nothing")
		}
	})
}

func TestLiveEncryption(t *testing.T) {
	servers(t, func(t *testing.T, s live) {
		question := map[string]string{"postgres": "SELECT CASE WHEN ssl THEN 'yes' ELSE '' END AS value FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
			"mysql": "SELECT variable_value AS value FROM information_schema.session_status WHERE variable_name = 'ssl_cipher'"}[s.driver]
		for _, test := range []struct {
			name, query string
			host        string
			encrypted   bool
			code        string
		}{
			{"checked", "", "", true, ""},
			{"checked, by its name", "", "localhost", true, ""},
			{"checked by name", "sslmode=verify-full", "", true, connect.CodeTLS}, // without the authority
			{"encrypted only", "sslmode=require", "", true, ""},
			{"open", "sslmode=disable", "", false, ""},
			{"no such file", "sslrootcert=/nowhere", "", false, sqlstep.CodeBadDSN},
		} {
			t.Run(test.name, func(t *testing.T) {
				dsn := s.with(t, func(u *url.URL) {
					if test.query != "" {
						u.RawQuery = test.query
					}
					if test.host != "" {
						u.Host = test.host + ":" + u.Port()
					}
				})
				got, err := made(t, config(t, s.client, s.driver, question)).Run(t.Context(), call(dsn, nil))
				if test.code != "" {
					if e := enrich.Failure(err); e.Code != test.code {
						t.Errorf("got %v, want %s", err, test.code)
					}
					return
				}
				if err != nil || (got["value"] != "") != test.encrypted {
					t.Errorf("got %v, %v", got, err)
				}
			})
		}
	})
}

func TestLivePrivateAddressesNeedAWord(t *testing.T) {
	servers(t, func(t *testing.T, s live) {
		guarded := connect.NewClient(nil)
		defer guarded.Close()
		for _, host := range []string{"127.0.0.1", "169.254.169.254", "10.255.255.1"} {
			c := config(t, guarded, s.driver, "SELECT 1 AS a")
			c.AllowPrivate = host != "10.255.255.1"
			dsn := s.with(t, func(u *url.URL) { u.Host = host + ":" + u.Port() })
			if _, err := made(t, c).Run(t.Context(), call(dsn, nil)); enrich.Failure(err).Code != connect.CodeBlocked || strings.Contains(err.Error(), host) {
				t.Errorf("%s: got %v", host, err)
			}
		}
	})
}
