package replay

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/audit"
)

// DefaultFresh is how old the answer of a reading step may be that is used again.
const DefaultFresh = 24 * time.Hour

// Request is what an operator wants planned.
type Request struct {
	Operator
	Filter   worker.Filter // Limit and After have no say
	Keys     []Ref         // only these; nil is all that the filter wants
	Chosen   string        // the selection in words, for people
	FromStep string        // this step, and all that depend on it, are done anew
	Rerun    []string      // these are done anew, whatever their state
	Unsafe   bool          // Rerun may name unsafe and verifiable steps
	Original bool          // with the pipeline file that each run had
	Fresh    time.Duration // DefaultFresh
	Edit     Edit
	Foreign  bool      // take runs of pools that the pipeline does not list
	Tell     func(int) // told of each page with the runs looked at so far; nobody
}

// Preview is what a plan would do. Its numbers are of the moment when it was made.
type Preview struct {
	Users    int            `json:"users"`
	Writes   int            `json:"writes"` // of attributes, at the most
	Calls    []Calls        `json:"calls,omitempty"`
	Cost     []enrich.Price `json:"cost,omitempty"`     // at the most, for each currency
	Minutes  float64        `json:"minutes"`            // at the default rate
	Excluded map[string]int `json:"excluded,omitempty"` // by reason: open, done, gone, replaced, unknown, damaged, other
	Configs  []Config       `json:"configs,omitempty"`
}

// The reasons for which a run is not in a plan, beside the states that it may have.
const (
	outUnknown = "unknown" // the ledger has no such run
	outDamaged = "damaged"
	outOther   = "other" // chosen by its key, and the filters don't want it
)

// What an operator has to change before a plan can be made.
var (
	ErrForeign   = errors.New("the pipeline does not list their pool")
	ErrNotKept   = errors.New("the pipeline file that they had is not kept")
	ErrEdit      = errors.New("the region is not that of their pool")
	ErrTooMany   = fmt.Errorf("a plan has at most %d runs", MaxEntries)
	ErrNothing   = errors.New("no run is to be replayed")
	errNoPurpose = errors.New("who and why are needed")
)

// Make makes a plan: it looks at the runs, writes the selection down, and sends nothing. With ErrNothing, which is no
// mistake, the plan has its preview and is not kept. Killed on its way it leaves a plan in the state Making.
func (d *Desk) Make(ctx context.Context, r Request) (Plan, error) {
	if r.Fresh == 0 {
		r.Fresh = DefaultFresh
	}
	m := &maker{Desk: d, request: &r, rules: map[string]Rules{}, files: map[string]*enrich.Pipeline{}, configs: map[string]*seen{}}
	m.plan = Plan{ID: d.newID(), State: Making, At: d.now().UTC(), Who: r.Who, Why: r.Why, Chosen: r.Chosen, Original: r.Original,
		Pipeline: d.Pipeline.Hash, Limit: d.Pipeline.Limits.CognitoWrites, FromStep: r.FromStep, Rerun: r.Rerun, Unsafe: r.Unsafe,
		Fresh: r.Fresh, Edit: r.Edit, Rules: m.rules, Preview: Preview{Excluded: map[string]int{}}}
	err := m.begin(ctx)
	if err == nil {
		err = m.choose(ctx)
	}
	if err == nil {
		err = m.end(ctx)
	}
	if err == nil {
		return m.plan, d.note(ctx, r.Operator, "replay plan", audit.Done, m.plan, map[string]int{"planned": m.plan.Entries})
	}
	return m.refuse(ctx, err)
}

// maker makes one plan.
type maker struct {
	*Desk
	request *Request
	plan    Plan
	rules   map[string]Rules            // the plan's
	files   map[string]*enrich.Pipeline // by hash; nil is one that is not kept
	configs map[string]*seen            // by hash
	chunk   []Entry
	tally   tally
	foreign map[string]int // by pool
	notKept map[string]int // by hash
	misfits int            // runs that the edit does not fit
	stored  bool           // the header
	looked  int
}

// seen are the runs of a plan that had one pipeline file.
type seen struct {
	runs  int
	steps map[string]bool // that any of them remembers
}

// begin checks what needs no run, and stores a header by which an interrupted plan is seen.
func (m *maker) begin(ctx context.Context) (err error) {
	if m.request.Who == "" || m.request.Why == "" {
		return errNoPurpose
	}
	if !m.request.Original {
		if m.rules[""], err = rulesOf(m.Pipeline, m.request); err != nil {
			return err
		}
	}
	m.stored = true
	return m.put(ctx, &m.plan, 0)
}

