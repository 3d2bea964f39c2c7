package rehearse

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
)

// stage is everything around the worker during a rehearsal. It records, and passes on what may be done.
type stage struct {
	worker.Directory
	write    bool
	pipeline *enrich.Pipeline
	page     page

	mu     sync.Mutex
	user   worker.User
	called map[string]int             // how often the outside system was asked, by step
	named  map[string]bool            // steps that were named instead of called
	notes  map[string]worker.StepNote // the last of each step
	values []worker.Value             // of the last write
}

// newStage puts the pipeline on the stage: its steps with connectors that record.
func newStage(p *enrich.Pipeline, d worker.Directory, o Options) *stage {
	s := &stage{Directory: d, write: o.Write, called: map[string]int{}, named: map[string]bool{}, notes: map[string]worker.StepNote{}}
	staged := *p
	staged.Steps = slices.Clone(p.Steps)
	for i := range staged.Steps {
		step := &staged.Steps[i]
		played := &played{stage: s, id: step.ID, inner: step.Connector, real: o.Write || step.Class == enrich.Read}
		if !played.real {
			step.Rate = 0 // nobody is asked
		}
		step.Connector = played
	}
	s.pipeline = &staged
	return s
}

// played is a step's connector on the stage.
type played struct {
	stage *stage
	id    string
	inner enrich.Connector
	real  bool
}

// Run asks for real, or only notes that it would.
func (p *played) Run(ctx context.Context, call enrich.Call) (enrich.Result, error) {
	p.stage.noteCall(p.id, p.real)
	if !p.real {
		return nil, nil
	}
	return p.inner.Run(ctx, call)
}

// Dependency is that of the connector behind it, so that steps share their rate as they would.
func (p *played) Dependency() string {
	if named, ok := p.inner.(enrich.Dependent); ok {
		return named.Dependency()
	}
	return p.id
}

func (s *stage) noteCall(id string, real bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if real {
		s.called[id]++
	} else {
		s.named[id] = true
	}
}

// User reads the user, and remembers what is there already.
func (s *stage) User(ctx context.Context, pool, username string) (worker.User, error) {
	user, err := s.Directory.User(ctx, pool, username)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.user = user
	}
	return user, err
}

// Write records the write, and makes it only if that was asked for. What the pool refused is no part of the patch.
func (s *stage) Write(ctx context.Context, pool, username string, values []worker.Value) (err error) {
	if s.write {
		err = s.Directory.Write(ctx, pool, username, values)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values = slices.Clone(values)
	var rejected *worker.Rejected
	if errors.As(err, &rejected) {
		s.values = nil
	}
	return err
}

// Send sends no dead letter: that the run would be parked is in the verdict.
func (*stage) Send(context.Context, worker.Letter) error { return nil }

// Stepped keeps the note.
func (s *stage) Stepped(n worker.StepNote) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notes[n.Step] = n
}

// Finished is told by the verdict itself.
func (*stage) Finished(worker.Verdict) {}

// audience is the queue of one message that nobody else can receive: it need not be hidden, and isn't there to delete.
type audience struct{}

// Receive has nothing.
func (audience) Receive(context.Context) ([]worker.Delivery, error) { return nil, nil }

// Delete does nothing.
func (audience) Delete(context.Context, []worker.Delivery) ([]worker.Delivery, error) {
	return nil, nil
}

// Hide does nothing.
func (audience) Hide(context.Context, worker.Delivery, time.Duration) error { return nil }
