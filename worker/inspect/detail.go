package inspect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
)

// DetailOptions are the settings of Detail; nil and zero mean the defaults.
type DetailOptions struct {
	Pipeline   *enrich.Pipeline // what the worker's file says now; nil: steps and attributes are known from the run only
	Show       bool             // personal values are shown
	MaxLetters int              // how many dead letters are looked through; MaxLetters
}

// Detail is everything about one run.
type Detail struct {
	Row
	Sub         string        `json:"sub"`
	Event       Event         `json:"event"`
	Explanation *Explanation  `json:"explanation,omitempty"` // of the cause
	Codes       []Explanation `json:"codes,omitempty"`       // of all codes below that have an explanation
	Timeline    []Moment      `json:"timeline"`
	Steps       []Step        `json:"steps"`
	Attributes  []Attribute   `json:"attributes"`
	Unknown     []Effect      `json:"effects,omitempty"` // open effects, with how to settle them
	Config      Config        `json:"config"`
	Lease       *Lease        `json:"lease,omitempty"`
	Reopened    time.Time     `json:"reopened,omitzero"`
	Plan        string        `json:"plan,omitempty"` // that reopened it last
	Erased      time.Time     `json:"erased,omitzero"`
	Others      []Other       `json:"others,omitempty"` // runs of the same person
	Looked      int           `json:"letters_looked_at"`
	Cut         bool          `json:"letters_cut,omitempty"`
	Next        []string      `json:"next,omitempty"` // commands
}

// Event is what the run's first message said.
type Event struct {
	At       time.Time        `json:"at,omitzero"` // the sender's clock
	Source   string           `json:"source,omitempty"`
	Client   string           `json:"client,omitempty"`
	Region   string           `json:"region,omitempty"`
	User     Value            `json:"user"` // nothing: the sub, or not known any more
	Metadata map[string]Value `json:"metadata,omitempty"`
	Steps    []string         `json:"steps,omitzero"` // that the run is about, by choice; none if it is empty, nil is all
}

// Config says with which pipeline file the run was worked on last.
type Config struct {
	Hash    string `json:"hash,omitempty"`    // of that file; "" before the first delivery ended
	Current string `json:"current,omitempty"` // of the file given; "" if none was
	Differs bool   `json:"differs,omitempty"`
}

// Lease is the hold of a worker on the run.
type Lease struct {
	Owner string    `json:"owner"`
	Until time.Time `json:"until"`
	Held  bool      `json:"held"` // false: it ended without being given back, which counts as a crash
}

// Other is another run of the same person.
type Other struct {
	Key        string          `json:"key"`
	Generation string          `json:"generation"`
	Source     string          `json:"source,omitempty"`
	State      worker.RunState `json:"state"`
	Updated    time.Time       `json:"updated"`
}

// ErrNoRun says that the ledger does not know the run.
var ErrNoRun = errors.New("the ledger knows no such run")

// Detail reads all about one run: by its identity if that has a sub, else by its key. A run that the ledger does not
// know is ErrNoRun; one that is damaged worker.ErrDamaged. A damaged run of the same person is left out of Others.
func (i *Inspector) Detail(ctx context.Context, key string, id worker.Identity, o *DetailOptions) (*Detail, error) {
	if o == nil {
		o = &DetailOptions{}
	}
	if id.Sub != "" {
		key = id.Key()
	}
	run, known, err := i.find(ctx, key, id)
	switch {
	case err != nil:
		return nil, err
	case !known:
		return nil, fmt.Errorf("%w: %s", ErrNoRun, key)
	}
	d := i.describe(run, o)
	if err := i.others(ctx, d, run); err != nil {
		return nil, err
	}
	if err := i.settledBy(ctx, d); err != nil {
		return nil, err
	}
	m, err := i.look(ctx, o.MaxLetters)
	if err != nil {
		return nil, err
	}
	d.Looked, d.Cut = m.seen, m.cut
	if d.Letters = m.take(run.Key); d.Letters != nil {
		d.Timeline = inOrder(append(d.Timeline, Moment{At: d.Letters.Oldest, What: "letter", Text: "dead letter on the queue"}))
	}
	return d, nil
}

// describe is what the run itself says.
func (i *Inspector) describe(run worker.Run, o *DetailOptions) *Detail {
	now := i.now()
	d := &Detail{Row: rowOf(run, now), Sub: run.Sub, Event: eventOf(run, o.Show), Timeline: timeline(run, now),
		Steps: stepsOf(run, o), Attributes: attributesOf(run, o.Pipeline), Unknown: effectsOf(run),
		Config: Config{Hash: run.Pipeline}, Reopened: run.Reopened, Plan: run.Plan, Erased: run.Erased}
	if o.Pipeline != nil {
		d.Config.Current = o.Pipeline.Hash
		d.Config.Differs = run.Pipeline != "" && run.Pipeline != o.Pipeline.Hash
	}
	if run.Owner != "" {
		d.Lease = &Lease{run.Owner, run.LeaseUntil, d.Held}
	}
	if d.Code != "" {
		explanation := i.explainCause(d.Cause)
		d.Explanation = &explanation
	}
	d.Codes, d.Next = i.explained(d), nextOfRun(d)
	return d
}

// explainCause explains the code of a cause, and what to do about it.
func (i *Inspector) explainCause(c worker.Cause) Explanation {
	e := i.Explain(c.Code)
	if c.Class == worker.ClassUnknown {
		e.Do = "Look at the other side whether it happened, then settle the open effect."
	}
	return e
}

// explained are the codes of steps, attempts and attributes that have an explanation, in their order.
func (i *Inspector) explained(d *Detail) (all []Explanation) {
	codes := []string{d.Code}
	for _, s := range d.Steps {
		codes = append(codes, s.Code)
	}
	for _, m := range d.Timeline {
		if m.Attempt != nil {
			codes = append(codes, m.Attempt.Code)
		}
	}
	for _, a := range d.Attributes {
		codes = append(codes, a.Why)
	}
	slices.Sort(codes)
	for _, code := range slices.Compact(codes) {
		if e := i.Explain(code); code != "" && e.Meaning != "" {
			all = append(all, e)
		}
	}
	return all
}

func eventOf(run worker.Run, show bool) Event {
	m := run.Message()
	e := Event{At: run.Origin.At, Source: run.Source, Client: run.Client, Region: m.Region, User: text(run.Origin.User, show), Steps: run.Origin.Steps}
	for name, value := range run.Origin.Metadata {
		if e.Metadata == nil {
			e.Metadata = map[string]Value{}
		}
		e.Metadata[member(name)] = text(value, show)
	}
	return e
}

// others are the other runs of the same person.
func (i *Inspector) others(ctx context.Context, d *Detail, run worker.Run) error {
	runs, err := i.Index.Person(ctx, run.Pool, run.Sub)
	if err != nil && !errors.Is(err, worker.ErrDamaged) {
		return err
	}
	for _, r := range runs {
		if r.Key != run.Key {
			d.Others = append(d.Others, Other{r.Key, r.Generation, r.Source, r.State, r.Updated})
		}
	}
	return nil
}
