package function

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"sync"
	"time"
)

// environment is one process and its Runtime API. Its life: launched, asks for an event, answers it, asks again.
// It is warm exactly when it has asked.
type environment struct {
	o      *Options
	cmd    *exec.Cmd
	server *http.Server
	served chan struct{} // closed when the server has ended
	asks   chan struct{} // the program asks for an event
	events chan *invocation
	dead   chan struct{} // closed when the process is gone
	warm   bool          // has asked and was not answered; used by one carrier at a time

	mu      sync.Mutex
	current *invocation
	initErr *Error // what the program said about a failed start
}

// invocation is one event on its way.
type invocation struct {
	id       string
	payload  []byte
	deadline time.Time
	answer   chan answer   // of capacity one: the first answer counts
	settled  chan struct{} // closed when there is an answer and the environment is free again, or gone
}

type answer struct {
	payload []byte
	err     error
}

// give answers the caller; only the first answer counts.
func (v *invocation) give(payload []byte, err error) bool {
	select {
	case v.answer <- answer{payload, err}:
		return true
	default:
		return false
	}
}

// launch starts a process with a Runtime API of its own, on a loopback port that the system chooses.
func launch(argv []string, o *Options, output *sharedWriter) (*environment, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	e := &environment{
		o:      o,
		cmd:    exec.Command(argv[0], argv[1:]...),
		served: make(chan struct{}),
		asks:   make(chan struct{}),
		events: make(chan *invocation),
		dead:   make(chan struct{}),
	}
	e.cmd.Dir = o.Dir
	e.cmd.Env = variables(o, l.Addr().String())
	e.cmd.Stdout, e.cmd.Stderr = &lines{to: output}, &lines{to: output}
	e.cmd.WaitDelay = time.Second // a grandchild that holds the pipes must not hold us
	e.server = &http.Server{Handler: e.api(), ReadHeaderTimeout: 10 * time.Second}
	if err := e.cmd.Start(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	go func() {
		defer close(e.served)
		_ = e.server.Serve(l) // ends by Close, in wait
	}()
	return e, nil
}

// wait returns when the process and its server are gone.
func (e *environment) wait() {
	_ = e.cmd.Wait() // how it ended is in ProcessState
	for _, w := range []any{e.cmd.Stdout, e.cmd.Stderr} {
		w.(*lines).flush()
	}
	close(e.dead)
	_ = e.server.Close()
	<-e.served
}

func (e *environment) kill() { _ = e.cmd.Process.Kill() }

func (e *environment) alive() bool {
	select {
	case <-e.dead:
		return false
	default:
		return true
	}
}

// carry brings one event to the program and returns when the program asks for the next one, or is gone. The event
// has an answer by then.
func (e *environment) carry(v *invocation) {
	if !e.warm {
		if err := e.await(e.o.Init, v); err != nil {
			return
		}
	}
	e.warm = false
	e.hold(v)
	defer e.hold(nil)
	v.deadline = time.Now().Add(e.o.Timeout)
	if err := e.deliver(v); err != nil {
		return
	}
	if err := e.await(time.Until(v.deadline), v); err != nil {
		return
	}
	v.give(nil, &Error{Type: "Runtime.NoResponse", Message: "RequestId: " + v.id + " Error: the next event was asked for before this one was answered", cause: ErrExit})
}

// await waits until the program asks for an event. A program that is gone or late fails the event, unless that has
// its answer already.
func (e *environment) await(limit time.Duration, v *invocation) error {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-e.asks:
		e.warm = true
		return nil
	case <-e.dead:
		return e.exited(v)
	case <-timer.C:
		return e.expire(v, limit)
	}
}

// deliver hands the event to the request in which the program asked.
func (e *environment) deliver(v *invocation) error {
	timer := time.NewTimer(e.o.Timeout)
	defer timer.Stop()
	select {
	case e.events <- v:
		return nil
	case <-e.dead:
		return e.exited(v)
	case <-timer.C:
		return e.expire(v, e.o.Timeout)
	}
}

// expire fails the event, then kills the process and waits for its end, so that nobody takes it for a warm one.
func (e *environment) expire(v *invocation, limit time.Duration) error {
	err := &Error{
		Type:    "Sandbox.Timedout",
		Message: fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", v.id, limit.Seconds()),
		cause:   ErrTimeout,
	}
	v.give(nil, err)
	e.kill()
	<-e.dead
	return err
}

// exited fails the event with the program's last words, if it told any, or with how it ended.
func (e *environment) exited(v *invocation) error {
	e.mu.Lock()
	err := e.initErr
	e.mu.Unlock()
	if err == nil {
		err = &Error{
			Type:    "Runtime.ExitError",
			Message: fmt.Sprintf("RequestId: %s Error: Runtime exited with error: %s", v.id, e.cmd.ProcessState),
			cause:   ErrExit,
		}
	}
	v.give(nil, err)
	return err
}

// hold notes which event may be answered now.
func (e *environment) hold(v *invocation) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.current = v
}

func (e *environment) held(id string) *invocation {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.current == nil || e.current.id != id {
		return nil
	}
	return e.current
}
