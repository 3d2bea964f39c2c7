package sqlstep_test

import (
	"crypto/tls"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
)

func adminPostgres(t *testing.T, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		askPostgres(t, statement)
	}
}

// askPostgres gives the first value, "" if there is none.
func askPostgres(t *testing.T, statement string) string {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), os.Getenv("POSTCONFIRM_TEST_POSTGRES"))
	if err != nil {
		t.Fatal(err)
	}
	results, err := conn.Exec(t.Context(), statement).ReadAll()
	if closing := conn.Close(t.Context()); err != nil || closing != nil {
		t.Fatal(statement, err, closing)
	}
	if len(results) == 0 || len(results[0].Rows) == 0 {
		return ""
	}
	return string(results[0].Rows[0][0])
}

func adminMySQL(t *testing.T, statements ...string) {
	t.Helper()
	inMySQL(t, func(db *sql.DB) error {
		for _, statement := range statements {
			if _, err := db.ExecContext(t.Context(), statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		return nil
	})
}

func inMySQL(t *testing.T, do func(*sql.DB) error) {
	t.Helper()
	u, err := url.Parse(os.Getenv("POSTCONFIRM_TEST_MYSQL"))
	if err != nil {
		t.Fatal(err)
	}
	c := mysql.NewConfig()
	c.Net, c.Addr, c.User, c.DBName = "tcp", u.Host, u.User.Username(), u.Path[1:]
	c.Passwd, _ = u.User.Password()
	c.TLS = &tls.Config{InsecureSkipVerify: true}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	err = do(db)
	if closing := db.Close(); err != nil || closing != nil {
		t.Fatal(err, closing)
	}
}

// killAll ends every connection of the connector.
func (s live) killAll(t *testing.T) {
	t.Helper()
	if s.driver == "postgres" {
		askPostgres(t, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'postconfirm'")
		return
	}
	inMySQL(t, func(db *sql.DB) error {
		rows, err := db.QueryContext(t.Context(), "SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND user = 'postconfirm'")
		if err != nil {
			return err
		}
		var ids []int64
		for rows.Next() {
			var id int64
			if err := rows.Scan(&id); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		for _, id := range ids {
			if _, err := db.ExecContext(t.Context(), fmt.Sprintf("KILL HARD CONNECTION %d", id)); err != nil {
				t.Logf("the connection %d ended by itself: %v", id, err)
			}
		}
		return rows.Err()
	})
}

// connections counts those of the connector.
func (s live) connections(t *testing.T) (n int) {
	t.Helper()
	if s.driver == "postgres" {
		_, err := fmt.Sscan(askPostgres(t, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'postconfirm'"), &n)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	inMySQL(t, func(db *sql.DB) error {
		return db.QueryRowContext(t.Context(), "SELECT count(*) FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND user = 'postconfirm'").Scan(&n)
	})
	return n
}
