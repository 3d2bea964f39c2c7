package sqsout

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postconfirm/postconfirm/trigger"
)

// broken is one way in which SQS, or what is between it and us, can be broken for as long as a function lives. It is
// broken on the wire: the SDK, net/http and crypto/tls are the real ones.
type broken struct {
	name  string
	pipes pipes
	says  []string // words of the result line, one of them in each
	short bool     // a variation of another way: a tenth of the invocations will do
}

// refusing answers every request with an error of SQS.
func refusing(status int, kind string) func(net.Conn) {
	return encrypted(genuine, answering(func(w io.Writer, _ []byte) bool {
		respond(w, status, amzJSON, `{"__type":"`+kind+`","message":"canary"}`)
		return true
	}))
}

// saying answers every request with these bytes and ends the connection.
func saying(text string) func(net.Conn) {
	return encrypted(genuine, answering(func(w io.Writer, _ []byte) bool { _, _ = io.WriteString(w, text); return false }))
}

// pouring answers every request with a beginning and then the same piece, again and again, until nobody reads any more.
func pouring(beginning, piece string, pause time.Duration) func(net.Conn) {
	return encrypted(genuine, answering(func(w io.Writer, _ []byte) bool {
		_, err := io.WriteString(w, beginning)
		for err == nil {
			time.Sleep(pause)
			_, err = io.WriteString(w, piece)
		}
		return false
	}))
}

// silent reads and says nothing, until the other side has had enough.
func silent(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// failing never gets a connection.
func failing(err error) pipes {
	return pipes{dials: func(context.Context, int) error { return err }}
}

// taking turns: the n-th connection is served by the n-th of these, and so on.
func turns(all ...func(net.Conn)) func(net.Conn) {
	n := 0
	return func(c net.Conn) { n++; all[n%len(all)](c) }
}

func connectionWays() []broken {
	nowhere := &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	busy := &net.DNSError{Err: "server misbehaving", Name: host, IsTemporary: true}
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	hangs := func(ctx context.Context, _ int) error {
		ctx, cancel := context.WithTimeout(ctx, connectLimit) // as net.Dialer does
		defer cancel()
		<-ctx.Done()
		return &net.OpError{Op: "dial", Net: "tcp", Err: ctx.Err()}
	}
	return []broken{
		{"its name doesn't exist", failing(nowhere), []string{`"error":"dns"`}, false},
		{"the name server is broken", failing(busy), []string{`"error":"dns"`}, true},
		{"nobody listens", failing(refused), []string{`"error":"connect"`}, false},
		{"packets vanish", pipes{dials: hangs}, []string{`"error":"timeout"`}, false},
		{"the handshake hangs", pipes{serve: silent}, []string{`"error":"timeout"`}, true},
		{"it closes instead of a handshake", pipes{serve: func(net.Conn) {}}, []string{`"error":"reset"`}, true},
		{"it is another's certificate", pipes{serve: encrypted(newAuthority("stranger").certificate(host, 2190), silent)}, []string{`"error":"tls"`}, false},
		{"its certificate has ended", pipes{serve: encrypted(amazon.certificate(host, 1991), silent)}, []string{`"error":"tls"`}, true},
		{"its certificate is for another host", pipes{serve: encrypted(amazon.certificate("sqs.example.com", 2190), silent)}, []string{`"error":"tls"`}, true},
		{"it doesn't speak TLS", pipes{serve: func(c net.Conn) {
			_, _ = c.Read(make([]byte, 1<<10))
			_, _ = io.WriteString(c, "HTTP/1.0 400 Bad Request\r\n\r\n")
		}}, []string{`"error":"tls"`, `"error":"reset"`}, false},
	}
}

func answerWays() []broken {
	read := answering(func(io.Writer, []byte) bool { return false })
	kept := 0
	return []broken{
		{"it hangs", pipes{serve: encrypted(genuine, silent)}, []string{`"reason":"enqueue_timeout"`}, false},
		{"it takes every message, and no answer comes", pipes{serve: encrypted(genuine, answering(func(io.Writer, []byte) bool { return true }))},
			[]string{`"reason":"enqueue_timeout"`}, true},
		{"its headers drip", pipes{serve: pouring("HTTP/1.1 200 OK\r\n", "X: y\r\n", 50*time.Millisecond)}, []string{`"reason":"enqueue_timeout"`}, true},
		{"its body drips", pipes{serve: pouring("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", " ", 50*time.Millisecond)}, []string{`"reason":"enqueue_timeout"`}, false},
		{"its headers never end", pipes{serve: pouring("HTTP/1.1 200 OK\r\n", strings.Repeat("X: y\r\n", 12<<10), 0)}, []string{`"reason":"enqueue_failed"`}, true},
		{"its body never ends", pipes{serve: pouring("HTTP/1.1 200 OK\r\n\r\n", `{"x":"`+strings.Repeat("x", 72<<10), 0)}, []string{`"reason":"enqueue_failed"`}, false},
		{"it resets before it reads", pipes{serve: encrypted(genuine, func(net.Conn) {})}, []string{`"error":"reset"`, `"error":"other"`}, false}, // net/http has no error to test for, if it saw the end before it wrote
		{"it resets after it has read", pipes{serve: encrypted(genuine, read)}, []string{`"error":"reset"`}, false},
		{"it throttles", pipes{serve: refusing(400, "com.amazonaws.sqs#RequestThrottled")}, []string{`"error":"RequestThrottled"`}, false},
		{"it denies access", pipes{serve: refusing(403, "com.amazonaws.sqs#AccessDeniedException")}, []string{`"error":"AccessDeniedException"`}, false},
		{"it has vanished", pipes{serve: refusing(400, "com.amazonaws.sqs#QueueDoesNotExist")}, []string{`"error":"QueueDoesNotExist"`}, false},
		{"it has a fault", pipes{serve: refusing(500, "InternalFailure")}, []string{`"error":"InternalFailure"`}, true},
		{"a web page is in its place", pipes{serve: saying("HTTP/1.1 502 X\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\n<h1>!")}, []string{`"error":"http_502"`}, false},
		{"it redirects", pipes{serve: saying("HTTP/1.1 307 X\r\nLocation: https://example.com/\r\nContent-Length: 0\r\n\r\n")}, []string{`"error":"http_307"`}, false},
		{"its answer is garbage", pipes{serve: saying("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\x00\xff{")}, []string{`"error":"http_200"`}, false},
		{"its answer breaks off", pipes{serve: saying("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")}, []string{`"error":"reset"`, `"error":"http_200"`}, true},
		{"it doesn't speak HTTP", pipes{serve: saying("+OK ready\r\n")}, []string{`"reason":"enqueue_failed"`}, true},
		{"it says to go on, again and again", pipes{serve: pouring("", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 3000), 0)}, []string{`"reason":"enqueue_failed"`}, true},
		{"it closes after each answer", pipes{serve: encrypted(genuine, answering(func(w io.Writer, b []byte) bool { take(w, b); return false }))}, []string{`"outcome":"sent"`}, true},
		{"it answers every other time", pipes{serve: encrypted(genuine, answering(func(w io.Writer, b []byte) bool {
			kept++
			return kept%2 == 0 && take(w, b)
		}))}, []string{`"outcome":"sent"`}, false},
		{"it is broken in another way each time", pipes{serve: turns(silent, encrypted(genuine, silent), refusing(503, "ServiceUnavailable"),
			saying("x"), encrypted(genuine, answering(take)))}, []string{`"outcome":"sent"`, `"outcome":"send_failed"`}, false},
	}
}

