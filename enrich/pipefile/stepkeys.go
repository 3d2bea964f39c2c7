package pipefile

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/postconfirm/postconfirm/enrich"
)

func (r *reader) readNeeds(d *draft) {
	e := d.keys["needs"]
	if !e.present() {
		return
	}
	seen := map[string]bool{}
	for _, n := range r.list(e.value, "needs") {
		id, ok := r.text(n, "an element of needs")
		switch {
		case !ok:
		case seen[id]:
			r.at(n, fmt.Sprintf("%q stands twice in needs", short(id)), "")
		default:
			seen[id] = true
			d.needs = append(d.needs, need{id, n})
			d.step.Needs = append(d.step.Needs, id)
		}
	}
}

func (r *reader) readTimeout(d *draft) {
	e := d.keys["timeout"]
	if !e.present() {
		return
	}
	v, ok := r.duration(e.value, "timeout")
	if ok && (v < minTimeout || v > maxTimeout) {
		r.at(e.value, "timeout must be 100ms to 5m", "")
	}
	d.step.Timeout = v
}

func (r *reader) readRate(d *draft) {
	if e := d.keys["rate"]; e.present() {
		d.step.Rate = r.rate(e.value, "rate", 0.01, 1000, "")
	}
}

func (r *reader) readOnFailure(d *draft) {
	e := d.keys["on-failure"]
	if !e.present() {
		return
	}
	if e.value.Kind != yaml.MappingNode {
		choice, _ := r.choice(e.value, "on-failure", []string{"fail", "skip", "{ default: … }"})
		d.step.OnFailure = enrich.OnFailure(choice)
		return
	}
	keys := r.keys(e.value, "on-failure", []string{"default"}, nil)
	switch fixed := keys["default"]; {
	case fixed.missing() && len(e.value.Content) == 0:
		r.at(e.value, `on-failure has no "default"`, "write fail, skip or { default: { … } }")
	case !fixed.present():
	case fixed.value.Kind != yaml.MappingNode:
		r.wants(fixed.value, "default", "a map: the step's result", "")
	default:
		d.step.OnFailure = enrich.UseDefault
		d.step.Default, _ = r.constant(fixed.value).(map[string]any)
	}
}

// constant reads a value without expressions.
func (r *reader) constant(n *yaml.Node) any {
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		for _, e := range r.entries(n, "a map") {
			m[e.key.Value] = r.constant(e.value)
		}
		return m
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			list = append(list, r.constant(item))
		}
		return list
	}
	if r.ambiguous(n) {
		return nil
	}
	if v, ok := number(n); ok {
		return v
	}
	switch n.Tag {
	case "!!null":
		return nil
	case "!!bool":
		v, _ := r.boolean(n, "a truth value")
		return v
	}
	v, _ := r.text(n, "default")
	if strings.Contains(v, "${{") {
		r.at(n, "a default is fixed: no expressions", "")
	}
	return v
}

// readPolicy comes after the connector is there, because it is for those that can't repeat a call.
func (r *reader) readPolicy(d *draft) {
	e := d.keys["policy"]
	if !e.present() {
		return
	}
	choice, ok := r.choice(e.value, "policy", []string{"at-most-once", "at-least-once"})
	if ok && d.step.Connector != nil && d.step.Class.Repeatable() {
		r.at(e.value, fmt.Sprintf("policy has no meaning here: what this step does is %s, and may always be repeated",
			d.step.Class), "remove the line")
	}
	d.step.AtLeast = choice == 1
}
