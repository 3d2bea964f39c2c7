package connect_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
)

func TestAnAnswerIsReadWhole(t *testing.T) {
	answer := pretend.Reply(207, http.Header{"Content-Type": {"application/json"}, "X-Limit": {"3"}}, `{"a":1}`)
	inMemory(t, connect.Options{}, script(answer), func(t *testing.T, vendor *pretend.Vendor, client *connect.Client) {
		request := to(t, "POST", "http://api.example.com/a%2Fb?q=1")
		request.Body, request.Header = []byte("body"), http.Header{"X-Key": {"k"}}
		got, err := client.Do(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		if got.Status != 207 || string(got.Body) != `{"a":1}` || got.Header.Get("X-Limit") != "3" || got.Failure() != nil {
			t.Errorf("got %+v", got)
		}
		seen := vendor.Seen()[0]
		if seen.Method != "POST" || seen.Target != "/a%2Fb?q=1" || seen.Host != "api.example.com" || string(seen.Body) != "body" ||
			seen.Header.Get("X-Key") != "k" || seen.Header.Get("User-Agent") != "postconfirm" || seen.Header.Get("Content-Length") != "4" {
			t.Errorf("the vendor saw %+v", seen)
		}
		if len(request.Header) != 1 {
			t.Error("the caller's headers were changed")
		}
	})
}

func TestAStatusIsAnAnswerNotAnError(t *testing.T) {
	inMemory(t, connect.Options{}, script(pretend.Echo(503)), func(t *testing.T, _ *pretend.Vendor, client *connect.Client) {
		request := to(t, "GET", "http://api.example.com/secret?token=secret")
		request.Header = http.Header{"Authorization": {"Bearer secret"}}
		got, err := client.Do(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		if text := got.Failure().Error(); text != "http_503: GET api.example.com answered 503" {
			t.Errorf("the failure reads %q", text)
		}
		if !strings.Contains(string(got.Body), "secret") {
			t.Error("the body of a refusal is lost")
		}
	})
}

func TestRetryAfterDatesUseTheClientsClock(t *testing.T) {
	now := func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }
	inMemory(t, connect.Options{Now: now}, script(pretend.RetryAfter(429, "Sun, 01 Mar 2026 12:00:20 GMT")),
		func(t *testing.T, _ *pretend.Vendor, client *connect.Client) {
			got, err := client.Do(t.Context(), to(t, "GET", "http://api.example.com/"))
			if err != nil {
				t.Fatal(err)
			}
			if e := got.Failure(); e.Kind != enrich.Throttled || e.RetryAfter != 20*time.Second {
				t.Errorf("got %+v", e)
			}
		})
}

// D8, C6-127; TestThreatD8NoConnectorFollowsARedirect in package all asks every connector.
func TestARedirectIsNotFollowed(t *testing.T) {
	for _, location := range []string{"http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "//evil.example.com/", "/loop", "http://api.example.com/", "%zz"} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			t.Run(fmt.Sprintf("B5-76 C6-127 %d to %s", status, location), func(t *testing.T) {
				inMemory(t, connect.Options{}, script(pretend.Redirect(status, location)), func(t *testing.T, vendor *pretend.Vendor, client *connect.Client) {
					got, err := client.Do(t.Context(), to(t, "GET", "http://api.example.com/loop"))
					if err != nil {
						t.Fatal(err)
					}
					if got.Failure().Code != connect.CodeRedirect || len(vendor.Seen()) != 1 || len(vendor.Dialed()) != 1 {
						t.Errorf("%v, asked %d times", got.Failure(), len(vendor.Seen()))
					}
				})
			})
		}
	}
}

func TestCookiesAreForgotten(t *testing.T) {
	t.Run("C6-133 a cookie does not come back", func(t *testing.T) {
		inMemory(t, connect.Options{}, script(pretend.Reply(200, http.Header{"Set-Cookie": {"session=1"}}, "")), func(t *testing.T, vendor *pretend.Vendor, client *connect.Client) {
			for range 2 {
				if _, err := client.Do(t.Context(), to(t, "GET", "http://api.example.com/")); err != nil {
					t.Fatal(err)
				}
			}
			if seen := vendor.Seen(); seen[1].Header.Get("Cookie") != "" {
				t.Errorf("a cookie came back: %v", seen[1].Header)
			}
			if len(vendor.Dialed()) != 1 {
				t.Errorf("%d connections were made for two calls, want 1", len(vendor.Dialed()))
			}
		})
	})
}

