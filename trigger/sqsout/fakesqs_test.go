package sqsout_test

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/postconfirm/postconfirm/trigger/sqsout"
)

// act is what the queue does with one request whose body is read.
type act func(f *fakeSQS, w http.ResponseWriter, r *http.Request)

// fakeSQS speaks as much of SQS's JSON protocol as SendMessage needs. It follows its script, request by request; after
// the script it accepts.
type fakeSQS struct {
	*httptest.Server

	mu          sync.Mutex
	script      []act
	requests    []*http.Request
	taken       []string // message bodies that are on the queue
	connections int
}

func newFake(t *testing.T, script ...act) *fakeSQS {
	f := &fakeSQS{script: script}
	f.Server = httptest.NewUnstartedServer(f)
	f.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.connections++
		}
	}
	f.Start()
	t.Cleanup(f.Close)
	return f
}

func (f *fakeSQS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	do := accept
	if len(f.requests) < len(f.script) {
		do = f.script[len(f.requests)]
	}
	f.requests = append(f.requests, r)
	f.mu.Unlock()
	do(f, w, r)
}

// take reads the message off the request and keeps it.
func (f *fakeSQS) take(r *http.Request) string {
	var in struct{ QueueUrl, MessageBody string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || !strings.HasSuffix(in.QueueUrl, "/123456789012/signups") {
		return ""
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.taken = append(f.taken, in.MessageBody)
	return in.MessageBody
}

func (f *fakeSQS) bodies() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.taken...)
}

func (f *fakeSQS) count() (requests, connections int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.requests), f.connections
}

func accept(f *fakeSQS, w http.ResponseWriter, r *http.Request) {
	sum := md5.Sum([]byte(f.take(r)))
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	fmt.Fprintf(w, `{"MessageId":"5fea7756-0ea4-451a-a703-a558b933e274","MD5OfMessageBody":"%s"}`, hex.EncodeToString(sum[:]))
}

// fail answers as SQS does: the type in the body, the older code in a header.
func fail(status int, kind, query string) act {
	return func(_ *fakeSQS, w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		if query != "" {
			w.Header().Set("X-Amzn-Query-Error", query+";Sender")
		}
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"__type":"%s","message":"told in confidence"}`, kind)
	}
}

// answer gives any answer at all.
func answer(status int, contentType, body string) act {
	return func(_ *fakeSQS, w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// redirect points elsewhere, where the message must not go.
func redirect(f *fakeSQS, w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, f.URL+"/elsewhere", http.StatusTemporaryRedirect)
}

// reset breaks the connection off; taken tells whether the message is on the queue by then.
func reset(taken bool) act {
	return func(f *fakeSQS, w http.ResponseWriter, r *http.Request) {
		if taken {
			f.take(r)
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	}
}

// hang reads, and answers when the client has gone.
func hang(f *fakeSQS, _ http.ResponseWriter, r *http.Request) {
	f.take(r)
	<-r.Context().Done()
}

// stall sends half an answer and then nothing until the client has gone.
func stall(_ *fakeSQS, w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Length", "1000")
	io.WriteString(w, `{"MessageId":`)
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

// variables makes the environment of a function whose queue is f.
func variables(f *fakeSQS, more map[string]string) func(string) string {
	all := map[string]string{
		"POSTCONFIRM_QUEUE_URL": f.URL + "/123456789012/signups",
		"AWS_REGION":            "eu-west-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "session",
	}
	for name, value := range more {
		all[name] = value
	}
	return func(name string) string { return all[name] }
}

func newSender(t *testing.T, f *fakeSQS) *sqsout.Sender {
	t.Helper()
	s, err := sqsout.NewSender(variables(f, nil))
	if err != nil {
		t.Fatal(err)
	}
	return s
}
