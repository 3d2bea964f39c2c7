package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/ncruces/go-sqlite3"
)

// writer is the one goroutine that writes. Callers put requests into its queue; it takes all that wait, carries them
// out in one transaction, and answers after the commit: so a hundred callers pay for one sync of the disk.
type writer struct {
	path     string
	identity string
	batch    int
	beside   bool // of a worker: the file is its affair
	conn     *sqlite3.Conn
	*statements
	mark     *os.File
	file     os.FileInfo // as it was opened: a file moved away or replaced is noticed by it
	logPages int         // in the log, as of the last commit

	free     chan *request // not in use; making all of them at once bounds the queue
	queue    chan *request // closed when the last request has come back
	stopping chan struct{} // closed by close
	stopped  chan struct{} // closed when the goroutine has ended
	closing  error         // of the connection; read after stopped
	failure  atomic.Pointer[error]
	requests atomic.Int64
	commits  atomic.Int64
}

// request is one claim or save. Requests are used again and again; their channels belong to the ledger, so that it can
// be called from inside a testing/synctest bubble and be opened outside.
type request struct {
	job    func(*statements) error
	err    error
	state  atomic.Int32
	answer chan error // has room for one
}

// The states of a request. Whoever finds that the other side has finished with it puts it back.
const (
	waiting   = iota // in the queue
	taken            // being carried out
	answered         // the answer is in the channel, or will be at once
	abandoned        // the caller has gone
)

// maxLog is how many pages the log may have before they are moved into the file: 4 MB.
const maxLog = 1000

func openWriter(path string, o Options, beside bool) (w *writer, err error) {
	w = &writer{path: path, batch: o.Batch, beside: beside, free: make(chan *request, 4*o.Batch), queue: make(chan *request, 4*o.Batch),
		stopping: make(chan struct{}), stopped: make(chan struct{})}
	if err := guard(func() error { return w.open(o.VFS) }); err != nil {
		if w.conn != nil {
			_ = guard(func() error { return leaveConn(w.conn) })
		}
		return nil, notOpened(path, err)
	}
	for range cap(w.free) {
		w.free <- &request{answer: make(chan error, 1)}
	}
	go w.loop()
	return w, nil
}

// notOpened says what is the matter with a file that SQLite refuses.
func notOpened(path string, err error) error {
	var known *Unusable
	switch {
	case errors.As(err, &known):
		return known
	case damaged(err):
		return &Unusable{Path: path, Problem: "it is damaged", Next: nextDamaged, Err: explain(err)}
	case errors.Is(err, sqlite3.BUSY):
		return &Unusable{Path: path, Problem: "another program has locked it", Next: "close that program", Err: err}
	case errors.Is(err, sqlite3.FULL):
		return &Unusable{Path: path, Problem: "the disk is full", Next: "make room", Err: err}
	}
	return &Unusable{Path: path, Problem: "it can't be opened", Next: "look at its folder's owner and mode, and at the disk", Err: err}
}

func (w *writer) open(vfs string) (err error) {
	if w.conn, err = openForWriting(w.path, vfs); err != nil {
		return err
	}
	var m mark
	if w.beside {
		if m, err = join(w.conn, w.path); err == nil {
			err = verified(w.conn)
		}
	} else {
		m, err = setUp(w.conn, w.path)
	}
	if err != nil {
		return err
	}
	w.identity = m.identity
	w.conn.WALHook(func(_ *sqlite3.Conn, _ string, pages int) error {
		w.logPages = pages
		return nil
	})
	if !w.beside {
		if err := w.checkpoint(sqlite3.CHECKPOINT_PASSIVE); err != nil {
			return err
		}
	}
	if w.statements, err = prepare(w.conn); err != nil {
		return err
	}
	if w.file, err = os.Stat(w.path); err != nil {
		return err
	}
	if w.mark, err = os.OpenFile(markPath(w.path), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return unwritable(markPath(w.path), err)
	}
	return w.settle()
}

// settle makes what stands beside the file private and its names durable.
func (w *writer) settle() error {
	for _, name := range []string{"-wal", "-shm"} {
		if err := os.Chmod(w.path+name, 0o600); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return syncFolder(w.path)
}

// do has a job carried out and waits for its commit, or until ctx ends.
func (w *writer) do(ctx context.Context, job func(*statements) error) error {
	if err := w.refuses(ctx); err != nil {
		return err
	}
	var r *request
	select {
	case r = <-w.free:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.stopping:
		return ErrClosed
	}
	r.job = job
	r.state.Store(waiting)
	w.queue <- r // has room for every request there is
	select {
	case err := <-r.answer:
		w.free <- r
		return err
	case <-ctx.Done():
	}
	if r.state.Swap(abandoned) != answered {
		return ctx.Err()
	}
	err := <-r.answer
	w.free <- r
	return err
}

func (w *writer) refuses(ctx context.Context) error {
	select {
	case <-w.stopping:
		return ErrClosed
	default:
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return w.dead()
}

// dead says why the writer does nothing any more; nil while it works.
func (w *writer) dead() error {
	if err := w.failure.Load(); err != nil {
		return *err
	}
	return nil
}

func (w *writer) die(cause error) {
	err := fmt.Errorf("%w: %w", ErrDead, explain(cause))
	w.failure.CompareAndSwap(nil, &err)
}

func (w *writer) loop() {
	defer close(w.stopped)
	batch := make([]*request, 0, w.batch)
	for first := range w.queue {
		if batch = w.gather(batch[:0], first); len(batch) > 0 {
			w.carryOut(batch)
		}
	}
	w.closing = w.shut()
}

// gather takes what waits. Those whose callers have gone are left out.
func (w *writer) gather(batch []*request, first *request) []*request {
	for r := first; ; {
		if r.state.CompareAndSwap(waiting, taken) {
			batch = append(batch, r)
		} else {
			w.free <- r
		}
		if len(batch) == w.batch {
			return batch
		}
		select {
		case r = <-w.queue:
		default:
			return batch
		}
	}
}

// carryOut does a batch and answers it. Nobody hears of success unless the commit succeeded.
func (w *writer) carryOut(batch []*request) {
	err := w.dead()
	if err == nil {
		err = explain(guard(func() error { return w.transact(batch) }))
	}
	if err != nil && fatal(err) {
		w.die(err)
		err = w.dead()
	}
	w.requests.Add(int64(len(batch)))
	for _, r := range batch {
		answer := r.err
		if err != nil {
			answer = err
		}
		r.job, r.err = nil, nil
		if r.state.CompareAndSwap(taken, answered) {
			r.answer <- answer
		} else {
			w.free <- r
		}
	}
	w.tidy()
}

// tidy moves a long log into the file, while nobody waits.
func (w *writer) tidy() {
	if w.logPages < maxLog || w.dead() != nil {
		return
	}
	if err := guard(func() error { return w.checkpoint(sqlite3.CHECKPOINT_PASSIVE) }); err != nil {
		w.die(err)
	}
}

// checkpoint moves the log into the file. Readers, a lock of somebody else and a full disk only put it off: the log has
// everything until all of it is in the file for sure.
func (w *writer) checkpoint(mode sqlite3.CheckpointMode) error {
	w.logPages = 0
	_, _, err := w.conn.WALCheckpoint("main", mode)
	if errors.Is(err, sqlite3.BUSY) || errors.Is(err, sqlite3.LOCKED) || errors.Is(err, sqlite3.FULL) {
		return nil
	}
	return err
}
