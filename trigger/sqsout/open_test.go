package sqsout

import (
	"bufio"
	"context"
	"crypto/md5"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const host = "sqs.eu-west-1.amazonaws.com"

var (
	amazon  = newAuthority("amazon")
	genuine = amazon.certificate(host, 2190)
)

// newPiped makes a sender whose network is p, and whose first roots are those of the test's amazon.
func newPiped(p *pipes) *Sender {
	where := address{"https://" + host + "/123456789012/signups", "https://" + host, "eu-west-1"}
	d := newDialer(&trust{first: func() *x509.CertPool { return amazon.pool() }, last: system.pool()})
	d.dial = p.dial
	return newSender(where, env(map[string]string{"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}), d)
}

// closed ends what a sender keeps, so that its bubble can end.
func (s *Sender) closed(t *testing.T) {
	t.Helper()
	if conn := s.dialer.early.take(t.Context(), host+":443"); conn != nil {
		_ = conn.Close()
	}
	s.transport.CloseIdleConnections()
	time.Sleep(time.Hour) // time stands still when the test is over, and whoever still waits for it never ends
}

// encrypted is the server's side of TLS.
func encrypted(c tls.Certificate, serve func(net.Conn)) func(net.Conn) {
	return func(raw net.Conn) {
		conn := tls.Server(raw, &tls.Config{Certificates: []tls.Certificate{c}})
		if conn.Handshake() == nil {
			serve(conn)
		}
	}
}

// answering reads request after request and answers each; false ends the connection.
func answering(answer func(w io.Writer, body []byte) (more bool)) func(net.Conn) {
	return func(conn net.Conn) {
		in := bufio.NewReader(conn)
		for {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			body, err := io.ReadAll(r.Body)
			if err != nil || !answer(conn, body) {
				return
			}
		}
	}
}

// respond writes a whole answer.
func respond(w io.Writer, status int, kind, body string) {
	fmt.Fprintf(w, "HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", status, kind, len(body), body)
}

const amzJSON = "application/x-amz-json-1.0"

// take answers a SendMessage as SQS does.
func take(w io.Writer, body []byte) bool {
	var in struct{ MessageBody string }
	if json.Unmarshal(body, &in) != nil {
		return false
	}
	respond(w, http.StatusOK, amzJSON, fmt.Sprintf(`{"MessageId":"1","MD5OfMessageBody":"%x"}`, md5.Sum([]byte(in.MessageBody))))
	return true
}

func send(t *testing.T, s *Sender) {
	t.Helper()
	if err := s.Send(t.Context(), []byte(`{"v":1}`), ""); err != nil {
		t.Errorf("%v: %v", err, errors.Unwrap(err))
	}
}

func TestTheConnectionIsThereBeforeTheFirstSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{serve: encrypted(genuine, answering(take))}
		s := newPiped(p)
		s.open(t.Context())
		if p.count != 1 {
			t.Fatalf("%d connections after the start", p.count)
		}
		send(t, s)
		send(t, s)
		if p.count != 1 {
			t.Errorf("%d connections after two sends", p.count)
		}
		s.closed(t)
	})
}

func TestASendIsOneWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{serve: encrypted(genuine, answering(take))}
		s := newPiped(p)
		s.open(t.Context())
		for range 3 {
			before := p.last.writes.Load()
			if err := s.Send(t.Context(), []byte(strings.Repeat("x", 1<<10)), ""); err != nil {
				t.Fatal(err)
			}
			if got := p.last.writes.Load() - before; got != 1 || p.count != 1 {
				t.Errorf("%d writes over %d connections", got, p.count)
			}
		}
		s.closed(t)
	})
}

func TestASendWaitsForTheConnectionThatIsBeingOpened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{serve: encrypted(genuine, answering(take)), dials: func(context.Context, int) error {
			time.Sleep(700 * time.Millisecond)
			return nil
		}}
		s := newPiped(p)
		began := time.Now()
		s.open(t.Context())
		if took := time.Since(began); took != openLimit {
			t.Errorf("the start took %v, want %v", took, openLimit)
		}
		send(t, s)
		if took := time.Since(began); took != 700*time.Millisecond || p.count != 1 {
			t.Errorf("sent after %v over %d connections", took, p.count)
		}
		s.closed(t)
	})
}

