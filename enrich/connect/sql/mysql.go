package sqlstep

import (
	"context"
	"database/sql/driver"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/go-sql-driver/mysql"
)

// mariaDB is a session with MySQL or MariaDB. The statement is prepared on the server, and its parameters are bound.
type mariaDB struct {
	conn mysqlConn
	line *line
}

// mysqlConn is what the driver's connection can do.
type mysqlConn interface {
	driver.Conn
	driver.ExecerContext
	driver.ConnBeginTx
	driver.ConnPrepareContext
}

func openMySQL(ctx context.Context, t target, l *line) (session, error) {
	config := mysql.NewConfig()
	config.User, config.Passwd, config.DBName = t.user, t.password, t.database
	config.Net, config.Addr = "tcp", t.address()
	config.TLS, config.ParseTime = t.tls, true
	config.Logger = &mysql.NopLogger{} // the driver's words quote the server's
	config.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) { return l.connect(ctx) }
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, unsent(ctx, CodeBadDSN, "dsn", fmt.Errorf("the driver refuses it with a %T", err))
	}
	conn, err := connector.Connect(ctx)
	if err != nil {
		l.hangUp()
		return nil, failure(ctx, l, err)
	}
	able, ok := conn.(mysqlConn)
	if !ok {
		l.hangUp()
		return nil, unsent(ctx, CodeBadDSN, "driver", fmt.Errorf("it makes a %T", conn))
	}
	l.open = true
	return &mariaDB{able, l}, nil
}

// ask sets the limits, begins, prepares, asks and rolls back: five round trips. Of the two time limits the comments let
// each server see its own (MariaDB skips MySQL's numbers from 5.7 on).
func (m *mariaDB) ask(ctx context.Context, r request, into *sink) error {
	left := limit(ctx)
	set := fmt.Sprintf("SET SESSION /*M! max_statement_time = %.3f, */ /*!50708 max_execution_time = %d, */ time_zone = '+00:00'",
		left.Seconds(), left.Milliseconds())
	if _, err := m.conn.ExecContext(ctx, set, nil); err != nil {
		return failure(ctx, m.line, err)
	}
	tx, err := m.conn.BeginTx(ctx, driver.TxOptions{ReadOnly: true})
	if err != nil {
		return failure(ctx, m.line, err)
	}
	if err := m.query(ctx, r, into); err != nil {
		return failure(ctx, m.line, err)
	}
	if err := tx.Rollback(); err != nil {
		return failure(ctx, m.line, err)
	}
	return nil
}

func (m *mariaDB) query(ctx context.Context, r request, into *sink) error {
	stmt, err := m.conn.PrepareContext(ctx, r.query)
	if err != nil {
		return err
	}
	asker, ok := stmt.(driver.StmtQueryContext)
	if !ok {
		return fmt.Errorf("sql: the driver prepares a %T", stmt)
	}
	args := make([]driver.NamedValue, len(r.args))
	for i, arg := range r.args {
		args[i] = driver.NamedValue{Ordinal: i + 1, Value: arg}
	}
	rows, err := asker.QueryContext(ctx, args)
	if err != nil {
		return err
	}
	if err := readMySQL(rows, into); err != nil {
		return err // the session is closed: what is left of the rows stays unread
	}
	if err := rows.Close(); err != nil {
		return err
	}
	return stmt.Close()
}

func readMySQL(rows driver.Rows, into *sink) error {
	names := rows.Columns()
	if err := into.columns(names); err != nil {
		return err
	}
	kinds, raw, values := typeNames(rows, len(names)), make([]driver.Value, len(names)), make([]any, len(names))
	for {
		if err := rows.Next(raw); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		size := 0
		for i, v := range raw {
			value, bytes, err := mysqlValue(i, kinds[i], v)
			if err != nil {
				return err
			}
			values[i], size = value, size+bytes
		}
		if err := into.row(values, size); err != nil {
			return err
		}
	}
}

func typeNames(rows driver.Rows, n int) []string {
	names := make([]string, n)
	if typed, ok := rows.(driver.RowsColumnTypeDatabaseTypeName); ok {
		for i := range names {
			names[i] = typed.ColumnTypeDatabaseTypeName(i)
		}
	}
	return names
}

// close says goodbye, for which it has a second.
func (m *mariaDB) close() {
	_ = m.line.capped.SetDeadline(time.Now().Add(time.Second))
	_ = m.conn.Close()
	m.line.hangUp()
}
