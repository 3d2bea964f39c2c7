package connect

import (
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
)

// The documented defaults of [LookupOptions].
const (
	DefaultLookups     = 10_000   // answers
	DefaultLookupBytes = 32 << 20 // bytes of all answers

	lookupCost = 512 // bytes that an answer costs beside its body
)

// LookupOptions bound what is remembered. Nil and zero values mean the defaults.
type LookupOptions struct {
	// Entries is how many answers are remembered. Default: DefaultLookups.
	Entries int
	// Bytes is how much they may take in all. Default: DefaultLookupBytes.
	Bytes int64
	// Now is the clock that they expire by. Default: time.Now.
	Now func() time.Time
}

// Lookups remembers answers to questions, so that a thousand users of one company are one question. Several who ask the
// same at the same time are one, too. It keeps bodies as they came, in memory and nowhere else; what it finds them by is
// a hash. When there are too many, the one that was not used for the longest time goes. It is safe for concurrent use.
type Lookups struct {
	entries int
	bytes   int64
	now     func() time.Time
	spaces  atomic.Uint64

	mu      sync.Mutex
	known   map[LookupKey]*list.Element // of *lookup
	order   *list.List                  // the one used last in front
	held    int64
	flights map[LookupKey]chan struct{} // closed when the one who asks has done so
}

// LookupKey names a question.
type LookupKey [sha256.Size]byte

type lookup struct {
	key    LookupKey
	answer *Response
	until  time.Time
}

// NewLookups makes an empty memory.
func NewLookups(o *LookupOptions) *Lookups {
	if o == nil {
		o = &LookupOptions{}
	}
	l := &Lookups{entries: positive(o.Entries, DefaultLookups), bytes: positive(o.Bytes, DefaultLookupBytes), now: o.Now,
		known: map[LookupKey]*list.Element{}, order: list.New(), flights: map[LookupKey]chan struct{}{}}
	if l.now == nil {
		l.now = time.Now
	}
	return l
}

// Space gives a number that no one else has: put it into KeyOf, so that two steps never share an answer by accident.
func (l *Lookups) Space() uint64 { return l.spaces.Add(1) }

// KeyOf names a request: its method, URL, headers and body, and what else the answer depends on.
func (l *Lookups) KeyOf(space uint64, r Request, more ...string) LookupKey {
	hash := sha256.New()
	write := func(text string) {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(text)))
		hash.Write(size[:])
		hash.Write([]byte(text))
	}
	_ = binary.Write(hash, binary.BigEndian, space)
	write(r.Method)
	write(r.URL.String())
	write(string(r.Body))
	names := make([]string, 0, len(r.Header))
	for name := range r.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		write(name)
		for _, value := range r.Header[name] {
			write(value)
		}
		write("")
	}
	for _, text := range more {
		write(text)
	}
	return LookupKey(hash.Sum(nil))
}

// Known is the answer that is remembered, or nil.
func (l *Lookups) Known(key LookupKey) *Response {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.find(key)
}

// Do gives the answer that is remembered, or asks for it. life says how long an answer is remembered; 0 is not at all.
// Whoever asks the same meanwhile waits, as long as ctx allows, and gets that answer; if none came that is remembered, the
// next one asks. An error is never remembered and never shared: it is the failure of one call.
func (l *Lookups) Do(ctx context.Context, key LookupKey, life func(*Response) time.Duration,
	ask func(context.Context) (*Response, error)) (*Response, error) {
	for {
		answer, flight, mine := l.board(key)
		switch {
		case answer != nil:
			return answer, nil
		case mine:
			return l.lead(ctx, key, life, ask)
		}
		select {
		case <-flight:
		case <-ctx.Done():
			return nil, waited(ctx)
		}
	}
}

// waited is the failure of one who waited for another's answer. Nothing of his was sent.
func waited(ctx context.Context) error {
	code := CodeCanceled
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		code = CodeTimeout
	}
	return &enrich.Error{Kind: enrich.Temporary, Code: code, Err: ctx.Err()}
}

// board gives the answer, or the flight to wait for; mine tells that nobody asks yet, and the caller is to.
func (l *Lookups) board(key LookupKey) (answer *Response, flight chan struct{}, mine bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if answer = l.find(key); answer != nil {
		return answer, nil, false
	}
	if flight = l.flights[key]; flight != nil {
		return nil, flight, false
	}
	l.flights[key] = make(chan struct{})
	return nil, nil, true
}

func (l *Lookups) lead(ctx context.Context, key LookupKey, life func(*Response) time.Duration,
	ask func(context.Context) (*Response, error)) (answer *Response, err error) {
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		close(l.flights[key])
		delete(l.flights, key)
	}()
	if answer, err = ask(ctx); err != nil {
		return nil, err
	}
	if keep := life(answer); keep > 0 {
		l.keep(key, answer, l.now().Add(keep))
	}
	return answer, nil
}

func (l *Lookups) find(key LookupKey) *Response {
	element := l.known[key]
	if element == nil {
		return nil
	}
	if one := element.Value.(*lookup); l.now().Before(one.until) {
		l.order.MoveToFront(element)
		return one.answer
	}
	l.forget(element)
	return nil
}

// keep remembers an answer without its headers, which nobody reads but for the type of the body.
func (l *Lookups) keep(key LookupKey, r *Response, until time.Time) {
	slim := *r
	slim.Header = http.Header{}
	if kind := r.Header.Get("Content-Type"); kind != "" {
		slim.Header.Set("Content-Type", kind)
	}
	one := &lookup{key: key, answer: &slim, until: until}
	if one.size() > l.bytes {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if old := l.known[key]; old != nil {
		l.forget(old)
	}
	l.known[key] = l.order.PushFront(one)
	l.held += one.size()
	for len(l.known) > l.entries || l.held > l.bytes {
		l.forget(l.order.Back())
	}
}

func (l *Lookups) forget(element *list.Element) {
	one := l.order.Remove(element).(*lookup)
	delete(l.known, one.key)
	l.held -= one.size()
}

func (one *lookup) size() int64 {
	return lookupCost + int64(cap(one.answer.Body)) + int64(len(one.answer.Header.Get("Content-Type")))
}