func TestHostileAnswersAreBounded(t *testing.T) {
	const secret = "hunter2"
	for _, test := range []struct {
		name   string
		answer pretend.Answer
		code   string
		kind   enrich.FailureKind
		most   int64         // bytes that the vendor got rid of
		within time.Duration // on the clock
	}{
		{"C6-124 a body without end", pretend.Endless(), connect.CodeBodyTooLarge, enrich.Permanent, 2 << 20, time.Second},
		{"C6-130 a bomb", pretend.GzipBomb(), connect.CodeBodyTooLarge, enrich.Permanent, 64 << 10, time.Second},
		{"C6-130 one byte too many", pretend.Reply(200, nil, strings.Repeat("a", 1<<20+1)), connect.CodeBodyTooLarge, enrich.Permanent, 2 << 20, time.Second},
		{"C6-126 ten megabytes of headers", pretend.HugeHeaders(10, 1<<20), connect.CodeHeaders, enrich.Permanent, 2 << 20, time.Second},
		{"C6-126 ten thousand headers", pretend.HugeHeaders(10_000, 10), connect.CodeHeaders, enrich.Permanent, 1 << 20, time.Second},
		{"C6-124 a body that drips", pretend.Drip(200, strings.Repeat("1", 1000), time.Second), connect.CodeTimeout, enrich.Temporary, 1 << 10, time.Minute},
		{"C6-124 headers that drip", pretend.DripHeaders(time.Second), connect.CodeTimeout, enrich.Temporary, 1 << 10, time.Minute},
		{"C6-124 silence", pretend.Hang(), connect.CodeTimeout, enrich.Temporary, 0, 30 * time.Second},
		{"C6-128 announcements without end", pretend.Informational(), connect.CodeHeaders, enrich.Permanent, 2 << 20, time.Second},
		{"C6-123 a body that stops", pretend.Truncated(`{"a":`, 10), connect.CodeBodyTruncated, enrich.Temporary, 1 << 10, time.Second},
		{"C6-123 a connection that closes", pretend.ResetRead(), connect.CodeReset, enrich.Temporary, 0, time.Second},
		{"bytes that are not HTTP", pretend.Garbage(secret), connect.CodeResponse, enrich.Temporary, 1 << 10, time.Second},
		{"C6-128 a status that is none", pretend.Raw("HTTP/1.1 " + secret + "\r\n\r\n"), connect.CodeResponse, enrich.Temporary, 1 << 10, time.Second},
		{"C6-126 a header with a line end", pretend.Raw("HTTP/1.1 200 OK\r\n" + secret + "\r\n\r\n"), connect.CodeResponse, enrich.Temporary, 1 << 10, time.Second},
		{"two lengths", pretend.Raw("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n" + secret), connect.CodeResponse, enrich.Temporary, 1 << 10, time.Second},
		{"a chunk that is none", pretend.Raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + secret + "\r\n"), connect.CodeResponse, enrich.Temporary, 1 << 10, time.Second},
		{"gzip that is none", pretend.Reply(200, http.Header{"Content-Encoding": {"gzip"}}, secret+"hunter2hunter2"), connect.CodeEncoding, enrich.Permanent, 1 << 10, time.Second},
		{"C6-123 gzip that stops", pretend.Reply(200, http.Header{"Content-Encoding": {"gzip"}}, "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"), connect.CodeBodyTruncated, enrich.Temporary, 1 << 10, time.Second},
		{"an encoding that nobody asked for", pretend.Reply(200, http.Header{"Content-Encoding": {"br"}}, secret), connect.CodeEncoding, enrich.Permanent, 1 << 10, time.Second},
		{"two encodings", pretend.Reply(200, http.Header{"Content-Encoding": {"gzip", "gzip"}}, secret), connect.CodeEncoding, enrich.Permanent, 1 << 10, time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			inMemory(t, connect.Options{}, script(test.answer), func(t *testing.T, vendor *pretend.Vendor, client *connect.Client) {
				began := time.Now()
				answer, err := client.Do(t.Context(), to(t, "GET", "http://api.example.com/"))
				if err == nil {
					t.Fatalf("got %d with %d bytes, want an error", answer.Status, len(answer.Body))
				}
				e := failure(t, err)
				if e.Code != test.code || e.Kind != test.kind || !e.Unknown() {
					t.Errorf("got %+v, want %s (%v), unknown", e, test.code, test.kind)
				}
				if strings.Contains(err.Error(), secret) || !strings.Contains(err.Error(), "GET api.example.com: ") {
					t.Errorf("the error reads %q", err)
				}
				if took := time.Since(began); took > test.within {
					t.Errorf("it took %v", took)
				}
				if vendor.Written() > test.most {
					t.Errorf("the vendor got rid of %d bytes", vendor.Written())
				}
			})
		})
	}
}

