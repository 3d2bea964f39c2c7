package workertest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
)

// LedgerHarness is one ledger under test, empty when the suite gets it. Closing it is the harness's own affair
// (t.Cleanup).
type LedgerHarness struct {
	Ledger worker.Ledger
	// Reopen closes the ledger and opens the same data again. nil says that the data end with the ledger: what should
	// be there after reopening is then looked for in the open one.
	Reopen func(t *testing.T) worker.Ledger
}

// Ledger runs the suite of worker.Ledger. open is called once for each sentence.
func Ledger(t *testing.T, open func(t *testing.T) LedgerHarness) {
	for _, sentence := range []struct {
		name  string
		check func(*ledgerCase)
	}{
		{"a run that is not known is created open with fence 1", (*ledgerCase).createsRuns},
		{"a held run is busy for others until its lease ends", (*ledgerCase).keepsLeases},
		{"an extended lease counts for others", (*ledgerCase).extendsLeases},
		{"an expired lease is taken over and counted as a crash", (*ledgerCase).countsCrashes},
		{"a lease that was given back is no crash", (*ledgerCase).takesLeasesBack},
		{"an owner may claim its own run again and gets a new fence", (*ledgerCase).repeatsClaims},
		{"an old fence can't save and leaves nothing behind", (*ledgerCase).refusesOldFences},
		{"a run that is not known can't be saved", (*ledgerCase).refusesUnknownRuns},
		{"a run whose key is not its own, or whose state is none, is refused", (*ledgerCase).refusesNonsense},
		{"a run in a final state is returned as it is without a lease", (*ledgerCase).endsRuns},
		{"a parked run that is saved as open can be claimed", (*ledgerCase).reopensRuns},
		{"a saved run is the same after reopening byte for byte", (*ledgerCase).keepsEverything},
		{"leases and fences survive reopening", (*ledgerCase).keepsLeasesOverReopening},
		{"source and client stay those of the first claim", (*ledgerCase).keepsTheSource},
		{"what the caller changes later is not in the ledger", (*ledgerCase).sharesNoMemory},
		{"Written merges of each attribute what was observed last", (*ledgerCase).mergesWritten},
		{"a person of whom nothing was written has nothing written", (*ledgerCase).knowsNothingWritten},
		{"two pools with the same sub stay apart, and so do two generations", (*ledgerCase).keepsPoolsApart},
		{"of 64 goroutines that claim one run one wins", (*ledgerCase).hasOneWinner},
		{"a hundred takeovers have a hundred fences", (*ledgerCase).growsFences},
		{"while one run of a person is held every other is busy", (*ledgerCase).holdsThePerson},
		{"a claim that finds its person held charges nobody", (*ledgerCase).chargesNobody},
		{"a claim tells whether its person has other runs", (*ledgerCase).tellsOfOthers},
		{"of a crowd that claims two generations of a person one wins at most", (*ledgerCase).hasOneWinnerOfAPerson},
		{"2,000 concurrent saves of different runs are all there after reopening", (*ledgerCase).savesConcurrently},
		{"a canceled context returns its error and changes nothing", (*ledgerCase).honoursContexts},
		{"a context that ends in the middle of much work ends the call", (*ledgerCase).honoursContextsUnderLoad},
	} {
		t.Run(sentence.name, func(t *testing.T) {
			sentence.check(&ledgerCase{T: t, LedgerHarness: open(t)})
		})
	}
}

// start is the suite's time zero; later ones are computed from it.
func start() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC) }

const lease = time.Minute

// ledgerCase is one sentence on its own ledger.
type ledgerCase struct {
	*testing.T
	LedgerHarness
}

func person(sub string) worker.Identity {
	return worker.Identity{Pool: "eu-west-1_Ab12cd34E", Sub: sub, Generation: "0", Source: "signup", Client: "web"}
}

func (c *ledgerCase) claim(id worker.Identity, owner string, now time.Time) worker.Run {
	c.Helper()
	r, err := c.Ledger.Claim(c.Context(), id, owner, now, now.Add(lease))
	if err != nil {
		c.Fatalf("claim by %s: %v", owner, err)
	}
	return r
}

