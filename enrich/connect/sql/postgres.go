package sqlstep

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/postconfirm/postconfirm/enrich/expr"
)

// postgres is a session with PostgreSQL, on the driver's lowest layer: parameters and results travel as text, so the
// server decides about types, and nothing is prepared by name, so a pooler between us does no harm.
type postgres struct {
	conn *pgconn.PgConn
	line *line
}

func openPostgres(ctx context.Context, t target, l *line) (session, error) {
	// Everything that matters is set below: the text is only the driver's way to be given a configuration.
	config, err := pgconn.ParseConfig("host=postconfirm.invalid sslmode=disable")
	if err != nil {
		return nil, unsent(ctx, CodeBadDSN, "environment", errors.New("a PG variable can't be read; unset it, it has no say here"))
	}
	config.Host, config.Port, config.Database, config.User, config.Password = t.host, t.port, t.database, t.user, t.password
	config.TLSConfig, config.Fallbacks, config.ConnectTimeout = t.tls, nil, 0
	config.RuntimeParams = map[string]string{"client_encoding": "UTF8", "application_name": "postconfirm"}
	config.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) { return l.connect(ctx) }
	config.LookupFunc = func(context.Context, string) ([]string, error) { return []string{t.host}, nil }
	config.MaxProtocolMessageBodyLen = maxWire
	config.ValidateConnect, config.AfterConnect = nil, nil
	if !t.checked {
		config.RequireAuth = "!password" // whoever answers there must not be told the password
	}
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		l.hangUp()
		return nil, failure(ctx, l, err)
	}
	l.open = true
	return &postgres{conn, l}, nil
}

// ask begins, asks and rolls back, three round trips.
func (p *postgres) ask(ctx context.Context, r request, into *sink) error {
	// The server's time limit is ours, less a little, so that it can still say so.
	begin := fmt.Sprintf("BEGIN READ ONLY; SET LOCAL statement_timeout = %d; SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'", limit(ctx).Milliseconds())
	if err := p.conn.Exec(ctx, begin).Close(); err != nil {
		return failure(ctx, p.line, err)
	}
	if err := p.read(p.conn.ExecParams(ctx, r.query, texts(r.args), nil, nil, nil), into); err != nil {
		return failure(ctx, p.line, err)
	}
	if err := p.conn.Exec(ctx, "ROLLBACK").Close(); err != nil {
		return failure(ctx, p.line, err)
	}
	return nil
}

// read hands the rows on. After an error of the sink the rest is left unread: the session is closed.
func (p *postgres) read(rows *pgconn.ResultReader, into *sink) error {
	var values []any
	for rows.NextRow() {
		fields := rows.FieldDescriptions()
		if into.names == nil {
			if err := into.columns(fieldNames(fields)); err != nil {
				return err
			}
			values = make([]any, len(fields))
		}
		size := 0
		for i, raw := range rows.Values() {
			size += len(raw)
			var err error
			if values[i], err = postgresValue(i, fields[i].DataTypeOID, raw); err != nil {
				return err
			}
		}
		if err := into.row(values, size); err != nil {
			return err
		}
	}
	_, err := rows.Close()
	return err
}

func fieldNames(fields []pgconn.FieldDescription) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return names
}

// close says goodbye if that takes no time.
func (p *postgres) close() {
	if p.line.capped != nil && !p.conn.IsBusy() {
		_ = p.line.capped.SetDeadline(time.Now().Add(time.Second))
		_ = p.conn.Close(context.Background())
	}
	p.line.hangUp()
	if p.conn.IsClosed() {
		<-p.conn.CleanupDone()
	}
}

// texts are the arguments as PostgreSQL reads literals.
func texts(args []any) [][]byte {
	all := make([][]byte, len(args))
	for i, arg := range args {
		switch v := arg.(type) {
		case nil:
		case float64:
			all[i] = strconv.AppendFloat(nil, v, 'g', -1, 64)
		default:
			text, _ := expr.Text(v) // plain has left only what has a text
			all[i] = []byte(text)
		}
	}
	return all
}

// limit is the time limit for the server: what is left, less a tenth.
func limit(ctx context.Context) time.Duration {
	left := MaxTime
	if deadline, ok := ctx.Deadline(); ok {
		left = time.Until(deadline)
	}
	return max(left*9/10, time.Millisecond)
}