func TestAnswersThatLookOddArePassedOn(t *testing.T) {
	// net/http logs bytes that nobody asked for, like the body of a 204.
	log.SetOutput(io.Discard)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	for _, test := range []struct {
		name   string
		answer pretend.Answer
		status int
		body   string
	}{
		{"a switch of protocols", pretend.Raw("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhello"), 101, ""},
		{"a status of zero", pretend.Reply(0, nil, ""), 0, ""},
		{"a status of 999", pretend.Reply(999, nil, "x"), 999, "x"},
		{"204 with a body", pretend.Raw("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello"), 204, ""},
		{"exactly as long as allowed", pretend.Reply(200, nil, "12345678"), 200, "12345678"},
		{"a refusal that is too long", pretend.Reply(404, nil, "123456789"), 404, ""},
		{"a refusal that stops", pretend.Raw("HTTP/1.1 500 Oops\r\nContent-Length: 8\r\n\r\n123"), 500, ""},
		{"nothing, zipped", pretend.Raw("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n"), 200, ""},
		{"no encoding, said aloud", pretend.Reply(200, http.Header{"Content-Encoding": {"identity"}}, "x"), 200, "x"},
	} {
		t.Run("C6-128 "+test.name, func(t *testing.T) {
			inMemory(t, connect.Options{}, script(test.answer), func(t *testing.T, _ *pretend.Vendor, client *connect.Client) {
				request := to(t, "GET", "http://api.example.com/")
				request.MaxBody = 8
				got, err := client.Do(t.Context(), request)
				if err != nil {
					t.Fatal(err)
				}
				if got.Status != test.status || string(got.Body) != test.body {
					t.Errorf("got %d %q, want %d %q", got.Status, got.Body, test.status, test.body)
				}
			})
		})
	}
}

func TestABodyThatNobodyWantsCannotFail(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer pretend.Answer
		dialed int // for two calls
	}{
		{"a short one keeps the connection", pretend.Reply(200, nil, "ok"), 1},
		{"none keeps the connection", pretend.Reply(204, nil, ""), 1},
		{"a long one is cut off", pretend.Reply(200, nil, strings.Repeat("a", 1<<20)), 2},
		{"one without end is cut off", pretend.Endless(), 2},
		{"one that is no gzip", pretend.Reply(200, http.Header{"Content-Encoding": {"gzip"}}, "ok"), 1},
		{"one that stops", pretend.Truncated("{", 9), 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			inMemory(t, connect.Options{}, script(test.answer), func(t *testing.T, vendor *pretend.Vendor, client *connect.Client) {
				for range 2 {
					request := to(t, "PUT", "http://api.example.com/")
					request.Unread, request.Body = true, []byte("{}")
					if got, err := client.Do(t.Context(), request); err != nil || got.Failure() != nil || got.Body != nil {
						t.Errorf("got %+v, %v", got, err)
					}
					synctest.Wait()
				}
				if len(vendor.Dialed()) != test.dialed {
					t.Errorf("%d connections, want %d", len(vendor.Dialed()), test.dialed)
				}
			})
		})
	}
}