func (c *ledgerCase) save(r worker.Run) {
	c.Helper()
	if err := c.Ledger.Save(c.Context(), r); err != nil {
		c.Fatalf("save: %v", err)
	}
}

func (c *ledgerCase) busy(id worker.Identity, owner string, now, until time.Time) {
	c.Helper()
	r, err := c.Ledger.Claim(c.Context(), id, owner, now, now.Add(lease))
	var busy *worker.Busy
	if !errors.As(err, &busy) {
		c.Fatalf("claim by %s: got fence %d, error %v, want *worker.Busy", owner, r.Fence, err)
	}
	if !busy.Until.Equal(until) {
		c.Errorf("busy until %v, want %v", busy.Until, until)
	}
}

func (c *ledgerCase) lost(r worker.Run) {
	c.Helper()
	if err := c.Ledger.Save(c.Context(), r); !errors.Is(err, worker.ErrLeaseLost) {
		c.Errorf("save with fence %d: got %v, want ErrLeaseLost", r.Fence, err)
	}
}

// same compares two runs; an empty map is as good as none.
func (c *ledgerCase) same(got, want worker.Run) {
	c.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		c.Errorf("run (-want +got):\n%s", diff)
	}
}

// reopen goes on with the same data, freshly opened if the harness can.
func (c *ledgerCase) reopen() {
	c.Helper()
	if c.Reopen != nil {
		c.Ledger = c.Reopen(c.T)
	}
}

// full is a run in which every field is set.
func full(r worker.Run) worker.Run {
	yes, no := true, false
	at := start().Add(1234567 * time.Nanosecond)
	r.Reason, r.LeaseUntil, r.Updated = "step crm: invalid", at.Add(time.Hour), at
	r.Crashes, r.Releases, r.Reopens, r.LetterSent = 2, 3, 1, true
	r.Steps = map[string]worker.StepRecord{
		"company": {First: at.Add(-time.Nanosecond), State: worker.StepDone, Outcome: worker.OutcomeFound, Output: []byte(`{"name":"Ünïcode & <b>\u2028\"","n":12345678901234567890,"f":1.50,"null":null}`), If: &yes, At: at},
		"crm": {State: worker.StepFailed, Attempts: 8, Code: "invalid", Kind: "permanent", Took: 12, Again: 1, At: at,
			Failures: []worker.Failure{{At: at, Code: "http_503", Kind: "temporary", Took: 1500, Calls: 3, Wait: 30, Charged: true}}},
		"welcome":             {State: worker.StepIntent, At: at.Add(time.Nanosecond)},
		"mail":                {State: worker.StepUnknown, Code: "interrupted"},
		"settled":             {State: worker.StepFailed, Code: "ses_reject", At: at, Settled: true},
		"later":               {Attempts: 1, Code: "timeout"},
		"never":               {State: worker.StepSkipped, Outcome: worker.OutcomeSkipped, If: &no},
		enrich.AttributesStep: {State: worker.StepDone, Output: []byte(`{"written":"custom:company"}`)},
	}
	r.Flags = []string{"attribute custom:x: too_long", "step mail: unknown"}
	r.Written = map[string]worker.Wrote{"custom:company": {Digest: "sha256:0011", Observed: at}, "website": {Digest: "sha256:2233", Observed: at.Add(time.Nanosecond)}}
	r.Reopened, r.Erased = at.Add(2*time.Nanosecond), at.Add(3*time.Nanosecond)
	r.Pipeline, r.Plan, r.Domain = "9f86d081884c7d65", "p-1", "0a1b2c3d"
	r.Origin = worker.Origin{User: "ada", Region: "eu-west-1", At: at, Metadata: map[string]string{"plan": "pro"}, Steps: []string{"company", "mail"}}
	return r
}

func (c *ledgerCase) written(pool, sub string, want map[string]worker.Wrote) {
	c.Helper()
	got, err := c.Ledger.Written(c.Context(), pool, sub)
	if err != nil {
		c.Fatalf("written: %v", err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		c.Errorf("written (-want +got):\n%s", diff)
	}
}

// canceled is a context that has ended.
func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func sub(i int) string { return fmt.Sprintf("6f9c4f9e-0a1b-4c2d-8e3f-%012d", i) }
