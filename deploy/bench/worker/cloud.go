package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
	cloudsqs "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
)

// world is where a subject finds things.
type world struct {
	Cloud       string // URL
	Vendor      string // URL
	Queue       string // URL
	DeadLetters string // URL
	Pool        string // id
	Region      string
}

// tally is what the cloud counted while the subject worked.
type tally struct {
	CloudConnections  int
	VendorConnections int
	Calls             map[string]int // by "service.Operation", and "vendor"
}

// playCloud is the role of the cloud: fill, tell where, serve until the input ends, tell what was counted.
func playCloud(ctx context.Context, in io.Reader, out io.Writer) error {
	var p plan
	task := json.NewDecoder(in)
	if err := task.Decode(&p); err != nil {
		return fmt.Errorf("read task: %w", err)
	}
	cloud := localcloud.New(nil)
	cloud.Register(cloudsqs.New(nil))
	cloud.Register(cognito.New(nil))
	aws, err := serve(cloud)
	if err != nil {
		return err
	}
	defer aws.close()
	asked := &vendor{latency: p.Latency}
	company, err := serve(asked)
	if err != nil {
		return err
	}
	defer company.close()
	w, err := fill(ctx, cloud, aws.url(), p.Users)
	if err != nil {
		return err
	}
	w.Vendor = company.url()
	cloud.ResetCalls()
	if err := json.NewEncoder(out).Encode(w); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, in) // ends when the other side closes it
	t := tally{CloudConnections: int(aws.connections.Load()), VendorConnections: int(company.connections.Load()), Calls: cloud.Calls()}
	t.Calls["vendor"] = int(asked.calls.Load())
	return json.NewEncoder(out).Encode(t)
}

// vendor knows one company, and takes its time.
type vendor struct {
	latency time.Duration
	calls   atomic.Int64
}

// ServeHTTP answers any question.
func (v *vendor) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	v.calls.Add(1)
	time.Sleep(v.latency)
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"name":"Acme Ltd","domain":"acme.example","plan":{"name":"team"},"employees":120,"country":"NL"}`)
}

// counter is a server on the loopback that counts the connections made to it.
type counter struct {
	server      http.Server
	listener    net.Listener
	connections atomic.Int64
}

func serve(h http.Handler) (*counter, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	c := &counter{listener: listener, server: http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}}
	c.server.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			c.connections.Add(1)
		}
	}
	go func() { _ = c.server.Serve(listener) }() // ends with close
	return c, nil
}

func (c *counter) url() string { return "http://" + c.listener.Addr().String() }

func (c *counter) close() { _ = c.server.Close() }