func TestARequestCannotRaiseTheLimit(t *testing.T) {
	inMemory(t, connect.Options{MaxBody: 4}, script(pretend.Reply(200, nil, "12345")), func(t *testing.T, _ *pretend.Vendor, client *connect.Client) {
		request := to(t, "GET", "http://api.example.com/")
		request.MaxBody = 1 << 30
		_, err := client.Do(t.Context(), request)
		if e := failure(t, err); e.Code != connect.CodeBodyTooLarge {
			t.Errorf("got %v", e)
		}
	})
}

func TestTheCallersContextIsHonoured(t *testing.T) {
	t.Run("before the call", func(t *testing.T) {
		inMemory(t, connect.Options{}, nil, func(t *testing.T, vendor *pretend.Vendor, client *connect.Client) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, err := client.Do(ctx, to(t, "GET", "http://api.example.com/"))
			if e := failure(t, err); e.Code != connect.CodeCanceled || e.Sent || !errors.Is(err, context.Canceled) || len(vendor.Dialed()) != 0 {
				t.Errorf("got %+v", e)
			}
		})
	})
	for name, answer := range map[string]pretend.Answer{"while waiting": pretend.Hang(), "while reading": pretend.Drip(200, "slow and slower", time.Second)} {
		t.Run(name, func(t *testing.T) {
			inMemory(t, connect.Options{}, script(answer), func(t *testing.T, _ *pretend.Vendor, client *connect.Client) {
				ctx, cancel := context.WithCancel(t.Context())
				stop := time.AfterFunc(3500*time.Millisecond, cancel)
				defer stop.Stop()
				began := time.Now()
				_, err := client.Do(ctx, to(t, "GET", "http://api.example.com/"))
				if e := failure(t, err); e.Code != connect.CodeCanceled || !e.Sent || !errors.Is(err, context.Canceled) {
					t.Errorf("got %+v", e)
				}
				if took := time.Since(began); took != 3500*time.Millisecond {
					t.Errorf("it returned after %v", took)
				}
			})
		})
	}
	t.Run("its deadline counts when it is the nearer one", func(t *testing.T) {
		inMemory(t, connect.Options{}, script(pretend.Hang()), func(t *testing.T, _ *pretend.Vendor, client *connect.Client) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			began := time.Now()
			_, err := client.Do(ctx, to(t, "GET", "http://api.example.com/"))
			if e := failure(t, err); e.Code != connect.CodeTimeout || !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 5*time.Second {
				t.Errorf("got %+v after %v", e, time.Since(began))
			}
		})
	})
}

func TestATransportInMemoryCanTakeTheWholeJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vendor := pretend.New(pretend.Delayed(time.Second, pretend.JSON(200, `{"a":1}`)), pretend.ResetRead())
		defer vendor.Close()
		client := connect.NewClient(&connect.Options{Transport: vendor})
		defer client.Close()
		answer, err := client.Do(t.Context(), to(t, "GET", "https://api.example.com/"))
		if err != nil || string(answer.Body) != `{"a":1}` {
			t.Errorf("got %v, %v", answer, err)
		}
		request := to(t, "POST", "https://api.example.com/")
		request.Body = []byte("x")
		_, err = client.Do(t.Context(), request)
		if e := failure(t, err); e.Code != connect.CodeReset || !e.Unknown() {
			t.Errorf("got %+v", e)
		}
	})
}

func TestManyCallsAtOnce(t *testing.T) {
	inMemory(t, connect.Options{}, script(pretend.Delayed(time.Second, pretend.JSON(200, `{}`))), func(t *testing.T, vendor *pretend.Vendor, client *connect.Client) {
		for round := range 3 {
			var calls sync.WaitGroup
			for range 50 {
				calls.Go(func() {
					if _, err := client.Do(t.Context(), to(t, "GET", "http://api.example.com/")); err != nil {
						t.Error(err)
					}
				})
			}
			calls.Wait()
			if dialed := len(vendor.Dialed()); dialed != 50 {
				t.Errorf("round %d: %d connections so far, want 50", round, dialed)
			}
		}
	})
}
