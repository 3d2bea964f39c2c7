package enrichtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
)

// canaries makes the call fail in every way, with a vendor that sends back all that it was sent, and reads the errors.
func (h Harness) canaries(t *testing.T) {
	if len(h.Canaries) == 0 {
		t.Fatal("the harness plants no canaries")
	}
	answers := map[string]pretend.Answer{
		"closed unread": pretend.ResetUnread(), "closed": pretend.ResetRead(), "silence": pretend.Hang(),
		"garbage":       pretend.Garbage(strings.Join(h.Canaries, " ")),
		"not JSON":      pretend.Raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + strings.Join(h.Canaries, " ")),
		"another type":  pretend.Raw("HTTP/1.1 200 OK\r\nContent-Type: " + oneLine(h.Canaries) + "\r\n\r\nx"),
		"bad status":    pretend.Raw("HTTP/1.1 " + oneLine(h.Canaries) + "\r\n\r\n"),
		"bad header":    pretend.Raw("HTTP/1.1 200 OK\r\n" + oneLine(h.Canaries) + "\r\n\r\n"),
		"bad chunks":    pretend.Raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + oneLine(h.Canaries) + "\r\n"),
		"endless":       pretend.Endless(),
		"stops midways": pretend.Truncated(`{"`+oneLine(h.Canaries), 100),
	}
	for _, status := range []int{101, 200, 207, 300, 302, 400, 401, 403, 404, 409, 422, 429, 500, 501, 503, 999} {
		answers[fmt.Sprintf("echo %d", status)] = pretend.Echo(status)
	}
	logged := listen()
	defer logged.stop()
	for name, answer := range answers {
		h.in(t, func(t *testing.T, w *world) {
			_, err := w.run(t.Context())
			h.clean(t, name, err)
		}, answer)
		for i := range h.everywhere() {
			h.in(t, func(t *testing.T, w *world) {
				w.vendor.When(h.everywhere()[i].Is, answer)
				_, err := w.run(t.Context())
				h.clean(t, h.everywhere()[i].Name+": "+name, err)
			}, h.Found)
		}
	}
	h.in(t, func(t *testing.T, w *world) {
		w.vendor.Down(true)
		_, err := w.run(t.Context())
		h.clean(t, "no connection", err)
	})
	h.in(t, func(t *testing.T, w *world) {
		_, err := w.run(t.Context())
		h.clean(t, "a good call", err)
	}, h.Found)
	h.hidden(t, "the log", logged.text())
}

func oneLine(texts []string) string {
	return strings.NewReplacer("\r", " ", "\n", " ").Replace(strings.Join(texts, " "))
}

// clean looks for canaries in all that an error and its causes print.
func (h Harness) clean(t *testing.T, name string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
		h.hidden(t, name+": the error's "+verb, fmt.Sprintf(verb, err))
	}
	h.clean(t, name, errors.Unwrap(err))
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			h.clean(t, name, one)
		}
	}
}

// hidden looks for what must not be seen, also where it is quoted or escaped.
func (h Harness) hidden(t *testing.T, where, text string) {
	t.Helper()
	all := slices.Concat(h.Canaries, h.Unsent)
	if h.Tokens != nil {
		all = append(all, "canary-access-")
	}
	for i, canary := range all {
		for _, form := range []string{canary, url.QueryEscape(canary), url.PathEscape(canary), strings.Trim(strconv.Quote(canary), `"`)} {
			if strings.Contains(text, form) {
				t.Errorf("%s shows canary %d", where, i)
				break
			}
		}
	}
}

// key: the vendor must be able to tell a repeat from a new effect, and must learn nothing from how.
func (h Harness) key(t *testing.T) {
	if keyed := h.class(t) == enrich.Keyed; keyed != (h.Key != nil) {
		t.Fatalf("the connector is keyed: %v; the harness can find a key: %v", keyed, h.Key != nil)
	}
	if h.Key == nil {
		return
	}
	h.in(t, func(t *testing.T, w *world) {
		for _, key := range []string{"one", "one", "two"} {
			w.call = h.call(key)
			if _, err := w.run(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		seen := w.asked()
		first, again, other := h.Key(seen[0]), h.Key(seen[1]), h.Key(seen[len(seen)-1])
		if first == "" || first != again || first == other {
			t.Errorf("the keys of two tries and of another effect are %q, %q and %q", first, again, other)
		}
		for i, canary := range h.Canaries {
			if strings.Contains(first, canary) {
				t.Errorf("canary %d is in the key", i)
			}
		}
	}, h.Found)
}

// once: a kept connection that dies is where machinery below likes to send again. Reads may be.
func (h Harness) once(t *testing.T) {
	if h.class(t) == enrich.Read {
		return
	}
	h.in(t, func(t *testing.T, w *world) {
		if _, err := w.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		before := len(w.asked())
		w.vendor.Say(pretend.ResetRead(), h.Found)
		synctest.Wait()
		if e := w.fails(t); !e.Unknown() {
			t.Errorf("got %+v, want an unknown outcome", e)
		}
		if sent := len(w.asked()) - before; sent != 1 {
			t.Errorf("the request was sent %d times", sent)
		}
	}, h.Found)
}

func (h Harness) concurrent(t *testing.T) {
	h.in(t, func(t *testing.T, w *world) {
		var calls sync.WaitGroup
		for i := range 32 {
			calls.Go(func() {
				got, err := w.connector.Run(t.Context(), h.call(fmt.Sprint("key-", i)))
				if err != nil {
					t.Error(err)
				} else if diff := cmp.Diff(h.Want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
		calls.Wait()
		if h.Key == nil {
			return
		}
		keys := map[string]bool{}
		for _, r := range w.asked() {
			keys[h.Key(r)] = true
		}
		if len(keys) != 32 {
			t.Errorf("32 calls had %d different keys", len(keys))
		}
	}, pretend.Delayed(time.Second, h.Found))
}

func (h Harness) sockets(t *testing.T) {
	alive := goleak.IgnoreCurrent()
	vendor := pretend.New(h.Found)
	h.route(vendor)
	base, err := vendor.Listen()
	if err != nil {
		t.Fatal(err)
	}
	client := connect.NewClient(&connect.Options{AllowLoopback: true})
	if got, err := h.New(t, base, client).Run(t.Context(), h.call("one")); err != nil {
		t.Errorf("over sockets: %v", err)
	} else if diff := cmp.Diff(h.Want, got); diff != "" {
		t.Errorf("over sockets (-want +got):\n%s", diff)
	}
	vendor.Say(pretend.ResetRead())
	if _, err := h.New(t, base, client).Run(t.Context(), h.call("two")); err == nil || !classified(t, err).Unknown() {
		t.Errorf("after a reset: got %v, want an unknown outcome", err)
	}
	vendor.Say(pretend.Hang())
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := h.New(t, base, client).Run(ctx, h.call("three")); err == nil || classified(t, err).Kind != enrich.Temporary {
		t.Errorf("after its deadline: got %v, want a temporary failure", err)
	}
	client.Close()
	vendor.Close()
	goleak.VerifyNone(t, alive)
}