// choose goes through the runs.
func (m *maker) choose(ctx context.Context) error {
	if m.request.Keys != nil {
		return m.byKey(ctx)
	}
	f := m.request.Filter
	f.After, f.Limit = "", 500
	for {
		runs, err := m.Ledger.List(ctx, f)
		broken := leaves(err, worker.ErrDamaged)
		if err != nil && broken == 0 {
			return fmt.Errorf("replay: choose runs: %w", err)
		}
		m.out(outDamaged, broken)
		for _, run := range runs {
			if err := m.add(ctx, run); err != nil {
				return err
			}
			f.After = run.Key
		}
		if len(runs)+broken < f.Limit || len(runs) == 0 {
			return nil
		}
	}
}

// leaves counts how often an error says what.
func leaves(err, what error) (n int) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			n += leaves(one, what)
		}
		return n
	}
	if errors.Is(err, what) {
		return 1
	}
	return 0
}

func (m *maker) byKey(ctx context.Context) error {
	for _, ref := range m.request.Keys {
		run, known, err := m.find(ctx, ref)
		switch {
		case errors.Is(err, worker.ErrDamaged):
			m.out(outDamaged, 1)
		case err != nil:
			return fmt.Errorf("replay: choose runs: %w", err)
		case !known && ref.id != nil && !slices.Contains(m.Pipeline.Pools, ref.id.Pool):
			m.strange(ref.id.Pool)
		case !known:
			m.out(outUnknown, 1)
		case !m.wants(run):
			m.out(outOther, 1)
		default:
			if err := m.add(ctx, run); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *maker) find(ctx context.Context, ref Ref) (worker.Run, bool, error) {
	if ref.id != nil {
		return m.Ledger.Find(ctx, *ref.id)
	}
	return m.Ledger.Run(ctx, ref.Key())
}

// wants looks at a run that was chosen by its key with the filter, but for the state, which has reasons of its own.
func (m *maker) wants(run worker.Run) bool {
	f := m.request.Filter
	f.State = ""
	return f.Match(run)
}

func (m *maker) out(reason string, n int) {
	if n > 0 {
		m.plan.Preview.Excluded[reason] += n
	}
}

func (m *maker) strange(pool string) {
	if m.foreign == nil {
		m.foreign = map[string]int{}
	}
	m.foreign[pool]++
}

// add looks at one run, and takes it.
func (m *maker) add(ctx context.Context, run worker.Run) error {
	if m.looked++; m.looked%500 == 0 && m.request.Tell != nil {
		m.request.Tell(m.looked)
	}
	redo := m.request.FromStep != "" || len(m.request.Rerun) > 0
	switch {
	case !slices.Contains(m.Pipeline.Pools, run.Pool) && !m.request.Foreign:
		m.strange(run.Pool)
		return nil
	case run.State != worker.Parked && (run.State != worker.Done || !redo),
		run.State == worker.Done && m.request.Filter.State == worker.Parked:
		m.out(string(run.State), 1)
		return nil
	case !m.request.Edit.fits(run.Pool):
		m.misfits++
		return nil
	case m.plan.Entries >= MaxEntries:
		return ErrTooMany
	}
	file, err := m.file(ctx, run.Pipeline)
	if err != nil || file == nil {
		return err
	}
	m.remember(run)
	rules := m.plan.rules(run.Pipeline)
	m.tally.add(file, forecast(run, file, rules.of(run, m.now(), m.request.Fresh), m.now()))
	return m.keep(ctx, Entry{Identity: run.Identity, State: run.State, Reopens: run.Reopens, Pipeline: run.Pipeline})
}

// file is the pipeline file that a run will be worked on with; nil if it is not kept, which is noted.
func (m *maker) file(ctx context.Context, hash string) (*enrich.Pipeline, error) {
	if !m.request.Original {
		return m.Pipeline, nil
	}
	if hash == "" { // no file ever worked on it
		hash = m.Pipeline.Hash
	}
	p, err := m.kept(ctx, hash)
	if err != nil {
		return nil, err
	}
	if p == nil {
		if m.notKept == nil {
			m.notKept = map[string]int{}
		}
		m.notKept[hash]++
		return nil, nil
	}
	if _, known := m.rules[hash]; !known {
		if m.rules[hash], err = rulesOf(p, m.request); err != nil {
			return nil, fmt.Errorf("pipeline file %s: %w", hash, err)
		}
	}
	return p, nil
}

// kept finds a file of then, once; nil if nobody kept it.
func (m *maker) kept(ctx context.Context, hash string) (*enrich.Pipeline, error) {
	if hash == m.Pipeline.Hash {
		return m.Pipeline, nil
	}
	p, known := m.files[hash]
	if known || m.Kept == nil || hash == "" {
		return p, nil
	}
	p, err := m.Kept(ctx, hash)
	if err != nil && !errors.Is(err, worker.ErrNoPipeline) {
		return nil, fmt.Errorf("replay: read pipeline file %s: %w", hash, err)
	}
	m.files[hash] = p
	return p, nil
}

// remember notes what a run knows of its pipeline file.
func (m *maker) remember(run worker.Run) {
	c := m.configs[run.Pipeline]
	if c == nil {
		c = &seen{steps: map[string]bool{}}
		m.configs[run.Pipeline] = c
	}
	c.runs++
	for id := range run.Steps {
		c.steps[id] = true
	}
}

func (m *maker) keep(ctx context.Context, e Entry) error {
	m.chunk = append(m.chunk, e)
	m.plan.Entries++
	if len(m.chunk) < chunkSize {
		return nil
	}
	return m.flush(ctx)
}

func (m *maker) flush(ctx context.Context) error {
	if len(m.chunk) == 0 {
		return nil
	}
	err := m.putChunk(ctx, m.plan.ID, chunks(m.plan.Entries)-1, m.chunk)
	m.chunk = m.chunk[:0]
	return err
}

// end refuses what can't be planned, or makes the plan one that can be run.
func (m *maker) end(ctx context.Context) error {
	if err := m.flush(ctx); err != nil {
		return err
	}
	preview := &m.plan.Preview
	preview.Users, preview.Writes, preview.Calls = m.plan.Entries, m.tally.writes, m.tally.all()
	preview.Cost = cost(preview.Calls)
	preview.Minutes = float64(m.plan.Entries) / DefaultRate(m.plan.Limit) / 60
	if err := m.compare(ctx); err != nil {
		return err
	}
	switch {
	case len(m.foreign) > 0:
		return fmt.Errorf("%s: %w", counted(m.foreign), ErrForeign)
	case len(m.notKept) > 0:
		return fmt.Errorf("%s: %w", counted(m.notKept), ErrNotKept)
	case m.misfits > 0:
		return fmt.Errorf("%d runs: %w", m.misfits, ErrEdit)
	case m.plan.Entries == 0:
		return ErrNothing
	}
	m.plan.State = Ready
	_, version, err := m.load(ctx, m.plan.ID)
	if err != nil {
		return err
	}
	return m.put(ctx, &m.plan, version)
}

// compare says how the files of then differ from the file of now.
func (m *maker) compare(ctx context.Context) error {
	for _, hash := range slices.Sorted(maps.Keys(m.configs)) {
		c := m.configs[hash]
		config := Config{Hash: hash, Runs: c.runs, Same: hash == m.Pipeline.Hash}
		then, err := m.kept(ctx, hash)
		switch {
		case err != nil:
			return err
		case config.Same:
			config.Kept = true
		case then != nil:
			config.Kept, config.Differences = true, differ(then, m.Pipeline)
		default:
			config.Differences = surmise(c.steps, m.Pipeline)
		}
		m.plan.Preview.Configs = append(m.plan.Preview.Configs, config)
	}
	return nil
}

// counted reads "eu-west-1_Other (12 runs), …".
func counted(all map[string]int) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, fmt.Sprintf("%s (%d runs)", name, all[name]))
	}
	return strings.Join(out[:min(len(out), 10)], ", ")
}

// refuse removes what was stored of a plan that is none, and has the audit log say what was refused.
func (m *maker) refuse(ctx context.Context, err error) (Plan, error) {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	if m.stored {
		err = errors.Join(err, m.drop(ctx, m.plan.ID))
	}
	for _, refused := range []error{ErrUnsafe, ErrForeign, ErrNotKept, ErrEdit} {
		if errors.Is(err, refused) {
			err = errors.Join(err, m.note(ctx, m.request.Operator, "replay plan", audit.Refused, m.plan, nil))
		}
	}
	return m.plan, err
}
