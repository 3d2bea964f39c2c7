package enrichtest

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
)

// outputs: whoever reads a pipeline file must be able to rely on the names, also when the vendor's answer changes.
func (h Harness) outputs(t *testing.T) {
	for name, answer := range map[string]pretend.Answer{
		"found": h.Found, "nothing": pretend.JSON(200, "{}"), "more than expected": pretend.JSON(200, `{"id":"1","surprise":{"a":[1]},"x":true}`),
		"a list": pretend.JSON(200, `[{"surprise":1}]`), "an empty answer": pretend.Reply(204, nil, ""),
	} {
		h.in(t, func(t *testing.T, w *world) {
			result, err := w.run(t.Context())
			if err != nil {
				return
			}
			for key := range result {
				if _, declared := h.Want[key]; !declared {
					t.Errorf("%s: the result has %q, which is not declared", name, key)
				}
			}
		}, answer)
	}
}

// stubborn: the engine asks again, at its own pace and on its own budget. A connector that does so too multiplies it.
func (h Harness) stubborn(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 409, 422, 429, 500, 503} {
		h.in(t, func(t *testing.T, w *world) {
			began := time.Now()
			_, _ = w.run(t.Context())
			most := 1
			if status == http.StatusUnauthorized && h.Tokens != nil || slices.Contains(h.Again, status) {
				most = 2
			}
			if asked := len(w.asked()); asked > most {
				t.Errorf("a vendor that says %d was asked %d times in one call", status, asked)
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("the call took %v after a %d; waiting is the engine's affair", took, status)
			}
		}, pretend.JSON(status, "{}"))
	}
}

// repeat: a vendor can recognise a repeat by its key, or because it is the same request. A class that is not repeatable
// declares that neither is so.
func (h Harness) repeat(t *testing.T) {
	class := h.class(t)
	if !class.Repeatable() {
		return
	}
	h.in(t, func(t *testing.T, w *world) {
		for range 2 {
			if _, err := w.run(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
		}
		seen := w.asked()
		if class == enrich.Read && len(seen) == 1 {
			return // remembered
		}
		one, two := seen[0], seen[1]
		if h.Key != nil && h.Key(one) != h.Key(two) {
			t.Errorf("the same call had the keys %q and %q", h.Key(one), h.Key(two))
		}
		if class != enrich.Keyed && (one.Method != two.Method || one.Target != two.Target || string(one.Body) != string(two.Body)) {
			t.Errorf("the class is %v, but the same call made two requests that differ", class)
		}
	}, h.Found)
}

// declared holds the declared class against what is sent.
func (h Harness) declared(t *testing.T) {
	h.in(t, func(t *testing.T, w *world) {
		class := enrich.ClassOf(w.connector)
		if said, ok := w.connector.(enrich.Classified); ok && said.Class() != class {
			t.Errorf("it calls itself %v, but can't verify", said.Class())
		}
		if _, err := w.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, r := range w.vendor.Seen() {
			reads := r.Method == http.MethodGet || r.Method == http.MethodHead || h.ReadsByPost && r.Method == http.MethodPost
			if token := h.Tokens != nil && h.Tokens.Is(r); class == enrich.Read && !reads && !token {
				t.Errorf("a connector of class read sent a %s", r.Method)
			}
		}
	}, h.Found)
}
