// Package function stands for AWS Lambda in the local cloud: it runs real Lambda programs.
//
// A [Process] is one function. It starts the program that would be in the zip, under a mock of the Lambda Runtime
// API (Lambda developer guide, "Using the Lambda runtime API for custom runtimes"), and hands it one event at a
// time. Further events start further processes ("execution environments") up to a limit; they are kept warm and
// the one used last is used first, as in Lambda.
//
// It promises: the program can't tell the difference as far as the documents go; an error that the program returned
// ([Error]) is told apart from a program that hung ([ErrTimeout]), fell over ([ErrExit]) or found no free
// environment ([ErrThrottled]); after Close nothing of it runs any more.
//
// It refuses to lend its own environment variables: the program sees what Lambda documents, what Options give, and
// the path and home of the host. It does not freeze a process between events, as Lambda does.
package function

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Options say how a function is set up. The zero value of every field means its default.
type Options struct {
	// Name is the function's name. Default: the last element of the program's path.
	Name string
	// ARN is sent with each event. Default: made of Region, the account 000000000000 and Name.
	ARN string
	// Region is the AWS region the program believes to be in. Default: eu-west-1.
	Region string
	// Handler is the value of _HANDLER. Default: bootstrap.
	Handler string
	// Memory is told to the program in MiB; it is not enforced. Default: 128.
	Memory int
	// Environment holds the function's own variables. Those that Lambda reserves win over them.
	Environment map[string]string
	// Dir is the working directory, LAMBDA_TASK_ROOT in Lambda. Default: that of this process.
	Dir string
	// Init bounds the start of a process up to its first request for an event. Default: 10 s, as in Lambda.
	Init time.Duration
	// Timeout bounds one event. Default: 5 s, which is as long as Cognito waits.
	Timeout time.Duration
	// Concurrency bounds the number of processes. Default: 4.
	Concurrency int
	// Output receives what the programs print, in whole lines, never two at a time. Default: dropped.
	Output io.Writer
	// ID makes the request ids. It is called by one goroutine at a time. Default: random UUIDs.
	ID func() string
}

func (o *Options) withDefaults(argv []string) Options {
	var r Options
	if o != nil {
		r = *o
	}
	program := "function"
	if len(argv) > 0 {
		program = filepath.Base(argv[0])
	}
	r.Name = cmp.Or(r.Name, program)
	r.Region = cmp.Or(r.Region, "eu-west-1")
	r.ARN = cmp.Or(r.ARN, "arn:aws:lambda:"+r.Region+":000000000000:function:"+r.Name)
	r.Handler = cmp.Or(r.Handler, "bootstrap")
	r.Memory = cmp.Or(r.Memory, 128)
	r.Init = cmp.Or(r.Init, 10*time.Second)
	r.Timeout = cmp.Or(r.Timeout, 5*time.Second)
	r.Concurrency = max(cmp.Or(r.Concurrency, 4), 1)
	if r.Output == nil {
		r.Output = io.Discard
	}
	if r.ID == nil {
		r.ID = uuid
	}
	return r
}

// uuid makes a random UUID (RFC 9562, version 4).
func uuid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, says its documentation
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Process is one Lambda function that runs as processes of this machine. It is safe for concurrent use.
type Process struct {
	argv   []string
	o      Options
	output *sharedWriter
	slots  chan struct{} // one for each busy environment
	closed chan struct{} // closed by Close, for those who wait for a slot

	mu   sync.Mutex
	idle []*environment // warm ones, the last used at the end
	all  map[*environment]struct{}
	done bool
	work sync.WaitGroup
}

// New makes a function of a program and its arguments. Nothing is started before the first event.
func New(argv []string, o *Options) *Process {
	r := o.withDefaults(argv)
	return &Process{
		argv:   argv,
		o:      r,
		output: &sharedWriter{to: r.Output},
		slots:  make(chan struct{}, r.Concurrency),
		closed: make(chan struct{}),
		all:    map[*environment]struct{}{},
	}
}

// ARN is the function's name in a Cognito LambdaConfig.
func (p *Process) ARN() string { return p.o.ARN }

// Invoke hands one event to the program and returns its answer, byte for byte, of at most 6 MiB. As in Lambda, the
// event is over when the program asks for the next one, or is gone; so a caller that comes again finds it warm.
//
// When all environments are busy it waits for one; Lambda would refuse at once, but its thousand environments are
// few here. When ctx ends first, Invoke returns and the program goes on until it answers or times out: that is what
// Lambda does when its caller gives up. Errors: *Error for what the program returned; else one of the Err values.
func (p *Process) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	if err := p.acquire(ctx); err != nil {
		return nil, err
	}
	v, err := p.start(payload)
	if err != nil {
		<-p.slots
		return nil, err
	}
	select {
	case <-v.settled:
		a := <-v.answer
		if p.ended() && errors.Is(a.err, ErrExit) {
			return nil, ErrClosed
		}
		return a.payload, a.err
	case <-ctx.Done():
		return nil, fmt.Errorf("function: invoke: %w", context.Cause(ctx))
	}
}

func (p *Process) acquire(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-p.closed:
		return ErrClosed
	case <-ctx.Done():
		return fmt.Errorf("%w: all %d are busy", ErrThrottled, cap(p.slots))
	}
}

// start gives the event to an environment. The goroutine that carries it owns the slot from here on.
func (p *Process) start(payload []byte) (*invocation, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done {
		return nil, ErrClosed
	}
	e, err := p.environment()
	if err != nil {
		return nil, &Error{Type: "Runtime.InvalidEntrypoint", Message: err.Error(), cause: ErrExit}
	}
	v := &invocation{id: p.o.ID(), payload: payload, answer: make(chan answer, 1), settled: make(chan struct{})}
	p.work.Go(func() {
		e.carry(v)
		p.keep(e)
		<-p.slots
		close(v.settled)
	})
	return v, nil
}

// environment takes the warmest living environment, or starts one.
func (p *Process) environment() (*environment, error) {
	for len(p.idle) > 0 {
		e := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if e.alive() {
			return e, nil
		}
	}
	if len(p.argv) == 0 {
		return nil, errors.New("no program given")
	}
	e, err := launch(p.argv, &p.o, p.output)
	if err != nil {
		return nil, err
	}
	p.all[e] = struct{}{}
	p.work.Go(func() {
		e.wait()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.all, e)
	})
	return e, nil
}

// keep puts a living environment back among the warm ones.
func (p *Process) keep(e *environment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.alive() {
		p.idle = append(p.idle, e)
	}
}

// Close kills all processes and waits until they and all goroutines are gone. Events under way end in an error.
// It returns nil; a second Close does nothing.
func (p *Process) Close() error {
	p.mu.Lock()
	if !p.done {
		p.done = true
		close(p.closed)
	}
	for e := range p.all {
		e.kill()
	}
	p.mu.Unlock()
	p.work.Wait()
	return nil
}

func (p *Process) ended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done
}

// Environments tells how many processes are there now, busy or warm.
func (p *Process) Environments() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.all)
}

// traceID makes the value of the X-Ray header out of a request id: made up, but of the documented shape.
func traceID(id string, now time.Time) string {
	hex := strings.ReplaceAll(id, "-", "") + strings.Repeat("0", 24)
	return fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=0", now.Unix(), hex[:24], hex[:16])
}
