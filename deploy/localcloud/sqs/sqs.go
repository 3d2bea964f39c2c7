// Package sqs is Amazon SQS, standard queues only, as far as a client can see it over the JSON protocol.
//
// It promises the rules that a worker's correctness hangs on: what hides a message and for how long, which receipt
// still counts, when a message is dead, what a long poll sees. It is kinder than AWS in one way: there is one server,
// so nothing is delivered twice by accident and messages come in the order in which they became visible. It refuses
// by name what it does not have. Time is the time package's own, timers included: inside testing/synctest everything
// here is virtual, and that is the injection.
//
//	operation                         faithful                                      not like AWS
//	CreateQueue, SetQueueAttributes   ranges, defaults, same name twice, redrive    at once (AWS: up to 60 s, retention
//	                                  policies and who may use them, 60 s between   15 min); no FIFO, no KMS; policies
//	                                  delete and create                             are kept, not enforced
//	GetQueueUrl, GetQueueAttributes,  prefixes, pages, typed errors                 counts are exact
//	ListQueues, DeleteQueue, tags
//	SendMessage, SendMessageBatch     delay, size with attributes, characters, MD5, group ids are kept, fairness is
//	                                  per-entry failures                            not imitated
//	ReceiveMessage                    long poll, visibility, receive counts,        short polls see the whole queue
//	                                  retention, in-flight limit, attribute filters
//	redrive to a dead-letter queue    when the count would exceed the limit; id,    -
//	                                  enqueue time and counts kept
//	DeleteMessage(Batch)              an old receipt answers success, deletes       never lost
//	                                  nothing
//	ChangeMessageVisibility(Batch)    counts from the call, 12 h from the receive   late: MessageNotInflight as documented
//	                                                                                (AWS itself often just says yes)
//	PurgeQueue                        once in 60 s                                  at once
//	StartMessageMoveTask, List…,      dead-letter queues only, one task at a time,  without a rate everything moves at
//	CancelMessageMoveTask             rate, new ids, failure reasons                once; no limit of 100 tasks or 36 h
//	AddPermission, RemovePermission   -                                             not offered
//
// Sources: the SQS API Reference and Developer Guide, and answers that AWS is publicly recorded to give where those
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
		queues: map[string]*queue{}, deleted: map[string]time.Time{},
	}
	if s.newID == nil {
		s.newID = randomUUID
	}
	s.wire = &awsjson.Service{
		Name: "sqs", Target: "AmazonSQS", Version: "1.0", Namespace: "com.amazonaws.sqs",
		Operations: s.operations(), Throttled: throttled(), Internal: internalFailure(),
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

func (s *Service) operations() map[string]awsjson.Operation {
	return map[string]awsjson.Operation{
		"CreateQueue":                  awsjson.Op(s.createQueue),
		"DeleteQueue":                  awsjson.Op(s.deleteQueue),
		"GetQueueUrl":                  awsjson.Op(s.getQueueURL),
		"ListQueues":                   awsjson.Op(s.listQueues),
		"ListDeadLetterSourceQueues":   awsjson.Op(s.listDeadLetterSourceQueues),
		"GetQueueAttributes":           awsjson.Op(s.getQueueAttributes),
		"SetQueueAttributes":           awsjson.Op(s.setQueueAttributes),
		"PurgeQueue":                   awsjson.Op(s.purgeQueue),
		"TagQueue":                     awsjson.Op(s.tagQueue),
		"UntagQueue":                   awsjson.Op(s.untagQueue),
		"ListQueueTags":                awsjson.Op(s.listQueueTags),
		"SendMessage":                  awsjson.Op(s.sendMessage),
		"SendMessageBatch":             awsjson.Op(s.sendMessageBatch),
		"ReceiveMessage":               awsjson.Op(s.receiveMessage),
		"DeleteMessage":                awsjson.Op(s.deleteMessage),
		"DeleteMessageBatch":           awsjson.Op(s.deleteMessageBatch),
		"ChangeMessageVisibility":      awsjson.Op(s.changeMessageVisibility),
		"ChangeMessageVisibilityBatch": awsjson.Op(s.changeMessageVisibilityBatch),
		"StartMessageMoveTask":         awsjson.Op(s.startMessageMoveTask),
		"ListMessageMoveTasks":         awsjson.Op(s.listMessageMoveTasks),
		"CancelMessageMoveTask":        awsjson.Op(s.cancelMessageMoveTask),
	}
}

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
