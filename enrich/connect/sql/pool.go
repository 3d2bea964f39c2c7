package sqlstep

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
)

const (
	maxSessions = 4           // connections to one database at once; more calls wait
	idleTime    = time.Minute // how long one is kept for the next call
)

// key says which database, and how it may be reached. It holds a password, so it is never printed.
type key struct {
	driver, dsn string
	private     bool
}

// session is one connection. It is used by one call at a time.
type session interface {
	// ask runs one read-only transaction and hands the rows to into. Its error makes the session useless.
	ask(ctx context.Context, r request, into *sink) error
	// close ends it at once and leaves nothing behind.
	close()
}

// pools are the connections of a worker: few for each database, closed when nobody has used them for a minute. There is
// no goroutine of its own; a timer closes.
type pools struct {
	client *connect.Client
	open   func(ctx context.Context, client *connect.Client, where key) (session, error)
	hooked sync.Once

	mu  sync.Mutex
	all map[key]*pool
}

// pool are the connections to one database; pools.mu guards all but the slots.
type pool struct {
	slots chan struct{}
	users int
	idle  []*kept // the youngest last
}

type kept struct {
	session
	timer *time.Timer
}

func newPools(client *connect.Client) *pools {
	return &pools{client: client, open: open, all: map[key]*pool{}}
}

// ask puts one question. A kept connection that is lost under it says nothing about the database, so a new one is tried.
func (p *pools) ask(ctx context.Context, where key, r request) ([]enrich.Result, error) {
	p.hooked.Do(func() { p.client.OnClose(p.closeIdle) })
	pool := p.enter(where)
	defer p.leave(where, pool)
	select {
	case pool.slots <- struct{}{}:
		defer func() { <-pool.slots }()
	case <-ctx.Done():
		return nil, connect.Fault(ctx, "sql: wait for a connection", ctx.Err(), false)
	}
	if s := p.take(pool); s != nil {
		rows, err := p.use(ctx, pool, s, r)
		if !stale(err) || ctx.Err() != nil {
			return rows, err
		}
	}
	s, err := p.open(ctx, p.client, where)
	if err != nil {
		return nil, err
	}
	return p.use(ctx, pool, s, r)
}

// use asks on one session, and keeps it if it is still good.
func (p *pools) use(ctx context.Context, pool *pool, s session, r request) ([]enrich.Result, error) {
	into := &sink{rows: r.rows, bytes: r.bytes}
	if err := s.ask(ctx, r, into); err != nil {
		s.close()
		return nil, err
	}
	p.keep(pool, s)
	return into.found, nil
}

func (p *pools) enter(where key) *pool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all[where] == nil {
		p.all[where] = &pool{slots: make(chan struct{}, maxSessions)}
	}
	p.all[where].users++
	return p.all[where]
}

func (p *pools) leave(where key, pool *pool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pool.users--
	p.forget(where, pool)
}

// forget drops a pool with nothing in it, so that DSNs that were rotated do not pile up.
func (p *pools) forget(where key, pool *pool) {
	if pool.users == 0 && len(pool.idle) == 0 && p.all[where] == pool {
		delete(p.all, where)
	}
}

func (p *pools) take(pool *pool) session {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(pool.idle) == 0 {
		return nil
	}
	last := len(pool.idle) - 1
	k := pool.idle[last]
	pool.idle = pool.idle[:last]
	k.timer.Stop()
	return k.session
}

func (p *pools) keep(pool *pool, s session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := &kept{session: s}
	k.timer = time.AfterFunc(idleTime, func() { p.expire(pool, k) })
	pool.idle = append(pool.idle, k)
}

// expire closes a session that nobody took in time.
func (p *pools) expire(pool *pool, k *kept) {
	p.mu.Lock()
	i := slices.Index(pool.idle, k)
	if i >= 0 {
		pool.idle = slices.Delete(pool.idle, i, i+1)
	}
	for where, candidate := range p.all {
		if candidate == pool {
			p.forget(where, pool)
		}
	}
	p.mu.Unlock()
	if i >= 0 {
		k.close()
	}
}

// closeIdle closes what is kept. Calls under way are not touched.
func (p *pools) closeIdle() {
	p.mu.Lock()
	var all []*kept
	for where, pool := range p.all {
		all = append(all, pool.idle...)
		pool.idle = nil
		p.forget(where, pool)
	}
	p.mu.Unlock()
	for _, k := range all {
		k.timer.Stop()
		k.close()
	}
}

// open makes a session of the driver's kind.
func open(ctx context.Context, client *connect.Client, where key) (session, error) {
	t, err := parseDSN(where.dsn, where.driver, client)
	if err != nil {
		return nil, unsent(ctx, CodeBadDSN, "dsn", err)
	}
	line := &line{dial: func(ctx context.Context) (conn, error) { return client.Dial(ctx, t.address(), where.private) }}
	if t.driver == "postgres" {
		return openPostgres(ctx, t, line)
	}
	return openMySQL(ctx, t, line)
}
