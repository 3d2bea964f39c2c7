// Package enrichtest is the conformance suite for connectors that speak HTTP: whoever passes it keeps the promises of
// enrich.Connector against a vendor at its worst.
//
// Fill in a [Harness], which is also the list of what a connector's author has to think about, and call [Run]. The
// vendor is played by package pretend. Most of the suite runs without sockets on the clock of testing/synctest, so an
// hour's patience costs nothing; one part runs over real sockets.
//
// It promises to look at what reached the vendor, not at what the connector says about itself. It refuses connectors
// that go past the client that they are given: those would not be seen at all.
//
// It imports testing; package pretend, which demos use as well, does not.
package enrichtest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// Harness says what the suite must know of a connector.
type Harness struct {
	// New makes the connector for a vendor at base, a URL without a path that names this machine. Every request must go
	// through client. It is called once for each test, from inside a synctest bubble.
	New func(t *testing.T, base string, client *connect.Client) enrich.Connector
	// Vars are the values of a call. The suite only reads them.
	Vars expr.Vars
	// Canaries are texts that stand for somebody's e-mail, name, token or password: parts of Vars, or of what Asides and
	// Tokens answer. Each must reach the vendor in a call that goes well, and none may be seen in any error or log.
	Canaries []string
	// Unsent are texts that the connector knows and that must not even reach the vendor: a key that only signs.
	Unsent []string
	// Found is what the vendor answers when all is well, and Want what the connector makes of it. The keys of Want are the
	// outputs that it declares: it must give no others, whatever is answered.
	Found pretend.Answer
	Want  enrich.Result
	// NotFound is what the vendor answers when there is no such thing. Nil if the connector knows no such outcome.
	NotFound *pretend.Answer
	// Key finds the effect key in a request. It is needed if the connector's class is keyed, and only then.
	Key func(pretend.Request) string
	// Opaque says that the connector does not look at the body of an answer, so a bad one is no failure. It must stay
	// bounded all the same.
	Opaque bool
	// ReadsByPost says that a connector of class read asks by POST, which changes nothing at this vendor.
	ReadsByPost bool
	// Again are the statuses after which the connector asks once more in the same call, because it has learned something in
	// between: a conflict, say, after which it has looked who is there. For any other it must not.
	Again []int
	// Statuses are those that the connector reads in its own way. All others must be read as connect.Classify does.
	Statuses map[int]Reading
	// Tokens is how the connector gets access tokens. Nil if it has none that expire.
	Tokens *Tokens
	// Asides are the other requests of one call. What is said above of a request is said of the one request that is
	// neither one of them nor for a token: the effect, or the question. There must be one such request in each call.
	Asides []Aside
}

// Reading is how a connector reads a status.
type Reading struct {
	OK      bool               // it is no failure; the other fields do not matter then
	Kind    enrich.FailureKind // what may be done about it
	Refused bool               // the vendor says that it did nothing
}

// Run puts a connector through the suite. Its subtests are the sentences of the contract; a harness without the field that a
// sentence is about passes it.
func Run(t *testing.T, h Harness) {
	t.Run("what is found becomes the result", h.found)
	t.Run("what is not found is an outcome", h.notFound)
	t.Run("only declared outputs are given", h.outputs)
	t.Run("every status has its class", h.statuses)
	t.Run("a refusal is not asked again", h.stubborn)
	t.Run("Retry-After is honoured within bounds", h.retryAfter)
	t.Run("a redirect is not followed and carries no credentials", h.redirect)
	t.Run("a failure says whether the request left", h.sent)
	t.Run("a silent vendor is given up", h.silence)
	t.Run("hostile answers stay bounded", h.hostile)
	t.Run("odd answers do no harm", h.odd)
	t.Run("a cancelled call returns promptly", h.cancel)
	t.Run("no error or log shows a secret or a personal value", h.canaries)
	t.Run("the effect key is the same on every try", h.key)
	t.Run("the same key twice is one effect", h.repeat)
	t.Run("the declared class is true", h.declared)
	t.Run("an effect is never sent twice", h.once)
	t.Run("calls run side by side", h.concurrent)
	t.Run("a token is fetched once and renewed once", h.tokens)
	t.Run("trouble on the way to the effect is told from trouble with it", h.asides)
	t.Run("nothing is left behind on real sockets", h.sockets)
}

// base is where the vendor seems to be when no sockets are used.
const base = "http://127.0.0.1:8080"

// world is one vendor and one connector that knows only it.
type world struct {
	harness   Harness
	vendor    *pretend.Vendor
	connector enrich.Connector
	call      enrich.Call
}

// in runs a test in a world of its own, in memory, on a clock of its own. When it returns, no goroutine is left, or the
// bubble fails the test.
func (h Harness) in(t *testing.T, test func(t *testing.T, w *world), script ...pretend.Answer) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		vendor := pretend.New(script...)
		h.route(vendor)
		defer vendor.Close()
		client := connect.NewClient(&connect.Options{AllowLoopback: true, Dial: vendor.Dial})
		defer client.Close()
		test(t, &world{harness: h, vendor: vendor, connector: h.New(t, base, client), call: h.call("3f0c8a52")})
	})
}

func (h Harness) call(key string) enrich.Call { return enrich.Call{EffectKey: key, Vars: h.Vars} }

// asked are the requests so far that a call is about, without those for tokens and the asides.
func (w *world) asked() []pretend.Request { return w.harness.main(w.vendor.Seen()) }

// run makes the call. A panic becomes an error that nobody classified, so that the test fails that looks at it.
func (w *world) run(ctx context.Context) (result enrich.Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the connector panicked: %v", p)
		}
	}()
	return w.connector.Run(ctx, w.call)
}

// fails runs the call and gives its failure, which must be classified.
func (w *world) fails(t *testing.T) *enrich.Error {
	t.Helper()
	result, err := w.run(t.Context())
	if err == nil {
		t.Fatalf("the call succeeded with %v, want a failure", result)
	}
	return classified(t, err)
}

func classified(t *testing.T, err error) *enrich.Error {
	t.Helper()
	var e *enrich.Error
	if !errors.As(err, &e) {
		t.Fatalf("the error is a %T, want an *enrich.Error: %v", err, err)
	}
	if e.Code == "" {
		t.Errorf("the error has no code: %v", e)
	}
	return e
}

// class is the connector's own word on what a repeat means.
func (h Harness) class(t *testing.T) (class enrich.Class) {
	h.in(t, func(_ *testing.T, w *world) { class = enrich.ClassOf(w.connector) })
	return class
}