func TestTwoSendsAtOnceShareOneOpening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{serve: encrypted(genuine, answering(take))}
		s := newPiped(p)
		s.open(t.Context())
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() { send(t, s) })
		}
		both.Wait()
		if p.count > 2 {
			t.Errorf("%d connections", p.count)
		}
		s.closed(t)
	})
}

func TestAnEarlyConnectionThatIsOfNoUseIsReplaced(t *testing.T) {
	refused := func(_ context.Context, n int) error {
		if n == 1 {
			return errors.New("nobody there")
		}
		return nil
	}
	for name, tt := range map[string]struct {
		dials func(context.Context, int) error
		pause time.Duration
		serve func(n *int) func(net.Conn)
	}{
		"it failed":     {refused, 0, nil},
		"it is too old": {nil, earlyLimit + time.Second, nil},
		"the server closed it in the meantime": {nil, earlyLimit / 2, func(n *int) func(net.Conn) {
			return func(c net.Conn) {
				*n++
				serve := answering(take)
				if *n == 1 {
					serve = func(net.Conn) { time.Sleep(time.Second) }
				}
				encrypted(genuine, serve)(c)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &pipes{serve: encrypted(genuine, answering(take)), dials: tt.dials}
				if tt.serve != nil {
					p.serve = tt.serve(new(int))
				}
				s := newPiped(p)
				s.open(t.Context())
				time.Sleep(tt.pause)
				if tt.serve == nil {
					send(t, s)
				} else if err := s.Send(t.Context(), []byte(`{"v":1}`), ""); err != nil {
					send(t, s) // the handler's second try
				}
				if p.count != 2 {
					t.Errorf("%d connections", p.count)
				}
				s.closed(t)
			})
		})
	}
}

// A function may be frozen between any two events. What it kept is then too old, or dead without anybody having said so.
func TestAKeptConnectionThatWentStaleIsReplacedInsideTheInvocation(t *testing.T) {
	idleLimit := newPiped(&pipes{}).transport.IdleConnTimeout
	for _, frozen := range []time.Duration{time.Second, idleLimit + time.Second, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			p := &pipes{serve: encrypted(genuine, answering(func(w io.Writer, body []byte) bool { take(w, body); return false }))}
			s := newPiped(p)
			s.open(t.Context())
			for range 3 {
				send(t, s)
				time.Sleep(frozen)
			}
			if p.count != 3 {
				t.Errorf("%d connections", p.count)
			}
			s.closed(t)
		})
	}
}

func TestNothingIsOpenedEarlyBehindAProxy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{serve: encrypted(genuine, answering(take))}
		s := newPiped(p)
		s.transport.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse("http://proxy.example:3128") }
		s.open(t.Context())
		if p.count != 0 {
			t.Errorf("%d connections", p.count)
		}
	})
}

func TestTheStartNeverWaitsLong(t *testing.T) {
	forever := func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() }
	for name, p := range map[string]*pipes{
		"the dial hangs":      {dials: forever},
		"the handshake hangs": {serve: func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newPiped(p)
				began := time.Now()
				s.open(t.Context())
				if took := time.Since(began); took > openLimit {
					t.Errorf("took %v", took)
				}
				s.closed(t)
			})
		})
	}
}

func TestTheRehearsalReachesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		p := &pipes{serve: encrypted(genuine, answering(func(w io.Writer, body []byte) bool { asked++; return take(w, body) }))}
		s := newPiped(p)
		s.open(t.Context())
		synctest.Wait()
		if asked != 0 {
			t.Errorf("%d requests before the first send", asked)
		}
		if err := s.rehearse(t.Context()); err != nil {
			t.Errorf("the rehearsal ends before the last step: %v", err)
		}
		s.closed(t)
	})
}
