package enrichtest

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
)

// Tokens is how a connector gets its access tokens.
type Tokens struct {
	// Is picks the request for a token among those of a call.
	Is func(pretend.Request) bool
	// Grant is what the vendor answers to it when all is well; the token lasts for ten minutes or more. The suite's own
	// tokens count as canaries.
	Grant func(token string) pretend.Answer
}

// fetched counts the requests for tokens.
func (w *world) fetched() int { return len(w.vendor.Seen()) - w.others() }

func (w *world) others() (count int) {
	for _, r := range w.vendor.Seen() {
		if !w.harness.Tokens.Is(r) {
			count++
		}
	}
	return count
}

// carried tells whether a token reached the vendor in one of the requests after the first so many.
func (w *world) carried(token string, after int) bool {
	return slices.ContainsFunc(w.asked()[after:], func(r pretend.Request) bool { return r.Contains(token) })
}

// tokens: one for many calls, a new one when the old one is refused, and no third.
func (h Harness) tokens(t *testing.T) {
	if h.Tokens == nil {
		return
	}
	t.Run("many calls at once fetch one", h.oneForMany)
	t.Run("a refused one is renewed, and the call goes on", h.renewed)
	t.Run("many calls that are refused at once renew one", h.renewedForMany)
	t.Run("when the new one is refused too, that stands", h.refusedTwice)
	t.Run("without one nothing is sent, and no user is to blame", h.withoutToken)
}

func (h Harness) oneForMany(t *testing.T) {
	h.in(t, func(t *testing.T, w *world) {
		w.vendor.When(h.Tokens.Is, pretend.Delayed(time.Second, h.Tokens.Grant("canary-access-1")))
		for range 2 {
			w.crowd(t, 16)
		}
		if w.fetched() != 1 || !w.carried("canary-access-1", 0) {
			t.Errorf("32 calls fetched %d tokens", w.fetched())
		}
	}, h.Found)
}

// crowd makes calls side by side, which must all go well.
func (w *world) crowd(t *testing.T, size int) {
	t.Helper()
	var calls sync.WaitGroup
	for i := range size {
		calls.Go(func() {
			if _, err := w.connector.Run(t.Context(), w.harness.call("key-"+strconv.Itoa(i))); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
}

func (h Harness) renewed(t *testing.T) {
	h.in(t, func(t *testing.T, w *world) {
		w.vendor.When(h.Tokens.Is, h.Tokens.Grant("canary-access-1"), h.Tokens.Grant("canary-access-2"))
		w.crowd(t, 1)
		w.vendor.Say(pretend.JSON(http.StatusUnauthorized, "{}"), h.Found)
		before := len(w.asked())
		w.crowd(t, 1)
		if w.fetched() != 2 || len(w.asked()) != before+2 || !w.carried("canary-access-2", before+1) {
			t.Errorf("after a 401 there were %d tokens and %d requests", w.fetched(), len(w.asked())-before)
		}
		w.crowd(t, 1)
		if w.fetched() != 2 {
			t.Errorf("the new token was not kept: %d were fetched", w.fetched())
		}
	}, h.Found)
}

func (h Harness) renewedForMany(t *testing.T) {
	h.in(t, func(t *testing.T, w *world) {
		w.vendor.When(h.Tokens.Is, h.Tokens.Grant("canary-access-1"), pretend.Delayed(time.Second, h.Tokens.Grant("canary-access-2")))
		w.crowd(t, 1)
		old := func(r pretend.Request) bool {
			return r.Contains("canary-access-1") && len(h.main([]pretend.Request{r})) == 1
		}
		w.vendor.When(old, pretend.JSON(http.StatusUnauthorized, "{}"))
		w.crowd(t, 16)
		if w.fetched() != 2 {
			t.Errorf("16 calls that were refused at once fetched %d tokens", w.fetched()-1)
		}
	}, h.Found)
}

func (h Harness) refusedTwice(t *testing.T) {
	h.in(t, func(t *testing.T, w *world) {
		e := w.fails(t)
		if len(w.asked()) > 2 || w.fetched() > 2 {
			t.Errorf("a vendor that says 401 was asked %d times, with %d tokens", len(w.asked()), w.fetched())
		}
		if e.Kind == enrich.Permanent || e.Kind == enrich.NotFound || e.Unknown() {
			t.Errorf("got %+v, want a failure that somebody can mend, refused", e)
		}
	}, pretend.JSON(http.StatusUnauthorized, "{}"))
}

func (h Harness) withoutToken(t *testing.T) {
	for name, answer := range map[string]pretend.Answer{
		"400": pretend.JSON(400, `{"error":"invalid_grant"}`), "401": pretend.JSON(401, `{"error":"invalid_client"}`),
		"403": pretend.JSON(403, "{}"), "404": pretend.JSON(404, "{}"), "429": pretend.RetryAfter(429, "60"), "503": pretend.JSON(503, ""),
		"a redirect": pretend.Redirect(302, "https://evil.example.com/"), "no token": pretend.JSON(200, "{}"), "a list": pretend.JSON(200, "[]"),
		"a number for a token": pretend.JSON(200, `{"access_token":1}`), "a token that is no header": h.Tokens.Grant("a\r\nX-Evil: 1"),
		"silence": pretend.Hang(), "a reset": pretend.ResetRead(), "a body without end": pretend.Endless(), "a bomb": pretend.GzipBomb(),
		"a page for people": pretend.Reply(200, http.Header{"Content-Type": {"text/html"}}, "<html>Sign in</html>"),
	} {
		t.Run(name, func(t *testing.T) {
			h.in(t, func(t *testing.T, w *world) {
				w.vendor.When(h.Tokens.Is, answer)
				e := w.fails(t)
				if len(w.asked()) != 0 || e.Sent || e.Kind == enrich.Permanent || e.Kind == enrich.NotFound {
					t.Errorf("got %+v after %d requests; want nothing sent, and a failure that somebody can mend", e, len(w.asked()))
				}
				if name == "429" && (e.Kind != enrich.Throttled || e.RetryAfter != time.Minute) {
					t.Errorf("got %+v, want throttled for a minute", e)
				}
			}, h.Found)
		})
	}
}
