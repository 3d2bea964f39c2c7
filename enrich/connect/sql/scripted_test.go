package sqlstep_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
)

// scripted is a PostgreSQL at the wire that fails on command. It lives in memory.
type scripted struct {
	answer  func(c *talk) error // to the question; an error ends the connection
	curious bool

	mu      sync.Mutex
	dialled int
	open    int
	seen    []string // every text and argument that arrived
	all     sync.WaitGroup
}

// talk is one connection of it.
type talk struct {
	*pgproto3.Backend
	net.Conn
	args []string
}

const scriptedDSN = "postgres://canary-user:canary-password@db.example.com/canary-database?sslmode=disable"

// dial is for connect.Options.Dial.
func (s *scripted) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	s.mu.Lock()
	s.dialled++
	s.open++
	s.mu.Unlock()
	s.all.Go(func() {
		err := s.serve(theirs)
		_ = theirs.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.open--
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.ErrClosedPipe) {
			s.seen = append(s.seen, "ERROR "+err.Error())
		}
	})
	return ours, nil
}

func (s *scripted) count() (dialled, open int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dialled, s.open
}

func (s *scripted) contains(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(strings.Join(s.seen, "\n"), text)
}

func (s *scripted) note(texts ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, texts...)
}

func (s *scripted) serve(conn net.Conn) error {
	c := &talk{Backend: pgproto3.NewBackend(conn, conn), Conn: conn}
	hello, err := c.ReceiveStartupMessage()
	if err != nil {
		return err
	}
	if start, ok := hello.(*pgproto3.StartupMessage); ok {
		s.note(start.Parameters["user"], start.Parameters["database"])
	}
	if s.curious { // a server that asks for the password in the clear
		c.Send(&pgproto3.AuthenticationCleartextPassword{})
		if err := c.Flush(); err != nil {
			return err
		}
		word, err := c.Receive()
		if err != nil {
			return err
		}
		if p, ok := word.(*pgproto3.PasswordMessage); ok {
			s.note(p.Password)
		}
	}
	c.Send(&pgproto3.AuthenticationOk{})
	c.Send(&pgproto3.BackendKeyData{ProcessID: 1, SecretKey: []byte{0, 0, 0, 1}})
	if err := c.ready('I'); err != nil {
		return err
	}
	for {
		if err := s.turn(c); err != nil {
			return err
		}
	}
}

// turn answers one thing that the driver says.
func (s *scripted) turn(c *talk) error {
	message, err := c.Receive()
	if err != nil {
		return err
	}
	switch m := message.(type) {
	case *pgproto3.Query:
		s.note(m.String)
		c.Send(&pgproto3.CommandComplete{CommandTag: []byte("OK")})
		return c.ready('I')
	case *pgproto3.Parse:
		s.note(m.Query)
	case *pgproto3.Bind:
		c.args = nil
		for _, p := range m.Parameters {
			c.args = append(c.args, string(p))
		}
		s.note(c.args...)
	case *pgproto3.Sync:
		return s.answer(c)
	case *pgproto3.Terminate:
		return io.EOF
	}
	return nil
}

func (c *talk) ready(status byte) error {
	c.Send(&pgproto3.ReadyForQuery{TxStatus: status})
	return c.Flush()
}

// rows answers with texts.
func (c *talk) rows(names []string, rows ...[]string) error {
	c.header(names...)
	for _, row := range rows {
		c.row(row...)
	}
	c.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT")})
	return c.ready('T')
}

func (c *talk) header(names ...string) {
	c.Send(&pgproto3.ParseComplete{})
	c.Send(&pgproto3.BindComplete{})
	fields := make([]pgproto3.FieldDescription, len(names))
	for i, name := range names {
		fields[i] = pgproto3.FieldDescription{Name: []byte(name), DataTypeOID: 25}
	}
	c.Send(&pgproto3.RowDescription{Fields: fields})
}

func (c *talk) row(values ...string) {
	raw := make([][]byte, len(values))
	for i, v := range values {
		raw[i] = []byte(v)
	}
	c.Send(&pgproto3.DataRow{Values: raw})
}

// refuse answers with an error whose texts carry a canary each.
func (c *talk) refuse(state string) error {
	c.Send(&pgproto3.ErrorResponse{Severity: "ERROR", SeverityUnlocalized: "ERROR", Code: state, Message: "canary-message", Detail: "Key (email)=(canary-detail)",
		Hint: "canary-hint", Where: "canary-where", ColumnName: "canary-column", TableName: "canary-table"})
	return c.ready('E')
}

// found is a good answer.
func found(c *talk) error { return c.rows([]string{"plan", "seats"}, []string{"gold", "7"}) }

// in runs a test with a scripted server on a clock of its own. When it returns, no goroutine may be left.
func in(t *testing.T, answer func(*talk) error, test func(t *testing.T, s *scripted, client *connect.Client, connector enrich.Connector)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{answer: answer}
		client := connect.NewClient(&connect.Options{Dial: s.dial})
		c := config(t, client, "postgres", "SELECT plan, seats FROM accounts WHERE email = $1", "${{ user.email }}")
		test(t, s, client, made(t, c))
		client.Close()
		s.all.Wait()
	})
}

func scriptedCall() enrich.Call {
	return call(scriptedDSN, map[string]any{"email": "canary.mail@example.com"})
}
