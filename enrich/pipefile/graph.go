package pipefile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/enrich/nearest"
	"github.com/postconfirm/postconfirm/enrich/yamldoc"
)

// find gives the step with an id, nil if there is none.
func (r *reader) find(id string) *draft {
	for _, d := range r.steps {
		if d.step.ID == id && id != "" {
			return d
		}
	}
	return nil
}

func (r *reader) ids() []string {
	var all []string
	for _, d := range r.steps {
		if d.step.ID != "" {
			all = append(all, d.step.ID)
		}
	}
	return all
}

// checkNeeds holds every need against the steps that there are, and finds circles.
func (r *reader) checkNeeds() {
	for _, d := range r.steps {
		for _, n := range d.needs {
			switch {
			case n.id == d.step.ID && n.id != "":
				r.At(n.node, fmt.Sprintf("the step %s needs itself", n.id), "")
			case n.id != enrich.AttributesStep && r.find(n.id) == nil:
				r.At(n.node, fmt.Sprintf("needs names an unknown step %q", yamldoc.Short(n.id)),
					yamldoc.Meant(n.id, append(r.ids(), enrich.AttributesStep)))
			}
		}
	}
	r.checkCircles()
}

// checkCircles names each circle of needs once, at the need that closes it.
func (r *reader) checkCircles() {
	const onPath, done = 1, 2
	state := map[*draft]int{}
	var path []string
	var walk func(d *draft)
	walk = func(d *draft) {
		state[d], path = onPath, append(path, d.step.ID)
		for _, n := range d.needs {
			next := r.find(n.id)
			switch {
			case next == nil || next == d:
			case state[next] == onPath:
				circle := append(slices.Clone(path[slices.Index(path, n.id):]), n.id)
				r.At(n.node, "the needs form a circle: "+strings.Join(circle, " → "), "one of them must not wait")
			case state[next] == 0:
				walk(next)
			}
		}
		state[d], path = done, path[:len(path)-1]
	}
	for _, d := range r.steps {
		if state[d] == 0 {
			walk(d)
		}
	}
}

// before gives all that has ended when a step starts: its needs, theirs, and, after the attributes, what feeds them.
// It is asked once everything is read.
func (r *reader) before(d *draft) map[string]bool {
	if d.before != nil {
		return d.before
	}
	seen := map[string]bool{}
	var add func(id string)
	add = func(id string) {
		if seen[id] {
			return
		}
		seen[id] = true
		if id == enrich.AttributesStep {
			for _, source := range r.sources() {
				add(source)
			}
		} else if next := r.find(id); next != nil {
			for _, n := range next.needs {
				add(r.asMeant(n.id))
			}
		}
	}
	for _, n := range d.needs {
		add(r.asMeant(n.id))
	}
	d.before = seen
	return seen
}

// asMeant takes a misspelt need, which has its mistake, for the step that it means: one slip is one mistake.
func (r *reader) asMeant(id string) string {
	if id == enrich.AttributesStep || r.find(id) != nil {
		return id
	}
	return nearest.Name(id, append(r.ids(), enrich.AttributesStep))
}

// sources are the ids that the attributes read.
func (r *reader) sources() []string {
	var all []string
	for _, u := range r.reads {
		if u.step == nil && u.path[0] == "steps" && len(u.path) > 1 && !slices.Contains(all, u.path[1]) {
			all = append(all, u.path[1])
		}
	}
	return all
}

// ordered gives the steps so that each stands after those it needs, otherwise as in the file. There are no circles by
// now, so every round places a step.
func (r *reader) ordered() []enrich.Step {
	var out []enrich.Step
	placed := map[string]bool{}
	for range r.steps {
		i := slices.IndexFunc(r.steps, func(d *draft) bool { return !placed[d.step.ID] && r.ready(d, placed) })
		if i < 0 {
			break
		}
		d := r.steps[i]
		d.step.Fields = r.fieldsOf(d.step.ID)
		out, placed[d.step.ID] = append(out, d.step), true
	}
	return out
}

func (r *reader) ready(d *draft, placed map[string]bool) bool {
	for id := range r.before(d) {
		if id != enrich.AttributesStep && !placed[id] {
			return false
		}
	}
	return true
}

// fieldsOf are the paths below steps.ID that any expression reads, without those that a shorter one covers.
func (r *reader) fieldsOf(id string) []expr.Path {
	var all []expr.Path
	for _, u := range r.reads {
		if u.path[0] != "steps" || u.path[1] != id || len(u.path) > 2 && u.path[2] == "outcome" {
			continue
		}
		path := u.path[2:]
		if slices.ContainsFunc(all, func(p expr.Path) bool { return covers(p, path) }) {
			continue
		}
		all = slices.DeleteFunc(all, func(p expr.Path) bool { return covers(path, p) })
		all = append(all, path)
	}
	return all
}

// covers tells whether what p reads holds all that q reads.
func covers(p, q expr.Path) bool { return len(p) <= len(q) && slices.Equal(p, q[:len(p)]) }