func TestWhateverSQSDoesAThousandSignUpsAreNotHurt(t *testing.T) {
	event, err := os.ReadFile(filepath.Join("..", "testdata", "signup-event.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, way := range append(connectionWays(), answerWays()...) {
		t.Run(way.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { unhurt(t, way, event) })
		})
	}
}

// unhurt starts a function and confirms its users, one after the other.
func unhurt(t *testing.T, way broken, event []byte) {
	log := &told{}
	s := newPiped(&way.pipes)
	began := time.Now()
	s.open(t.Context())
	if took := time.Since(began); took > openLimit {
		t.Errorf("the start took %v", took)
	}
	h := trigger.New(s, &trigger.Options{Log: log})
	payload := bytes.Clone(event)
	count := invocations
	if way.short {
		count /= 10
	}
	for i := range count {
		began = time.Now()
		back, err := h.Invoke(t.Context(), payload)
		if took := time.Since(began); err != nil || took > trigger.DefaultBudget || &back[0] != &payload[0] || !bytes.Equal(back, event) {
			t.Fatalf("invocation %d: %v after %v: %.100q", i, err, took, back)
		}
		if log.lines != 2*(i+1) || !oneOf(log.last, way.says) || bytes.Contains(log.last, []byte("canary")) {
			t.Fatalf("invocation %d: want one of %q in %s", i, way.says, log.last)
		}
	}
	s.closed(t)
}

func oneOf(line []byte, words []string) bool {
	for _, w := range words {
		if bytes.Contains(line, []byte(w)) {
			return true
		}
	}
	return false
}

// FailClosed is the one option that lets an error through, and it is the sentence for people, however SQS is broken.
func TestFailClosedSaysItsSentenceAndNothingElse(t *testing.T) {
	for _, way := range connectionWays() {
		synctest.Test(t, func(t *testing.T) {
			s := newPiped(&way.pipes)
			h := trigger.New(s, &trigger.Options{Log: &told{}, OnError: trigger.FailClosed})
			began := time.Now()
			if back, err := h.Invoke(t.Context(), []byte(strings.TrimSpace(signUp))); !errors.Is(err, trigger.ErrNotEnqueued) || back != nil {
				t.Errorf("%s: %q, %v", way.name, back, err)
			}
			if took := time.Since(began); took > trigger.DefaultBudget {
				t.Errorf("%s: took %v", way.name, took)
			}
			s.closed(t)
		})
	}
}

const signUp = `{"triggerSource":"PostConfirmation_ConfirmSignUp","userPoolId":"eu-west-1_X","userName":"ada","request":{"userAttributes":{"sub":"s"}}}`
