package sqs

import (
	"container/list"
	"encoding/base64"
	"fmt"
	"time"
)

// message is one message in one queue. Everything up to sent is fixed when it is sent; the rest is its queue's to
// change, under the lock.
//
//	          delay                 receive               delete
//	sent ──▶ delayed ──▶ visible ─────────▶ in flight ────────▶ gone
//	                        ▲                   │
//	                        └── its time is up ─┘        (older than the retention period: gone from any state)
type message struct {
	number     uint64 // unique in the service, in the order of sending
	id         string
	body       string
	bodyMD5    string
	attributes map[string]attribute // never changed once set
	trace      string               // system attribute AWSTraceHeader
	group      string               // MessageGroupId
	sent       time.Time            // when it was enqueued first; a dead message keeps it
	stamped    time.Time            // the same by the queue's clock, which a fault may put wrong
	repeated   bool                 // it is a second delivery, by a fault

	hiddenUntil  time.Time // while delayed or in flight
	inFlight     bool
	received     time.Time // the latest receive: the 12 hours count from here
	firstReceive time.Time // by the queue's clock
	receives     int       // in all queues; also tells one receipt from the next
	receivesHere int       // in this queue: what the redrive policy counts
	deadFrom     string    // ARN of the queue whose redrive policy moved it here

	visible  *list.Element // place in the queue's visible list; nil while hidden
	hiddenAt int           // place in the queue's heap of hidden messages
	ageAt    int           // place in the queue's heap by age
}

// receipt names one receive of one message from one queue. It travels as base64 of "r1:<queue>:<message>:<receive>".
type receipt struct {
	queue, message uint64
	receive        int
}

// String is the receipt handle.
func (r receipt) String() string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "r1:%d:%d:%d", r.queue, r.message, r.receive))
}

// parseReceipt accepts what String made, to the letter, and nothing else.
func parseReceipt(handle string) (r receipt, ok bool) {
	text, err := base64.StdEncoding.DecodeString(handle)
	if err != nil || len(text) > 80 {
		return receipt{}, false
	}
	if _, err := fmt.Sscanf(string(text), "r1:%d:%d:%d", &r.queue, &r.message, &r.receive); err != nil {
		return receipt{}, false
	}
	return r, r.String() == handle
}
