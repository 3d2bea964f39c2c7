package replay_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/replay"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

const pool = "eu-west-1_Ab12cd34E"

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is a ledger, a queue that remembers, and a desk before them.
type world struct {
	t      *testing.T
	ledger *fake.Ledger
	queue  *queue
	desk   *replay.Desk
}

// queue keeps what was sent.
type queue struct {
	mu     sync.Mutex
	bodies [][]byte
	fail   func(n int) error // of the n-th call, from 0; nil is no failure
	calls  int
	onSend func(bodies [][]byte) // told of each call
}

func (q *queue) Send(_ context.Context, bodies [][]byte) (unsent []int, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.onSend != nil {
		q.onSend(bodies)
	}
	q.calls++
	if q.fail != nil {
		if err := q.fail(q.calls - 1); err != nil {
			for i := range bodies {
				unsent = append(unsent, i)
			}
			return unsent, err
		}
	}
	q.bodies = append(q.bodies, bodies...)
	return nil, nil
}

// messages are what was sent, by run.
func (q *queue) messages(t *testing.T) map[string][]event.Message {
	t.Helper()
	q.mu.Lock()
	defer q.mu.Unlock()
	all := map[string][]event.Message{}
	for _, body := range q.bodies {
		m, err := event.Decode(body)
		if err != nil {
			t.Fatal(err)
		}
		all[m.Key()] = append(all[m.Key()], m)
	}
	return all
}

func newWorld(t *testing.T, p *enrich.Pipeline) *world {
	w := &world{t: t, ledger: &fake.Ledger{}, queue: &queue{}}
	w.desk = w.another(w.ledger.Records())
	w.desk.Pipeline = p
	return w
}

// another is a desk of somebody else on the same ledger.
func (w *world) another(l replay.Ledger) *replay.Desk {
	d := &replay.Desk{Ledger: l, Queue: w.queue, Now: func() time.Time { return start }}
	if w.desk != nil {
		d.Pipeline, d.Kept = w.desk.Pipeline, w.desk.Kept
	}
	return d
}

var ann = replay.Operator{Who: "ann", Why: "OPS-7"}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// plan makes a plan of all parked runs.
func (w *world) plan(change func(*replay.Request)) replay.Plan {
	w.t.Helper()
	p, err := w.make(change)
	w.must(err)
	return p
}

func (w *world) make(change func(*replay.Request)) (replay.Plan, error) {
	r := replay.Request{Operator: ann, Filter: worker.Filter{State: worker.Parked}, Chosen: "all that are parked"}
	if change != nil {
		change(&r)
	}
	return w.desk.Make(w.t.Context(), r)
}

// quick runs a plan as fast as it goes.
func quick() replay.RunOptions { return replay.RunOptions{Operator: ann, Rate: 1e6} }

func (w *world) run(id string, o replay.RunOptions) replay.Result {
	w.t.Helper()
	r, err := w.desk.Run(w.t.Context(), id, o)
	w.must(err)
	return r
}

func (w *world) get(id worker.Identity) worker.Run {
	w.t.Helper()
	r, ok := w.ledger.Run(id.Key())
	if !ok {
		w.t.Fatalf("no run of %s", id.Sub)
	}
	return r
}

func person(i int) worker.Identity {
	return worker.Identity{Pool: pool, Sub: fmt.Sprintf("sub-%04d", i), Generation: event.Onboarding, Source: event.SourceSignup, Client: "web"}
}

// put stores a run; change may be nil.
func (w *world) put(id worker.Identity, change func(*worker.Run)) worker.Run {
	r := worker.Run{Identity: id, Key: id.Key(), State: worker.Done, Fence: 3, FirstSeen: start.Add(-2 * time.Hour), Updated: start.Add(-time.Hour),
		LetterSent: true, Pipeline: "now", Steps: map[string]worker.StepRecord{}}
	if change != nil {
		change(&r)
	}
	w.ledger.Put(r)
	return r
}

// parked stores n runs that are parked because their CRM refused.
func (w *world) parked(n int) {
	for i := range n {
		w.put(person(i), refused)
	}
}

// refused is a run of the pipeline lookup → crm → attributes → mail whose crm failed for good.
func refused(r *worker.Run) {
	r.State, r.Reason = worker.Parked, "http_422"
	r.Steps = map[string]worker.StepRecord{
		"lookup": done(start.Add(-time.Hour)),
		"crm": {State: worker.StepFailed, Code: "http_422", Kind: "permanent", Attempts: 1, At: start.Add(-time.Hour),
			Failures: []worker.Failure{{At: start.Add(-time.Hour), Code: "http_422", Kind: "permanent"}}},
	}
}

func done(at time.Time) worker.StepRecord {
	return worker.StepRecord{State: worker.StepDone, Outcome: worker.OutcomeFound, At: at}
}

// vendor is a connector of a class that is never called.
type vendor struct{ class enrich.Class }

func (v vendor) Class() enrich.Class { return v.class }
func (vendor) Run(context.Context, enrich.Call) (enrich.Result, error) {
	return nil, errors.New("called")
}
func (vendor) Verify(context.Context, enrich.Call) (enrich.Result, error) {
	return nil, errors.New("called")
}

func step(id string, class enrich.Class, needs ...string) enrich.Step {
	return enrich.Step{ID: id, Uses: "http", Class: class, Connector: vendor{class}, Needs: needs, Timeout: time.Second, Digest: "1"}
}

func template(t *testing.T, source string) *expr.Template {
	t.Helper()
	env, err := expr.NewEnv(enrich.Roots()...)
	if err != nil {
		t.Fatal(err)
	}
	tm, err := env.Template(source)
	if err != nil {
		t.Fatal(err)
	}
	return tm
}

// pipeline is lookup (read) → crm (idempotent) → attributes → mail (unsafe), and order (keyed) beside them.
func pipeline(t *testing.T) *enrich.Pipeline {
	return &enrich.Pipeline{Hash: "now", Pools: []string{pool}, Limits: enrich.Limits{CognitoWrites: 15}, Writes: "1",
		Steps: []enrich.Step{step("lookup", enrich.Read), step("crm", enrich.Idempotent, "lookup"), step("order", enrich.Keyed, "lookup"),
			step("mail", enrich.Unsafe, enrich.AttributesStep)},
		Attributes: []enrich.Attribute{{Name: "custom:crm", Value: template(t, "${{ steps.crm.id }}")}}}
}

// work plays the worker for every message that was sent and not worked on: the run ends as end says.
func (w *world) work(end func(*worker.Run)) {
	w.queue.mu.Lock()
	bodies := w.queue.bodies
	w.queue.mu.Unlock()
	for _, body := range bodies {
		m, err := event.Decode(body)
		w.must(err)
		id := worker.Identity{Pool: m.Pool, Sub: m.Sub, Generation: m.Generation}
		run, err := w.ledger.Claim(context.Background(), id, "w", start, start.Add(time.Minute))
		if err != nil || run.State != worker.Open {
			continue
		}
		run.Steps = maps.Clone(run.Steps)
		run.Owner, run.Updated = "", run.Updated.Add(time.Second)
		end(&run)
		w.must(w.ledger.Save(context.Background(), run))
	}
}

func well(r *worker.Run) {
	r.State = worker.Done
	r.Steps["crm"] = done(start)
}

func again(r *worker.Run) {
	updated := r.Updated
	refused(r)
	r.Updated = updated
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in %q", part, text)
		}
	}
}

func sorted(all []string) []string {
	slices.Sort(all)
	return all
}
