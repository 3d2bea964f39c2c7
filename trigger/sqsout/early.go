package sqsout

import (
	"context"
	"net"
	"sync"
	"time"
)

const (
	// openLimit is how long the start of the process waits for the early connection. The start is in Cognito's 5 seconds,
	// too.
	openLimit = 500 * time.Millisecond

	// earlyLimit is the age at which an early connection is thrown away unused: nobody knows how long SQS bears with one
	// on which nothing was asked yet.
	earlyLimit = 10 * time.Second
)

// earlyBird is the connection that is opened while the process starts, when Lambda gives it more CPU than the smaller
// functions ever have again. Whoever needs a connection first gets it, and waits for it if it isn't there yet: nobody
// opens a second one beside it. Its zero value has none.
type earlyBird struct {
	mu  sync.Mutex
	one *opening // nil: none was begun, or it is taken
}

// opening is a connection that is being opened. Its owner is whoever takes it; what nobody takes stays until the process
// ends.
type opening struct {
	address string
	done    chan struct{} // closed when conn and at are written
	conn    net.Conn      // nil: it failed, and the one who needs it tries again
	at      time.Time     // by the wall clock, which goes on while Lambda has frozen the process
}

// begin opens a connection in a goroutine, which ends inside the limits of open. done is closed then.
func (b *earlyBird) begin(address string, open func() (net.Conn, error)) (done <-chan struct{}) {
	o := &opening{address: address, done: make(chan struct{})}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.one = o
	go func() {
		defer close(o.done)
		if conn, err := open(); err == nil {
			o.conn, o.at = conn, time.Now().Round(0)
		}
	}()
	return o.done
}

// take gives the early connection away, once. nil: there is none that is fit for use.
func (b *earlyBird) take(ctx context.Context, address string) net.Conn {
	b.mu.Lock()
	o := b.one
	if o == nil || o.address != address {
		b.mu.Unlock()
		return nil
	}
	b.one = nil
	b.mu.Unlock()
	select {
	case <-o.done:
	case <-ctx.Done():
		b.back(o)
		return nil
	}
	if o.conn != nil && time.Since(o.at) > earlyLimit {
		_ = o.conn.Close()
		return nil
	}
	return o.conn
}

// back returns an opening that nobody waited for.
func (b *earlyBird) back(o *opening) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.one = o
}
