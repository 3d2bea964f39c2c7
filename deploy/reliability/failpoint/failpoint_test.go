package failpoint_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/reliability/failpoint"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

func TestABombGoesOffOnceAtItsHit(t *testing.T) {
	died := 0
	b, err := failpoint.NewBomb(failpoint.ClaimAfter, 2, "", func() { died++ })
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{0, 0, 1, 1} {
		point := failpoint.ClaimAfter
		if i == 1 {
			point = failpoint.ClaimBefore
		}
		if b.At(point, "run"); died != want {
			t.Errorf("after hit %d: died %d times, want %d", i, died, want)
		}
	}
}

func TestABombForOneRunSparesTheOthers(t *testing.T) {
	died := 0
	b, err := failpoint.NewBomb(failpoint.ClaimAfter, 1, "this", func() { died++ })
	if err != nil {
		t.Fatal(err)
	}
	if b.At(failpoint.ClaimAfter, "that"); died != 0 {
		t.Error("another run set it off")
	}
	if b.At(failpoint.ClaimAfter, "this"); died != 1 {
		t.Error("its own run did not set it off")
	}
}

func TestAnUnknownPlaceIsRefused(t *testing.T) {
	if _, err := failpoint.NewBomb("claim.during", 1, "", nil); err == nil {
		t.Error("a bomb that never goes off was made")
	}
}

func TestOrdersGoThroughTheEnvironment(t *testing.T) {
	want := failpoint.Orders{Point: failpoint.MarkAfter, Hit: 3, Only: "run", Ahead: time.Hour, Lease: 8 * time.Second, Hide: time.Second, Crashes: 4, Writes: 9}
	got, err := failpoint.Read(want.Variable()[len(failpoint.Variable)+1:])
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := failpoint.Read("soon"); err == nil {
		t.Error("orders that nobody can read were taken")
	}
	if got, err := failpoint.Read(""); err != nil || got != (failpoint.Orders{}) {
		t.Errorf("no orders: got %+v, %v", got, err)
	}
}

// outside answers everything with nothing.
type outside struct{ worker.Directory }

func (outside) Receive(context.Context) ([]worker.Delivery, error) {
	return []worker.Delivery{{ReceivedAt: time.Unix(100, 0), Visible: time.Unix(160, 0)}}, nil
}
func (outside) Delete(context.Context, []worker.Delivery) ([]worker.Delivery, error) { return nil, nil }
func (outside) Hide(context.Context, worker.Delivery, time.Duration) error           { return nil }
func (outside) Send(context.Context, worker.Letter) error                            { return nil }
func (outside) Write(context.Context, string, string, []worker.Value) error          { return nil }

// meets tells which places a piece of work meets, in the order of Points.
func meets(t *testing.T, work func(worker.Ports)) (met []string) {
	t.Helper()
	for _, point := range failpoint.Points() {
		b, err := failpoint.NewBomb(point, 1, "", func() { met = append(met, point) })
		if err != nil {
			t.Fatal(err)
		}
		work(failpoint.Ports(worker.Ports{Queue: outside{}, DeadLetters: outside{}, Directory: outside{}, Ledger: &fake.Ledger{}}, b, time.Hour))
	}
	return met
}

func TestEveryCallOfAPortHasItsPlaces(t *testing.T) {
	ctx := t.Context()
	id := worker.Identity{Pool: "eu-west-1_Ab12cd34E", Sub: "ada", Generation: "0"}
	save := func(change ...func(*worker.Run)) func(worker.Ports) {
		return func(p worker.Ports) {
			r, err := p.Ledger.Claim(ctx, id, "a", time.Unix(0, 0), time.Unix(60, 0))
			for _, c := range change {
				r.Steps = map[string]worker.StepRecord{"old": {State: worker.StepDone}}
				c(&r)
				if err == nil {
					err = p.Ledger.Save(ctx, r)
				}
			}
			if err != nil {
				t.Error(err)
			}
		}
	}
	step := func(s worker.StepState) func(*worker.Run) {
		return func(r *worker.Run) { r.Steps["mail"] = worker.StepRecord{State: s} }
	}
	nothing := func(*worker.Run) {}
	claimed := []string{failpoint.ClaimBefore, failpoint.ClaimAfter}
	first := append(slices.Clone(claimed), failpoint.OutcomeBefore, failpoint.OutcomeAfter) // of the step "old"
	for name, tt := range map[string]struct {
		work func(worker.Ports)
		want []string
	}{
		"a claim":                 {save(), claimed},
		"an outcome":              {save(nothing), first},
		"a longer lease":          {save(nothing, func(r *worker.Run) { r.LeaseUntil = time.Unix(90, 0) }), first},
		"an intent":               {save(step(worker.StepIntent)), append(slices.Clone(claimed), failpoint.IntentBefore, failpoint.IntentAfter)},
		"an intent that is known": {save(step(worker.StepIntent), step(worker.StepUnknown)), append(slices.Clone(claimed), failpoint.IntentBefore, failpoint.IntentAfter, failpoint.OutcomeBefore, failpoint.OutcomeAfter)},
		"the end":                 {save(func(r *worker.Run) { r.State = worker.Done }), append(slices.Clone(claimed), failpoint.FinalBefore, failpoint.FinalAfter)},
		"parking":                 {save(func(r *worker.Run) { r.State = worker.Parked }), append(slices.Clone(claimed), failpoint.ParkBefore, failpoint.ParkAfter)},
		"the letter's mark": {save(func(r *worker.Run) { r.State = worker.Parked }, func(r *worker.Run) { r.State, r.LetterSent = worker.Parked, true }),
			append(slices.Clone(claimed), failpoint.ParkBefore, failpoint.ParkAfter, failpoint.MarkBefore, failpoint.MarkAfter)},
		"a letter": {func(p worker.Ports) { _ = p.DeadLetters.Send(ctx, worker.Letter{}) }, []string{failpoint.LetterBefore, failpoint.LetterAfter}},
		"a write":  {func(p worker.Ports) { _ = p.Directory.Write(ctx, "", "", nil) }, []string{failpoint.WriteBefore, failpoint.WriteAfter}},
		"a delete": {func(p worker.Ports) { _, _ = p.Queue.Delete(ctx, nil) }, []string{failpoint.DeleteBefore, failpoint.DeleteAfter}},
		"a pause":  {func(p worker.Ports) { _ = p.Queue.Hide(ctx, worker.Delivery{}, 0) }, []string{failpoint.HideBefore, failpoint.HideAfter}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, meets(t, tt.work)); diff != "" {
				t.Errorf("places (-want +got):\n%s", diff)
			}
		})
	}
}

func TestADeliverysTimesAreTheWorkersClock(t *testing.T) {
	b, err := failpoint.NewBomb("", 0, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	p := failpoint.Ports(worker.Ports{Queue: outside{}, Ledger: &fake.Ledger{}}, b, time.Hour)
	batch, err := p.Queue.Receive(t.Context())
	if err != nil || !batch[0].ReceivedAt.Equal(time.Unix(3700, 0)) || !batch[0].Visible.Equal(time.Unix(3760, 0)) {
		t.Errorf("got %v, %v", batch, err)
	}
}
