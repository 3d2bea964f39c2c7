package pipefile

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/yamldoc"
)

func (r *reader) readNeeds(d *draft) {
	e := d.keys["needs"]
	if !e.Present() {
		return
	}
	seen := map[string]bool{}
	for _, n := range r.List(e.Value, "needs") {
		id, ok := r.Text(n, "an element of needs")
		switch {
		case !ok:
		case seen[id]:
			r.At(n, fmt.Sprintf("%q stands twice in needs", yamldoc.Short(id)), "")
		default:
			seen[id] = true
			d.needs = append(d.needs, need{id, n})
			d.step.Needs = append(d.step.Needs, id)
		}
	}
}

func (r *reader) readTimeout(d *draft) {
	e := d.keys["timeout"]
	if !e.Present() {
		return
	}
	v, ok := r.Duration(e.Value, "timeout")
	if ok && (v < minTimeout || v > maxTimeout) {
		r.At(e.Value, "timeout must be 100ms to 5m", "")
	}
	d.step.Timeout = v
}

func (r *reader) readRate(d *draft) {
	if e := d.keys["rate"]; e.Present() {
		d.step.Rate = r.rate(e.Value, "rate", 0.01, 1000, "")
	}
}

func (r *reader) readOnFailure(d *draft) {
	e := d.keys["on-failure"]
	if !e.Present() {
		return
	}
	if e.Value.Kind != yaml.MappingNode {
		choice, _ := r.Choice(e.Value, "on-failure", []string{"fail", "skip", "{ default: … }"})
		d.step.OnFailure = enrich.OnFailure(choice)
		return
	}
	keys := r.Keys(e.Value, "on-failure", []string{"default"}, nil)
	switch fixed := keys["default"]; {
	case fixed.Missing() && len(e.Value.Content) == 0:
		r.At(e.Value, `on-failure has no "default"`, "write fail, skip or { default: { … } }")
	case !fixed.Present():
	case fixed.Value.Kind != yaml.MappingNode:
		r.Wants(fixed.Value, "default", "a map: the step's result", "")
	default:
		d.step.OnFailure = enrich.UseDefault
		d.step.Default, _ = r.constant(fixed.Value).(map[string]any)
	}
}

// constant reads a value without expressions.
func (r *reader) constant(n *yaml.Node) any {
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		for _, e := range r.Entries(n, "a map") {
			m[e.Key.Value] = r.constant(e.Value)
		}
		return m
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			list = append(list, r.constant(item))
		}
		return list
	}
	if r.Ambiguous(n) {
		return nil
	}
	if v, ok := yamldoc.Number(n); ok {
		return v
	}
	switch n.Tag {
	case "!!null":
		return nil
	case "!!bool":
		v, _ := r.Boolean(n, "a truth value")
		return v
	}
	v, _ := r.Text(n, "default")
	if strings.Contains(v, "${{") {
		r.At(n, "a default is fixed: no expressions", "")
	}
	return v
}

// readPolicy comes after the connector is there, because it is for those that can't repeat a call.
func (r *reader) readPolicy(d *draft) {
	e := d.keys["policy"]
	if !e.Present() {
		return
	}
	choice, ok := r.Choice(e.Value, "policy", []string{"at-most-once", "at-least-once"})
	if ok && d.step.Connector != nil && d.step.Class.Repeatable() {
		r.At(e.Value, fmt.Sprintf("policy has no meaning here: what this step does is %s, and may always be repeated",
			d.step.Class), "remove the line")
	}
	d.step.AtLeast = choice == 1
}
