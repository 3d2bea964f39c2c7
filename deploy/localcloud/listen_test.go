package localcloud_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"go.uber.org/goleak"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	local "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
)

// listen serves a cloud on a free port, and closes it with the test; nothing may be left running then.
func listen(t *testing.T, c *localcloud.Cloud) (url string, client *http.Client) {
	t.Helper()
	leaks := goleak.IgnoreCurrent()
	s, err := c.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		transport.CloseIdleConnections()
		goleak.VerifyNone(t, leaks)
	})
	return s.URL(), &http.Client{Transport: transport}
}

// doorbell is SQS that rings when somebody comes to receive.
type doorbell struct {
	*local.Service
	rung chan struct{}
}

func (d *doorbell) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if operation, _ := d.Wire().Serves(r); operation == "ReceiveMessage" {
		d.rung <- struct{}{}
	}
	d.Service.ServeHTTP(w, r)
}

func TestListener(t *testing.T) {
	t.Run("the SDK works over the loopback, and queue URLs carry the port", func(t *testing.T) {
		url, client := listen(t, newCloud())
		sdk := connect(client, url)
		queue := createQueue(t, sdk)
		if want := url + "/000000000000/q"; *queue != want {
			t.Errorf("the queue is at %s, want %s", *queue, want)
		}
		got := make(chan string, 1)
		go func() {
			out, err := sdk.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: queue, WaitTimeSeconds: 20})
			if err != nil || len(out.Messages) != 1 {
				t.Errorf("received %v, %v", out, err)
				got <- ""
				return
			}
			_, err = sdk.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: queue, ReceiptHandle: out.Messages[0].ReceiptHandle})
			if err != nil {
				t.Error(err)
			}
			got <- *out.Messages[0].Body
		}()
		if err := send(t, sdk, queue); err != nil {
			t.Fatal(err)
		}
		if body := <-got; body != "a" {
			t.Errorf("received %q", body)
		}
	})
	t.Run("closing ends long polls and leaves nothing behind", func(t *testing.T) {
		leaks := goleak.IgnoreCurrent()
		c := newCloud()
		bell := &doorbell{Service: local.New(nil), rung: make(chan struct{}, 1)}
		c.Register(bell)
		s, err := c.Listen("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		transport := &http.Transport{}
		sdk := connect(&http.Client{Transport: transport}, s.URL())
		queue := createQueue(t, sdk)
		polling := make(chan error, 1)
		go func() {
			_, err := sdk.ReceiveMessage(context.Background(), &sqs.ReceiveMessageInput{QueueUrl: queue, WaitTimeSeconds: 20})
			polling <- err
		}()
		<-bell.rung
		start := time.Now()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-polling; err == nil {
			t.Error("the long poll was answered")
		}
		if took := time.Since(start); took > 4*time.Second {
			t.Errorf("closing took %v", took)
		}
		transport.CloseIdleConnections()
		goleak.VerifyNone(t, leaks)
	})
	t.Run("closing doesn't wait for who has connected and says nothing", func(t *testing.T) {
		s, err := newCloud().Listen("localhost:0")
		if err != nil {
			t.Fatal(err)
		}
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		resp, err := http.Get(s.URL()) // accepted after conn, so conn is known when this is answered
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		start := time.Now()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took > 4*time.Second {
			t.Errorf("closing took %v", took)
		}
		if n, err := conn.Read(make([]byte, 1)); err == nil {
			t.Errorf("read %d bytes from a closed connection", n)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	t.Run("a lost answer is a broken connection, and the message is there", func(t *testing.T) {
		c := newCloud()
		url, client := listen(t, c)
		sdk := connect(client, url)
		queue := createQueue(t, sdk)
		set(t, c, "SendMessage", localcloud.Fault{LostRate: 1})
		if err := send(t, sdk, queue); !errors.Is(err, io.EOF) {
			t.Errorf("got %v, want a broken connection", err)
		}
		if n := visible(t, sdk, queue); n != "1" {
			t.Errorf("%s messages arrived, want 1", n)
		}
	})
	t.Run("it refuses every address that others could reach", func(t *testing.T) {
		for _, addr := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.com:0", "169.254.0.1:0"} {
			if s, err := newCloud().Listen(addr); !errors.Is(err, localcloud.ErrNotLoopback) {
				t.Errorf("%s: %v, %v", addr, s, err)
			}
		}
	})
	t.Run("an address that is none, or taken, is an error", func(t *testing.T) {
		if _, err := newCloud().Listen("127.0.0.1"); err == nil {
			t.Error("no port is a port")
		}
		url, _ := listen(t, newCloud())
		if _, err := newCloud().Listen(strings.TrimPrefix(url, "http://")); err == nil {
			t.Error("two servers have one port")
		}
	})
}

func TestControl(t *testing.T) {
	c := newCloud()
	url, client := listen(t, c)
	sdk := connect(client, url)
	queue := createQueue(t, sdk)
	ask := func(method, path, kind, host, body string) (status int, answer string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", kind)
		if host != "" {
			r.Host = host
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, strings.TrimSpace(string(text))
	}
	const faults = `{"sqs":{"SendMessage":{"outage":true}}}`

	t.Run("faults are put, read and removed", func(t *testing.T) {
		if status, answer := ask("PUT", "/_local/faults", "application/json", "", faults); status != 204 {
			t.Fatal(status, answer)
		}
		if status, answer := ask("GET", "/_local/faults", "", "", ""); status != 200 || answer != faults {
			t.Error(status, answer)
		}
		wantStatus(t, send(t, sdk, queue), 503, "ServiceUnavailable")
		if status, answer := ask("DELETE", "/_local/faults", "application/json; charset=utf-8", "localhost:1", ""); status != 204 {
			t.Error(status, answer)
		}
		if err := send(t, sdk, queue); err != nil {
			t.Error(err)
		}
	})
	t.Run("calls are read and forgotten", func(t *testing.T) {
		if status, answer := ask("GET", "/_local/calls", "", "", ""); status != 200 || answer != `{"sqs.CreateQueue":1,"sqs.SendMessage":2}` {
			t.Error(status, answer)
		}
		if status, answer := ask("DELETE", "/_local/calls", "application/json", "", ""); status != 204 {
			t.Error(status, answer)
		}
		if _, answer := ask("GET", "/_local/calls", "", "[::1]", ""); answer != `{}` {
			t.Error(answer)
		}
	})
	t.Run("web pages and mistakes are refused", func(t *testing.T) {
		for name, test := range map[string]struct {
			method, path, kind, host, body string
			status                         int
		}{
			"a form":                 {"PUT", "/_local/faults", "application/x-www-form-urlencoded", "", faults, 415},
			"plain text":             {"DELETE", "/_local/faults", "text/plain", "", "", 415},
			"no type":                {"PUT", "/_local/faults", "", "", faults, 415},
			"a name that was bent":   {"GET", "/_local/calls", "", "evil.example", "", 403},
			"a name that looks ours": {"PUT", "/_local/faults", "application/json", "localhost.evil.example", faults, 403},
			"an unknown path":        {"GET", "/_local/secrets", "", "", "", 404},
			"an unknown method":      {"POST", "/_local/faults", "application/json", "", faults, 404},
			"what is not JSON":       {"PUT", "/_local/faults", "application/json", "", `{`, 400},
			"two values":             {"PUT", "/_local/faults", "application/json", "", faults + faults, 400},
			"a misspelt fault":       {"PUT", "/_local/faults", "application/json", "", `{"sqs":{"*":{"outrage":true}}}`, 400},
			"a misspelt operation":   {"PUT", "/_local/faults", "application/json", "", `{"sqs":{"Send":{"outage":true}}}`, 400},
			"a misspelt latency":     {"PUT", "/_local/faults", "application/json", "", `{"sqs":{"*":{"latency":"fast"}}}`, 400},
			"a fault put wrongly":    {"PUT", "/_local/faults", "application/json", "", `{"sqs":{"queue:q":{"outage":true}}}`, 400},
			"nothing at all":         {"PUT", "/_local/faults", "application/json", "", ``, 400},
			"too much":               {"PUT", "/_local/faults", "application/json", "", strings.Repeat(" ", 1<<20) + faults, 400},
		} {
			t.Run(name, func(t *testing.T) {
				if status, answer := ask(test.method, test.path, test.kind, test.host, test.body); status != test.status {
					t.Errorf("got %d %s, want %d", status, answer, test.status)
				}
			})
		}
		if on := c.Faults(); len(on) != 0 {
			t.Errorf("switched on: %v", on)
		}
	})
}
