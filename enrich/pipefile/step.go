package pipefile

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/yamldoc"
)

// The time that one call of a step may take.
const (
	minTimeout     = 100 * time.Millisecond
	maxTimeout     = 5 * time.Minute
	defaultTimeout = 10 * time.Second
)

// stepKeys are the keys that every step may have; a connector may add its own.
var stepKeys = []string{"id", "uses", "needs", "if", "with", "on-failure", "timeout", "policy", "rate", "price"}

// stepID is what can be written after "steps." in an expression.
var stepID = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

const (
	maxStepID = 64
	maxSteps  = 200 // what a run remembers of its steps must fit into one record
)

// draft is a step while it is read.
type draft struct {
	node  *yaml.Node
	keys  map[string]yamldoc.Entry
	kind  *enrich.Kind // nil if unknown
	needs []need
	step  enrich.Step

	before map[string]bool // see reader.before
}

type need struct {
	id   string
	node *yaml.Node
}

// uses and place are where to point when the connector, or its block, is meant.
func (d *draft) uses() *yaml.Node { return d.keys["uses"].Value }

func (d *draft) place() *yaml.Node {
	if e := d.keys["with"]; e.Present() {
		return e.Key
	}
	return d.uses()
}

func (r *reader) readSteps(e yamldoc.Entry) {
	if !e.Present() {
		return
	}
	if e.Value.Kind != yaml.SequenceNode {
		r.Wants(e.Value, "steps", "a list, each step starting with \"- id: …\"", "")
		return
	}
	ids := map[string]int{}
	for i, n := range e.Value.Content {
		if i == maxSteps {
			r.At(n, fmt.Sprintf("a pipeline has at most %d steps", maxSteps), "")
			return
		}
		if d := r.readStep(n); d != nil {
			r.unique(d, ids)
			r.steps = append(r.steps, d)
		}
	}
}

func (r *reader) unique(d *draft, ids map[string]int) {
	id := d.step.ID
	if id == "" {
		return
	}
	if line := ids[id]; line != 0 {
		r.At(d.keys["id"].Value, fmt.Sprintf("the id %q stands twice", id), fmt.Sprintf("first in line %d", line))
		return
	}
	ids[id] = d.keys["id"].Value.Line
}

func (r *reader) readStep(n *yaml.Node) *draft {
	if n.Kind != yaml.MappingNode {
		r.Wants(n, "a step", "a map with \"id\" and \"uses\"", "")
		return nil
	}
	d := &draft{node: n}
	d.kind = r.kindOf(n)
	d.keys = r.Keys(n, "a step", slices.Concat(stepKeys, r.extraKeys(d.kind)), r.underWith(d.kind))
	d.step = enrich.Step{ID: r.id(d), Timeout: defaultTimeout, Digest: digest(n)}
	if d.kind != nil {
		d.step.Uses = d.kind.Name
	}
	r.readUses(d)
	r.readNeeds(d)
	if e := d.keys["if"]; e.Present() {
		d.step.If = r.condition(e.Value, scope{step: d})
	}
	r.readTimeout(d)
	r.readRate(d)
	r.readPrice(d)
	r.readOnFailure(d)
	r.readPolicy(d)
	return d
}

// kindOf looks ahead for the connector: it decides which keys the step may have.
func (r *reader) kindOf(n *yaml.Node) *enrich.Kind {
	uses := yamldoc.LookAhead(n, "uses")
	if uses == nil || uses.Kind != yaml.ScalarNode {
		return nil
	}
	i := slices.IndexFunc(r.kinds, func(k enrich.Kind) bool { return k.Name == uses.Value })
	if i < 0 {
		return nil
	}
	return &r.kinds[i]
}

// extraKeys are what a connector adds to a step; of an unknown one, what any connector adds.
func (r *reader) extraKeys(kind *enrich.Kind) []string {
	if kind == nil {
		var all []string
		for k := range r.kinds {
			all = append(all, r.extraKeys(&r.kinds[k])...)
		}
		return all
	}
	all, err := fields(kind.Config())
	if err != nil {
		return nil // said when the connector is configured
	}
	return names(all, true)
}

// underWith says that a key of the step belongs under "with".
func (r *reader) underWith(kind *enrich.Kind) func(string) string {
	if kind == nil {
		return nil
	}
	all, err := fields(kind.Config())
	if err != nil {
		return nil
	}
	return func(key string) string {
		if slices.Contains(names(all, false), key) {
			return `it belongs under "with"`
		}
		return ""
	}
}

// besideWith says that a key under "with" belongs to the step.
func besideWith(key string, stepKeys []string) string {
	if slices.Contains(stepKeys, key) {
		return `it belongs beside "with", not under it`
	}
	return ""
}

func (r *reader) id(d *draft) string {
	e := d.keys["id"]
	if !e.Present() {
		if e.Missing() {
			r.At(d.node, `the step has no "id"`, "expressions call its result steps.ID")
		}
		return ""
	}
	id, ok := r.Text(e.Value, "id")
	switch {
	case !ok:
		return ""
	case id == enrich.AttributesStep:
		r.At(e.Value, fmt.Sprintf("the id %q is taken", id), "it is the built-in step that writes the attributes")
		return ""
	case len(id) > maxStepID || !stepID.MatchString(id):
		r.At(e.Value, fmt.Sprintf("%q can't be a step's id", yamldoc.Short(id)),
			"small letters, digits and _ only, a letter first; in an expression, a hyphen would be minus")
		return ""
	}
	if _, err := r.env.Compile("steps." + id); err != nil {
		r.At(e.Value, fmt.Sprintf("%q can't be a step's id", id), "the word has a meaning of its own in expressions")
		return ""
	}
	return id
}

// readUses configures the connector. Of a step whose connector is unknown, the expressions are read nevertheless.
func (r *reader) readUses(d *draft) {
	e := d.keys["uses"]
	if d.kind != nil && e.Present() {
		r.configure(d)
		return
	}
	if e.Missing() {
		r.At(d.node, `the step has no "uses"`, "name its connector; "+yamldoc.OneOf(r.kindNames()))
	} else if !e.Present() {
		return
	} else if name, ok := r.Text(e.Value, "uses"); ok {
		r.At(e.Value, fmt.Sprintf("unknown connector %q", yamldoc.Short(name)), yamldoc.Meant(name, r.kindNames()))
	}
	if with := d.keys["with"]; with.Present() {
		r.tree(with.Value, "with", scope{step: d, with: true})
	}
}

func (r *reader) kindNames() []string {
	var all []string
	for _, k := range r.kinds {
		all = append(all, k.Name)
	}
	slices.Sort(all)
	return all
}
