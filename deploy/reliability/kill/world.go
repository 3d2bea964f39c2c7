//go:build unix

package kill

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	cognitotypes "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
	cloudsqs "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
	"github.com/postconfirm/postconfirm/worker/amazon"
)

// Options are what may differ from one proof to the next. Program is required.
type Options struct {
	Program  string // the worker, compiled with its failpoints
	Operator string // cmd/postconfirm; only Replay needs it
	Seed     uint64
	InFlight int     // runs at once; 16
	Lose     float64 // the share of the vendors' answers that are lost after they acted; 0.04
	// Progress is told of a line worth showing now and then; nobody.
	Progress func(string)
}

func (o *Options) tell(format string, values ...any) {
	if o.Progress != nil {
		o.Progress(fmt.Sprintf(format, values...))
	}
}

// World is everything around the worker: a cloud on the loopback, vendors that count, and the ledger's folder.
type World struct {
	Facts  *Facts
	Ledger string // path

	options Options
	rand    *rand.Rand // of the one goroutine that plays the proof
	dir     string
	file    string // the pipeline
	url     string // of the cloud, with the front before it
	pool    string
	queue   string
	dlq     string
	clients *amazon.Clients // into the cloud, past the front
	vendors *vendors
	early   *early
	ahead   time.Duration // of the worker's clock
	born    int           // people so far
	trap    atomic.Pointer[trap]
	close   []func() error
}

// trap is a place of the harness where the present victim dies.
type trap struct {
	place  string
	left   atomic.Int64
	victim *victim
}

// NewWorld makes a world of its own in a new folder: in memory where the machine has such a disk. Close it when done.
func NewWorld(ctx context.Context, o Options) (_ *World, err error) {
	o.InFlight, o.Lose = or(o.InFlight, 16), or(o.Lose, 0.04)
	w := &World{Facts: newFacts(), options: o, rand: rand.New(rand.NewPCG(o.Seed, 1))}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("kill: make a world: %w", err), w.Close())
		}
	}()
	if w.dir, err = os.MkdirTemp(FastDisk(), "postconfirm-kill-"); err != nil {
		return nil, err
	}
	w.close = append(w.close, func() error { return os.RemoveAll(w.dir) })
	w.Ledger, w.file = filepath.Join(w.dir, "ledger.db"), filepath.Join(w.dir, "pipeline.yaml")
	w.early = &early{path: w.Ledger, facts: w.Facts}
	w.close = append(w.close, w.early.close)
	w.vendors = &vendors{facts: w.Facts, trap: w.spring, lose: o.Lose, rand: rand.New(rand.NewPCG(o.Seed, 2))}
	vendorURL, err := w.serve(w.vendors)
	if err != nil {
		return nil, err
	}
	cloud := localcloud.New(nil)
	cloud.Register(cloudsqs.New(nil))
	cloud.Register(cognito.New(nil))
	if w.url, err = w.serve(&front{cloud: cloud, facts: w.Facts, trap: w.spring, deletes: w.early.check, sends: w.sending}); err != nil {
		return nil, err
	}
	if err := w.furnish(ctx, cloud); err != nil {
		return nil, err
	}
	return w, os.WriteFile(w.file, fmt.Appendf(nil, pipeline, w.pool, vendorURL), 0o600)
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// FastDisk is the folder of Linux's disk in memory; "" where there is none, which means the usual one for temporary files. A killed process loses nothing on either;
// what a power loss does is proved beside the ledger.
func FastDisk() string {
	if about, err := os.Stat("/dev/shm"); err == nil && about.IsDir() {
		return "/dev/shm"
	}
	return ""
}

// serve puts a handler on a free port of the loopback.
func (w *World) serve(h http.Handler) (url string, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: quiet()}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) }) // ends with close
	w.close = append(w.close, func() error {
		err := server.Close()
		serving.Wait()
		return err
	})
	return "http://" + listener.Addr().String(), nil
}

// Close ends the servers and removes the folder.
func (w *World) Close() error {
	var all []error
	for i := len(w.close) - 1; i >= 0; i-- {
		all = append(all, w.close[i]())
	}
	return errors.Join(all...)
}

// furnish makes the queues and the pool.
func (w *World) furnish(ctx context.Context, cloud *localcloud.Cloud) (err error) {
	w.clients, err = amazon.Connect(ctx, &amazon.ConnectOptions{Region: cloud.Region(), LocalCloud: w.url, HTTPClient: cloud})
	if err != nil {
		return err
	}
	for name, url := range map[string]*string{"confirmed": &w.queue, "confirmed-dlq": &w.dlq} {
		made, err := w.clients.SQS.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name,
			Attributes: map[string]string{"MessageRetentionPeriod": "1209600"}})
		if err != nil {
			return err
		}
		*url = *made.QueueUrl
	}
	made, err := w.clients.Cognito.CreateUserPool(ctx, &cognitoidentityprovider.CreateUserPoolInput{PoolName: aws.String("people"),
		UsernameAttributes: []cognitotypes.UsernameAttributeType{cognitotypes.UsernameAttributeTypeEmail},
		Schema: []cognitotypes.SchemaAttributeType{{Name: aws.String("version"), Mutable: aws.Bool(true),
			AttributeDataType: cognitotypes.AttributeDataTypeString}}})
	if err != nil {
		return err
	}
	w.pool = *made.UserPool.Id
	return nil
}

// spring is called wherever the harness could kill.
func (w *World) spring(place string) {
	if t := w.trap.Load(); t != nil && t.place == place && t.left.Add(-1) == 0 {
		t.victim.kill(place)
	}
}

// show makes every message that a dead worker held visible, as if its time had passed: the worker's next life has a
// clock that is ahead by more than a lease.
func (w *World) show(ctx context.Context) error {
	w.ahead += afterlife
	receipts := w.Facts.held()
	for first := 0; first < len(receipts); first += 10 {
		in := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &w.queue}
		for i, receipt := range receipts[first:min(len(receipts), first+10)] {
			in.Entries = append(in.Entries, types.ChangeMessageVisibilityBatchRequestEntry{
				Id: aws.String(fmt.Sprint(i)), ReceiptHandle: &receipt})
		}
		if _, err := w.clients.SQS.ChangeMessageVisibilityBatch(ctx, in); err != nil {
			return fmt.Errorf("kill: show messages: %w", err)
		}
	}
	return nil
}

// afterlife is what passes between two lives, by the worker's clock and the queue's: more than the longest lease.
const afterlife = 61 * time.Second

// left counts what is on the queue: visible now, and in all.
func (w *World) left(ctx context.Context) (visible, all int, err error) {
	out, err := w.clients.SQS.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &w.queue,
		AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
	if err != nil {
		return 0, 0, fmt.Errorf("kill: count messages: %w", err)
	}
	visible = number(out.Attributes["ApproximateNumberOfMessages"])
	return visible, visible + number(out.Attributes["ApproximateNumberOfMessagesNotVisible"]) +
		number(out.Attributes["ApproximateNumberOfMessagesDelayed"]), nil
}
