//go:build unix

package kill

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The steps of the proof's pipeline: one of each class, and unsafe ones on both sides of the write.
const (
	lookup   = "lookup"   // GET: read
	contact  = "contact"  // PUT: idempotent
	order    = "order"    // POST with a key: keyed
	register = "register" // plain POST: unsafe, before the write
	welcome  = "welcome"  // plain POST: unsafe, after the write
)

// pipeline has the pool's id and the vendors' URL to be put in.
const pipeline = `version: 1
pools: [%[1]s]
limits: { cognito-writes: 25/s }
steps:
  - id: lookup
    uses: http
    timeout: 2s
    with: { url: "%[2]s/lookup/${{ user.sub }}" }
  - id: register
    uses: http
    timeout: 2s
    with: { method: POST, url: "%[2]s/register/${{ user.sub }}", answer: none }
  - id: order
    uses: http
    timeout: 2s
    needs: [lookup]
    with: { method: POST, url: "%[2]s/order/${{ user.sub }}", idempotency-key: Idempotency-Key, answer: none }
  - id: contact
    uses: http
    timeout: 2s
    needs: [lookup]
    with: { method: PUT, url: "%[2]s/contact/${{ user.sub }}", answer: none }
  - id: welcome
    uses: http
    timeout: 2s
    needs: [attributes]
    with: { method: POST, url: "%[2]s/welcome/${{ user.sub }}", answer: none }
attributes:
  custom:version: ${{ steps.lookup.body.version }}
`

// attribute is what the pipeline writes: the version stamp of the lookup's answer.
const attribute = "custom:version"

// vendors are all outside systems of the pipeline. They count what they really did.
type vendors struct {
	facts *Facts
	trap  func(place string) // called at the places where a kill may be wanted
	lose  float64            // the share of answers that are lost after the vendor acted

	mu    sync.Mutex
	rand  *rand.Rand
	delay func(sub, step string) time.Duration // before the vendor acts; nil is at once
}

// ServeHTTP answers /STEP/SUB.
func (v *vendors) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	step, sub, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	v.trap(VendorSeen)
	if delay := v.pause(sub, step); delay > 0 {
		time.Sleep(delay) // a vendor takes its time, and does what it was asked for even if nobody waits any more
	}
	if step == lookup {
		v.answer(w, sub)
		return
	}
	v.facts.of(sub, func(p *Person) {
		p.Acts[step]++
		if step == order {
			p.Keys[r.Header.Get("Idempotency-Key")] = true
		}
	})
	v.trap(VendorActed)
	v.maybeLost()
	w.WriteHeader(http.StatusNoContent)
}

// answer is the lookup: it tells a version that is newer each time it is asked.
func (v *vendors) answer(w http.ResponseWriter, sub string) {
	kind, times, version := v.facts.asked(sub)
	switch {
	case kind == refused:
		w.WriteHeader(http.StatusBadRequest)
		return
	case kind == slowed && times == 1:
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	v.trap(VendorActed)
	v.maybeLost()
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"version":%q}`, strconv.FormatInt(version, 10))
}

// maybeLost breaks the connection now and then: the caller never learns what was done.
func (v *vendors) maybeLost() {
	v.mu.Lock()
	lost := v.rand.Float64() < v.lose
	v.mu.Unlock()
	if lost {
		panic(http.ErrAbortHandler)
	}
}

func (v *vendors) pause(sub, step string) time.Duration {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.delay == nil {
		return 0
	}
	return v.delay(sub, step)
}

// slow sets how long the vendors take.
func (v *vendors) slow(delay func(sub, step string) time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.delay = delay
}
