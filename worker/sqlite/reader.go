package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/ncruces/go-sqlite3"
)

// readers is how many reads run at the same time; more wait for their turn.
const readers = 4

// Reader reads a ledger, beside the worker that writes it or without one. It never writes and takes no lock that
// anybody waits for. It is safe for concurrent use.
type Reader struct {
	path, vfs string
	identity  string
	places    chan *reading // one for each of readers; its connection is opened when it is first used
	closing   chan struct{}
	close     func() error
}

// reading is a connection with the statements that were prepared on it.
type reading struct {
	conn  *sqlite3.Conn
	stmts map[string]*sqlite3.Stmt
}

// OpenReader opens the ledger at path for reading only. The worker may have it open, in this process or another. The
// error is *Unusable, which knows the next step; damage also is ErrDamaged.
func OpenReader(path string) (*Reader, error) {
	path, err := place(path, false)
	if err != nil {
		return nil, err
	}
	r := newReader(path, "", "")
	err = r.with(context.Background(), func(c *reading) error {
		m, err := join(c.conn, path)
		r.identity = m.identity
		return err
	})
	if err != nil {
		return nil, errors.Join(notOpened(path, err), r.Close())
	}
	return r, nil
}

func newReader(path, vfs, identity string) *Reader {
	r := &Reader{path: path, vfs: vfs, identity: identity, places: make(chan *reading, readers), closing: make(chan struct{})}
	for range readers {
		r.places <- &reading{}
	}
	r.close = sync.OnceValue(r.shut)
	return r
}

// Path is where the ledger is, with links resolved.
func (r *Reader) Path() string { return r.path }

// Identity is the random name that the ledger got when it was created: 32 hex digits.
func (r *Reader) Identity() string { return r.identity }

// Close closes the connections, after the reads that are under way. It may be called again.
func (r *Reader) Close() error { return r.close() }

func (r *Reader) shut() (err error) {
	close(r.closing)
	for range readers {
		err = errors.Join(err, (<-r.places).shut())
	}
	return err
}

// with lends a connection to f. Each statement in f sees the ledger as of its own start.
func (r *Reader) with(ctx context.Context, f func(*reading) error) (err error) {
	select {
	case <-r.closing:
		return ErrClosed
	default:
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var c *reading
	select {
	case c = <-r.places:
	case <-ctx.Done():
		return ctx.Err()
	case <-r.closing:
		return ErrClosed
	}
	defer func() { r.places <- c }()
	err = guard(func() error { return c.use(ctx, r, f) })
	if err != nil && (fatal(err) || c.busy()) {
		_ = guard(c.shut)
		c = &reading{}
	}
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return explain(err)
}

func (c *reading) use(ctx context.Context, r *Reader, f func(*reading) error) (err error) {
	if c.conn == nil {
		if c.conn, err = openForReading(r.path, r.vfs); err != nil {
			return err
		}
		c.stmts = map[string]*sqlite3.Stmt{}
	}
	defer c.conn.SetInterrupt(c.conn.SetInterrupt(ctx))
	return f(c)
}

// busy tells whether the connection is still inside a transaction.
func (c *reading) busy() bool { return c.conn != nil && !c.conn.GetAutocommit() }

func (c *reading) shut() error {
	if c.conn == nil {
		return nil
	}
	return closeConn(c.conn)
}

// maxStatements is how many prepared statements a connection keeps: filters of lists can be combined in many ways.
const maxStatements = 64

// forget makes room for a statement.
func (c *reading) forget() (err error) {
	if len(c.stmts) < maxStatements {
		return nil
	}
	for _, s := range c.stmts {
		err = errors.Join(err, s.Close())
	}
	clear(c.stmts)
	return err
}

// each runs a query and calls f for every row. f must not run another one.
func (c *reading) each(query string, values []any, f func(*sqlite3.Stmt) error) (err error) {
	s := c.stmts[query]
	if s == nil {
		if err := c.forget(); err != nil {
			return err
		}
		if s, _, err = c.conn.Prepare(query); err != nil {
			return fmt.Errorf("prepare: %w", err)
		}
		c.stmts[query] = s
	}
	defer func() { err = reset(s, err) }()
	if err := bind(s, values...); err != nil {
		return err
	}
	for s.Step() {
		if err := f(s); err != nil {
			return err
		}
	}
	return s.Err()
}
