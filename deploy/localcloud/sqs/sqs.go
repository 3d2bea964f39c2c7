// Package sqs is Amazon SQS, standard queues only, as far as a client can see it over the JSON protocol.
//
// It promises the rules that a worker's correctness hangs on: what hides a message and for how long, which receipt
// still counts, when a message is dead, what a long poll sees. It is kinder than AWS in one way: there is one server,
// so nothing is delivered twice by accident and messages come in the order in which they became visible. It refuses
// by name what it does not have: FIFO queues, permissions, the older Query protocol. Time is the time package's own, timers included: inside testing/synctest everything
// here is virtual, and that is the injection.
//
// At-least-once delivery, bad order and a clock that is wrong come as faults on the cloud's switches, per queue or for all.
//
// The table of operations.go says operation by operation what is faithful and what is not, and OPERATIONS.md is made of
// it. Sources: the SQS API Reference and Developer Guide, and answers that AWS is publicly recorded to give where those
// two are silent.
package sqs

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/postconfirm/postconfirm/deploy/localcloud/awsjson"
)

// Options are what may differ from one fake to the next. The zero value is complete.
type Options struct {
	Region        string        // part of every queue's ARN; "" means eu-west-1
	Account       string        // 12 digits, part of ARNs and queue URLs; "" means 000000000000
	InFlightLimit int           // messages in flight per queue; 0 means 120,000 (SQS Developer Guide, "Quotas")
	NewID         func() string // makes message and task ids; nil means random UUIDs. Must be safe for concurrent use.
}

// Service is one account's SQS in one Region, held in memory. Create it with New. It is safe for concurrent use.
type Service struct {
	wire            *awsjson.Service
	region, account string
	inFlightLimit   int
	newID           func() string

	mu       sync.Mutex // guards all below, queues and messages included; never held across a wait
	fate     awsjson.Fate
	queues   map[string]*queue
	deleted  map[string]time.Time // name → moment of DeleteQueue
	tasks    []*moveTask          // oldest first
	messages uint64               // messages numbered so far
	born     uint64               // queues numbered so far
}

// New makes an empty account. Nil options mean the defaults.
func New(o *Options) *Service {
	if o == nil {
		o = new(Options)
	}
	s := &Service{
		region: or(o.Region, "eu-west-1"), account: or(o.Account, "000000000000"),
		inFlightLimit: or(o.InFlightLimit, 120_000), newID: o.NewID,
		fate: awsjson.Calm{}, queues: map[string]*queue{}, deleted: map[string]time.Time{},
	}
	if s.newID == nil {
		s.newID = randomUUID
	}
	s.wire = &awsjson.Service{
		Name: "sqs", Target: "AmazonSQS", Version: "1.0", Namespace: "com.amazonaws.sqs",
		Operations: s.operations(), Missing: missingOperations(), Throttled: throttled(), Internal: internalFailure(), Unsupported: unsupported,
		Resource: "queue", Suffers: []string{"clockSkew", "duplicateRate", "duplicateWithin", "reorderRate"},
	}
	return s
}

// Wire returns the table of operations and typed errors, as the cloud needs them to route, count and fail calls.
func (s *Service) Wire() *awsjson.Service { return s.wire }

// ServeHTTP answers one call. Queue URLs in the answer carry the request's own Host, so that a client that came
// through a port, a tunnel or no socket at all can use them as they are.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.wire.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), hostKey{}, r.Host)))
}

// hostKey carries the Host of a request to the operations that write queue URLs: like the deadline, it belongs to
// the call and not to its body.
type hostKey struct{}

// empty is the answer of operations that have nothing to say.
type empty struct{}

// enter takes the lock and brings running move tasks up to the present, which it returns. Leave with s.mu.Unlock.
func (s *Service) enter() time.Time {
	s.mu.Lock()
	now := time.Now()
	s.advanceTasks(now)
	return now
}

// or returns v, or instead when v is its type's zero.
func or[T comparable](v, instead T) T {
	var zero T
	if v == zero {
		return instead
	}
	return v
}

func randomUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
