package sqlstep

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
)

// The codes of failures, beside those of connections in package connect and "sql_" with the SQLSTATE of the server in
// lower case. MySQL's HY000 says nothing, so its error number follows: "sql_hy000_1205".
const (
	CodeNoCredential = "no_credential"    // permanent: the DSN is null or empty
	CodeBadDSN       = "bad_dsn"          // permanent: the DSN is no URL of this driver
	CodeBadValue     = "bad_value"        // permanent: an argument is a list or a map, or an expression failed
	CodeSeveralRows  = "several_rows"     // permanent: more rows than row-limit
	CodeTooLarge     = "result_too_large" // permanent: more bytes than max-bytes
	CodeBadColumn    = "bad_column"       // permanent: a column without a usable name, or with bytes in it
)

var errNoDatabase = errors.New("sql: what came back is not the database's protocol")

// failure classifies what a driver failed with. Nothing of the server's text survives: it quotes values.
func failure(ctx context.Context, l *line, err error) error {
	var known *enrich.Error
	var pg *pgconn.PgError
	var my *mysql.MySQLError
	var long *pgproto3.ExceededMaxBodyLenErr
	switch {
	case errors.As(err, &known):
		return known
	case l.failed != nil && errors.As(l.failed, &known):
		return known
	case !l.open && (l.overrun() || errors.As(err, &long)):
		return &enrich.Error{Kind: enrich.Temporary, Code: connect.CodeResponse, Sent: true, Err: errNoDatabase}
	case l.overrun(), errors.As(err, &long):
		return refusal(CodeTooLarge, fmt.Sprintf("the server sent more than %d bytes", maxWire))
	case ctx.Err() != nil:
		return connect.Fault(ctx, "sql", ctx.Err(), true)
	case errors.As(err, &pg):
		return answered(ofPostgres(pg.Code), pg.Code, 0)
	case errors.As(err, &my):
		return answered(ofMySQL(my.Number, string(my.SQLState[:])), string(my.SQLState[:]), my.Number)
	case lost(err):
		return &enrich.Error{Kind: enrich.Temporary, Code: connect.CodeReset, Sent: true, Err: errors.New("sql: the connection ended early")}
	}
	e := connect.Fault(ctx, "sql", err, true)
	if e.Code == connect.CodeOther || e.Code == connect.CodeResponse {
		e.Code, e.Err = connect.CodeResponse, errNoDatabase
	}
	return e
}

// lost tells whether the driver says in its own way that the connection is gone. For a write that failed MySQL's has no
// value, only the text of driver.ErrBadConn without "driver: ".
func lost(err error) bool {
	return err.Error() == "bad connection" || errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, pgconn.ErrConnClosed) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// stale tells whether a failure on a kept connection says only that the connection is of no use any more: it was lost,
// or the server had ended it (idle for too long, killed, restarted) and told us when we asked.
func stale(err error) bool {
	var failed *enrich.Error
	return errors.As(err, &failed) && slices.Contains([]string{connect.CodeReset,
		"sql_57p01", "sql_57p02", "sql_57p05", "sql_25p03", "sql_08003", "sql_08006", "sql_08s01", "sql_hy000_1927", "sql_hy000_4031"}, failed.Code)
}

func answered(kind enrich.FailureKind, state string, number uint16) error {
	code := "sql_" + strings.ToLower(state)
	if len(state) != 5 || strings.Trim(state, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		code = "sql_unknown"
	}
	if number != 0 && (code == "sql_hy000" || code == "sql_unknown") {
		code = fmt.Sprintf("sql_hy000_%d", number)
	}
	return &enrich.Error{Kind: kind, Code: code, Sent: true, Refused: true, Err: errors.New("sql: the server refused")}
}

// ofPostgres reads a SQLSTATE (PostgreSQL documentation, appendix A, error codes).
func ofPostgres(state string) enrich.FailureKind {
	if state == "25P03" || state == "26000" { // idle in transaction for too long; a pooler mixed sessions up
		return enrich.Temporary
	}
	return ofClass(state)
}

// ofClass reads a SQLSTATE's first two letters, which SQL:2016 shares among databases.
func ofClass(state string) enrich.FailureKind {
	if len(state) != 5 {
		return enrich.Temporary
	}
	temporary := []string{
		"08", // connection
		"28", // not let in: a key is mended some day, by somebody
		"3D", // no such database: it is being restored, or the DSN will be mended
		"40", // rolled back: deadlock, serialization
		"53", // out of memory, disk, connections
		"55", // object in use, lock not available
		"57", // shutdown, cancelled by the time limit
		"58", // the system under the server
		"HV", // a foreign server
		"HY", // MySQL: anything
		"XX", // the server's own bug
	}
	if slices.Contains(temporary, state[:2]) {
		return enrich.Temporary
	}
	return enrich.Permanent
}

// ofMySQL reads an error number where the SQLSTATE says too little (MySQL and MariaDB reference, server error messages).
func ofMySQL(number uint16, state string) enrich.FailureKind {
	switch number {
	case 1040, 1203, 1226, // too many connections, of all or of this user
		1044, 1045, 1049, 1129, 1130, 1698, // not let in, no such database
		1205, 1213, // lock wait, deadlock
		1053, 1077, 1152, 1158, 1159, 1160, 1161, 1184, 1927, // stopping, connection lost or killed
		1317, 1969, 3024, // interrupted, time limit of MariaDB and of MySQL
		1836, 1020: // read-only for now, changed since it was read
		return enrich.Temporary
	case 1290, 1295, 1210, 1243, 1172, 1690: // options forbid it, can't be prepared, wrong arguments, out of range
		return enrich.Permanent
	}
	return ofClass(state)
}
