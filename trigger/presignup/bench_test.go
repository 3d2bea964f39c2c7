package presignup_test

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/trigger/presignup"
)

// busy is a policy as a large user has one: a list of 100,000 domains, patterns, and confirm rules.
func busy(t testing.TB) *presignup.Policy {
	p := policy(t, `version: 1
deny:
  - { name: names, username: { pattern: "(?i)admin|root|support", shorter-than: 5 } }
  - { name: missing, missing: [email, given_name] }
  - { name: clients, clients-except: ['4k2'] }
confirm:
  - { name: staff, domains: [example.com, "*.corp.example.com"], ask-pool: false }
`)
	d := &presignup.Domains{}
	for i := range 100_000 {
		d.Add(fmt.Sprintf("throwaway-%d.example", i))
	}
	p.Deny = append(p.Deny, presignup.Denial{Name: "listed", Sources: presignup.Sources{SignUp: true}, Domains: d, Listed: true})
	return p
}

// BenchmarkDecision is a warm decision with its line, without asking the pool.
func BenchmarkDecision(b *testing.B) {
	h := presignup.New(busy(b), nil, &presignup.Options{Log: io.Discard})
	payload := event(object{"userName": "annabella"}, object{"email": good, "given_name": "Ann"})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Invoke(b.Context(), payload); err != nil {
			b.Fatal(err)
		}
	}
}

// TestAWarmDecisionTakesLessThanAMillisecond: the best of many, because the machine does other things, too.
func TestAWarmDecisionTakesLessThanAMillisecond(t *testing.T) {
	h := presignup.New(busy(t), nil, &presignup.Options{Log: io.Discard})
	payload := event(object{"userName": "annabella"}, object{"email": good, "given_name": "Ann"})
	best := time.Hour
	for range 200 {
		began := time.Now()
		answer, err := h.Invoke(t.Context(), payload)
		best = min(best, time.Since(began))
		if err != nil || !response(t, answer)["autoConfirmUser"] {
			t.Fatalf("%s, %v", answer, err)
		}
	}
	t.Logf("%v", best)
	if best > time.Millisecond {
		t.Errorf("took %v", best)
	}
}
