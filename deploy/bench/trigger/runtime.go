package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// event is a sign-up as Cognito hands it in, with the strings that the typed struct of aws-lambda-go can read.
const event = `{"version":"1","region":"eu-west-1","userPoolId":"eu-west-1_Ab12cd34E","userName":"6f9c4f9e-0a1b-4c2d-8e3f-112233445566",` +
	`"callerContext":{"awsSdkVersion":"aws-sdk-unknown-unknown","clientId":"4k2example3client4id"},"triggerSource":"PostConfirmation_ConfirmSignUp",` +
	`"request":{"userAttributes":{"sub":"6f9c4f9e-0a1b-4c2d-8e3f-112233445566","email_verified":"true","cognito:user_status":"CONFIRMED",` +
	`"given_name":"Ada","email":"ada@example.com"}},"response":{}}`

// process is a subject that runs, under a Runtime API of its own (AWS Lambda Developer Guide, Lambda runtime API).
type process struct {
	cmd     *exec.Cmd
	server  *http.Server
	stderr  bytes.Buffer
	asks    chan time.Time // when it asked for an event
	events  chan string    // the id of the next one
	given   chan time.Time // when the event was written
	answers chan answer
	began   time.Time
	exited  chan struct{}
}

type answer struct {
	at   time.Time
	id   string
	body []byte
}

// start starts a subject. It asks for its first event when its init is over.
func (w workshop) start(ctx context.Context, s subject) (*process, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &process{
		cmd: exec.CommandContext(ctx, s.argv[0], s.argv[1:]...), asks: make(chan time.Time, 1), events: make(chan string),
		given: make(chan time.Time, 1), answers: make(chan answer, 1), exited: make(chan struct{}),
	}
	p.server = &http.Server{Handler: p.api()}
	go func() { _ = p.server.Serve(l) }() // ends by Close
	p.cmd.Env, p.cmd.Stderr = w.environment(s, l.Addr().String()), &p.stderr
	p.began = time.Now()
	if err := p.cmd.Start(); err != nil {
		_ = p.server.Close()
		return nil, fmt.Errorf("start %s: %w", s.name, err)
	}
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait() // it is killed in the end
	}()
	return p, nil
}

func (p *process) stop() {
	_ = p.cmd.Process.Kill()
	<-p.exited
	_ = p.server.Close()
}

func (p *process) api() http.Handler {
	mux := http.NewServeMux()
	const base = "/2018-06-01/runtime/invocation/"
	mux.HandleFunc("GET "+base+"next", p.next)
	mux.HandleFunc("POST "+base+"{id}/response", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			body = nil // it is no answer then, and the bench says so
		}
		p.answers <- answer{time.Now(), r.PathValue("id"), body}
		w.WriteHeader(http.StatusAccepted)
	})
	return mux
}

func (p *process) next(w http.ResponseWriter, r *http.Request) {
	p.asks <- time.Now()
	select {
	case id := <-p.events:
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", id)
		w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(5*time.Second).UnixMilli(), 10))
		w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:123456789012:function:signup")
		p.given <- time.Now()
		_, _ = io.WriteString(w, event) // its end is told by the answer that doesn't come
	case <-r.Context().Done():
	}
}

// wait gets one thing from the process, unless that ends or takes too long.
func wait[T any](p *process, from <-chan T, what string) (got T, err error) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case got = <-from:
		return got, nil
	case <-p.exited:
		return got, fmt.Errorf("ended before %s: %s", what, strings.TrimSpace(p.stderr.String()))
	case <-timer.C:
		return got, fmt.Errorf("no %s in %v: killed", what, limit)
	}
}

// ready waits until the process asks for its first event.
func (p *process) ready() (time.Duration, error) {
	at, err := wait(p, p.asks, "the first request for an event")
	return at.Sub(p.began), err
}

// invoke gives one event to a process that has asked, and waits until it asks for the next.
func (p *process) invoke(n int) (time.Duration, error) {
	id := fmt.Sprintf("8476a536-e9f4-11e8-9739-%012d", n)
	p.events <- id
	began := <-p.given
	got, err := wait(p, p.answers, "the answer")
	if err != nil {
		return 0, err
	}
	if got.id != id || !bytes.Contains(got.body, []byte("eu-west-1_Ab12cd34E")) {
		return 0, fmt.Errorf("answered %.200q", got.body)
	}
	_, err = wait(p, p.asks, "the next request for an event")
	return got.at.Sub(began), err
}
