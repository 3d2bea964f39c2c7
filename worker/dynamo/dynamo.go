// Package dynamo is the ledger as a DynamoDB table: for many workers, or none that stays.
//
// It promises: one item is one run, and every change of it is one conditional write, so two workers never both have a
// run, or two runs of one person; one call is one request (the SDK's own retries are off); a write whose answer got lost is looked up once, by a
// token of its own, and counts as done if it was; whatever is decided is decided on consistent reads, and every item
// carries a checksum over all that decides.
//
// It refuses: an item that is not as it was written; a run beyond DynamoDB's 400 KB, before it is sent; a table with
// other keys than its own. It never decides by DynamoDB's own expiry, which comes days late.
//
//	person       S  HASH   pool#sub
//	generation   S  RANGE
//	key          S         run key
//	state        S
//	owner        S         of the lease; absent when nobody holds it
//	lease        N         nanoseconds since 1970; 0 for none
//	fence        N
//	crashes      N
//	updated      N         nanoseconds since 1970
//	first_seen   N         nanoseconds since 1970
//	erased       N         nanoseconds since 1970; 0 while the answers are there
//	token        S         of the write that made this version
//	record       B         JSON of the rest
//	trouble      S         JSON of what groups and lists ask of a run with a cause; absent without
//	sum          B         16 bytes of SHA-256 over all of the above
//	unfinished   S         run key, while the run is open or parked, or done with an open effect; key of the sparse index
//	                       "unfinished"
//	expires      N         seconds since 1970, only in runs of users who are gone or replaced
//
// So all runs of a person are one query, and the index holds only what is still to do. Runs of users who are gone vanish
// 30 days after their end if the table's time to live is on:
//
//	aws dynamodb update-time-to-live --table-name TABLE --time-to-live-specification Enabled=true,AttributeName=expires
//
// Done runs stay, since they are what keeps a late duplicate from starting again. Encryption, backups and deletion
// protection are the table's own settings.
//
// Beside the runs stand a few items that all workers share, under keys that no person can have: the line of the write
// budget (Slices) and the hints about sick dependencies (Hints). They expire by the same attribute. Operators' papers
// stand there too, and stay.
//
// It needs the permissions dynamodb:DescribeTable, GetItem, PutItem, UpdateItem and Query on the table; who lists runs or
// erases old answers also needs Scan on the table and on its index, who reconciles BatchGetItem, and who drops papers
// DeleteItem.
package dynamo

import (
	"cmp"
	"context"
	"crypto/rand"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/awsfault"
	"github.com/postconfirm/postconfirm/worker"
)

// Options are the settings of a ledger; the zero value of each is its default.
type Options struct {
	// Timeout bounds one request, so that a lost answer leaves time to look; 2s.
	Timeout time.Duration
	// Token makes the token of one write, never the same twice; 26 random characters. Safe for concurrent use.
	Token func() string
}

// Ledger is an open ledger. It is safe for concurrent use, and so are many of them on one table.
type Ledger struct {
	client  *dynamodb.Client
	table   string
	timeout time.Duration
	token   func() string
	closed  atomic.Bool
}

var _ worker.Ledger = (*Ledger)(nil)

// Open looks at the table and makes a ledger of it; o may be nil. The error is *Unusable, which knows the next step.
// The client stays the caller's.
func Open(ctx context.Context, client *dynamodb.Client, table string, o *Options) (*Ledger, error) {
	var v Options
	if o != nil {
		v = *o
	}
	if v.Token == nil {
		v.Token = rand.Text
	}
	l := &Ledger{client: client, table: table, timeout: cmp.Or(v.Timeout, 2*time.Second), token: v.Token}
	if err := l.inspect(ctx); err != nil {
		return nil, err
	}
	return l, nil
}

// Close makes later calls fail with ErrClosed. It keeps nothing that must be given back, and may be called again.
func (l *Ledger) Close() error {
	l.closed.Store(true)
	return nil
}

// Err is always nil: a table that can't be reached may be reached again, so no failure ends this ledger.
func (l *Ledger) Err() error { return nil }

// begin is the start of every request: its time, and whether it may be made at all.
func (l *Ledger) begin(ctx context.Context) (context.Context, context.CancelFunc, error) {
	if l.closed.Load() {
		return nil, nil, ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, &enrich.Error{Code: awsfault.Of(err).Code, Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	return ctx, cancel, nil
}

// once keeps the client from repeating a request, whoever made the client.
func once(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} }
