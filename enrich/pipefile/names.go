package pipefile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/nearest"
	"github.com/postconfirm/postconfirm/enrich/yamldoc"
)

// runNames are the members of run, as enrich.Roots documents them.
var runNames = []string{"key", "pool", "region", "sub", "generation", "source", "client", "age", "metadata"}

// userNames are the members of user besides the custom attributes.
func userNames() []string {
	return append(enrich.StandardAttributes(), "username", "status", "email_domain")
}

// readable tells whether a pool has an attribute of that name without anybody defining it.
func readable(name string) bool { return slices.Contains(userNames(), name) }

func nearestAttribute(name string) string {
	near := nearest.Name(name, enrich.StandardAttributes())
	if _, ok := enrich.Writable(near); !ok {
		return ""
	}
	return near
}

// link is a step, or nil for the attributes, and the id of a step that it reads.
type link struct {
	from *draft
	to   string
}

// checkReads holds every path that an expression reads against what there is.
func (r *reader) checkReads() {
	said := map[link]bool{} // a step that reads another a hundred times is told once
	for _, u := range r.reads {
		switch u.path[0] {
		case "user":
			r.checkUser(u)
		case "run":
			r.checkRun(u)
		case "secrets":
			r.checkSecret(u)
		case "steps":
			r.checkStep(u, said)
		}
	}
}

func (r *reader) checkUser(u reading) {
	if len(u.path) == 1 {
		return
	}
	name := u.path[1]
	custom := strings.TrimPrefix(name, "dev:")
	_, writable := enrich.Writable(custom)
	switch {
	case strings.HasPrefix(custom, "custom:") && !writable:
		r.misread(u, fmt.Sprintf("no pool can have an attribute %q", yamldoc.Short(name)),
			"a name has at most 20 characters after custom:")
	case !strings.HasPrefix(custom, "custom:") && !readable(name):
		hint := fmt.Sprintf("a custom attribute is read as user[\"custom:%s\"]", yamldoc.Short(name))
		if near := nearest.Name(name, userNames()); near != "" {
			hint = fmt.Sprintf("did you mean %q? %s", near, hint)
		}
		r.misread(u, fmt.Sprintf("unknown attribute %q of user", yamldoc.Short(name)), hint)
	case len(u.path) > 2:
		r.misread(u, fmt.Sprintf("user.%s is a text: nothing is below it", yamldoc.Short(name)), "")
	}
}

func (r *reader) checkRun(u reading) {
	switch {
	case len(u.path) == 1:
	case !slices.Contains(runNames, u.path[1]):
		r.misread(u, fmt.Sprintf("run has no %q", yamldoc.Short(u.path[1])), yamldoc.Meant(u.path[1], runNames))
	case len(u.path) > 2 && u.path[1] != "metadata", len(u.path) > 3:
		r.misread(u, fmt.Sprintf("%s has nothing below it", yamldoc.Short(strings.Join(u.path[:len(u.path)-1], "."))), "")
	}
}

func (r *reader) checkSecret(u reading) {
	switch {
	case !u.with:
		r.misread(u, `secrets may be read under "with" only`, "elsewhere they would end in attributes, conditions and logs")
	case len(u.path) == 1:
		r.misread(u, "secrets must be read by name", "write secrets.NAME, with a name that the file says")
	case len(u.path) > 2:
		r.misread(u, fmt.Sprintf("secrets.%s is a text: nothing is below it", yamldoc.Short(u.path[1])), "")
	default:
		r.secrets[u.path[1]] = true
	}
}

func (r *reader) checkStep(u reading, said map[link]bool) {
	if len(u.path) == 1 {
		r.misread(u, "steps must be read by id", "write steps.ID.FIELD, with an id that the file says")
		return
	}
	id := u.path[1]
	switch {
	case id == enrich.AttributesStep:
		r.misread(u, "the step attributes has no result to read", "")
	case r.find(id) == nil:
		r.misread(u, fmt.Sprintf("unknown step %q", yamldoc.Short(id)), yamldoc.Meant(id, r.ids()))
	case u.step == nil:
		r.checkFeeds(u, id, said)
	default:
		r.checkWaits(u, id, said)
	}
}

// checkFeeds: what runs after the attributes are written can't be part of them.
func (r *reader) checkFeeds(u reading, id string, said map[link]bool) {
	key := link{nil, id}
	if said[key] || !r.before(r.find(id))[enrich.AttributesStep] {
		return
	}
	said[key] = true
	r.misread(u, fmt.Sprintf("the attributes can't use the step %s: it runs after they are written", id),
		fmt.Sprintf("remove attributes from what %s needs", id))
}

// checkWaits: an expression may read only what has ended by then.
func (r *reader) checkWaits(u reading, id string, said map[link]bool) {
	d := u.step
	key := link{d, id}
	if said[key] || r.before(d)[id] {
		return
	}
	said[key] = true
	if d.step.ID == id {
		r.misread(u, "the step reads its own result", "it is there only after the step has run")
		return
	}
	message := fmt.Sprintf("the step %s is read but not waited for", id)
	if r.before(r.find(id))[d.step.ID] {
		r.misread(u, message, fmt.Sprintf("and it can't be: %s waits for %s", id, d.step.ID))
		return
	}
	r.misread(u, message, fmt.Sprintf("add %s to needs: [%s]", id, strings.Join(append(slices.Clone(d.step.Needs), id), ", ")))
}
