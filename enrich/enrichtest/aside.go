package enrichtest

import (
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
)

// Aside is a request that a call makes beside the one that it is about: a look-up before a write, or after it.
type Aside struct {
	// Name is for the reader of a failed test: "look-up".
	Name string
	// Is picks the request among those of a call.
	Is func(pretend.Request) bool
	// Answer is what the vendor says to it when all is well.
	Answer pretend.Answer
	// After says that the request comes when the effect has happened. Then its failure must be no failure of the call, or
	// one that says that something was sent.
	After bool
	// Statuses are those that the connector reads in its own way, as in Harness.
	Statuses map[int]Reading
}

// everywhere are all requests that are not what a call is about.
func (h Harness) everywhere() []Aside {
	if h.Tokens == nil {
		return h.Asides
	}
	return append([]Aside{{Name: "token", Is: h.Tokens.Is, Answer: h.Tokens.Grant("canary-access-0")}}, h.Asides...)
}

// route lets the vendor answer the asides, so that its script is for the rest.
func (h Harness) route(vendor *pretend.Vendor) {
	for _, aside := range h.everywhere() {
		vendor.When(aside.Is, aside.Answer)
	}
}

func (h Harness) main(all []pretend.Request) []pretend.Request {
	return slices.DeleteFunc(all, func(r pretend.Request) bool {
		return slices.ContainsFunc(h.everywhere(), func(a Aside) bool { return a.Is(r) })
	})
}

// asides: what goes wrong before the effect must not count as sent, unless a repeat does no harm; what goes wrong after
// it can't undo it.
func (h Harness) asides(t *testing.T) {
	for _, aside := range h.Asides {
		t.Run(aside.Name, func(t *testing.T) {
			for _, status := range []int{300, 307, 400, 401, 403, 404, 409, 422, 429, 500, 502, 503, 504} {
				t.Run(strconv.Itoa(status), func(t *testing.T) {
					want, own := aside.Statuses[status]
					if !own {
						want = reading(status)
					}
					h.beside(t, aside, pretend.JSON(status, `{"message":"no"}`), want)
				})
			}
			temporary := Reading{Kind: enrich.Temporary}
			t.Run("silence", func(t *testing.T) { h.beside(t, aside, pretend.Hang(), temporary) })
			t.Run("a reset", func(t *testing.T) { h.beside(t, aside, pretend.ResetRead(), temporary) })
			t.Run("a body without end", func(t *testing.T) { h.beside(t, aside, pretend.Endless(), Reading{Kind: enrich.Permanent}) })
			t.Run("JSON that stops", func(t *testing.T) { h.beside(t, aside, pretend.JSON(http.StatusOK, `{"a":`), temporary) })
		})
	}
}

// beside makes a call whose aside goes wrong.
func (h Harness) beside(t *testing.T, aside Aside, answer pretend.Answer, want Reading) {
	h.in(t, func(t *testing.T, w *world) {
		w.vendor.When(aside.Is, answer)
		began := time.Now()
		_, err := w.run(t.Context())
		if took := time.Since(began); took > time.Minute {
			t.Errorf("it took %v", took)
		}
		if aside.After {
			if err != nil && !classified(t, err).Sent {
				t.Errorf("got %+v, but the effect was sent before", err)
			}
			return
		}
		if want.OK != (err == nil) {
			t.Fatalf("got %v, want success %v", err, want.OK)
		}
		if err == nil {
			return
		}
		e := classified(t, err)
		if e.Kind != want.Kind {
			t.Errorf("got %+v, want %v", e, want.Kind)
		}
		if sent := len(w.asked()); sent != 0 {
			t.Errorf("the effect was sent %d times without its aside", sent)
		}
		if e.Unknown() && !enrich.ClassOf(w.connector).Repeatable() {
			t.Errorf("got %+v, want it known that nothing happened", e)
		}
	}, h.Found)
}
