package pipefile

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/yamldoc"
)

func (r *reader) readAttributes(e yamldoc.Entry) {
	if !e.Present() {
		return
	}
	for _, e := range r.Entries(e.Value, "attributes") {
		r.attributeName(e.Key)
		a := r.attribute(e)
		a.Name = e.Key.Value
		r.right(e, a)
		r.attributes = append(r.attributes, a)
	}
}

func (r *reader) attributeName(key *yaml.Node) {
	name := key.Value
	reason, ok := enrich.Writable(name)
	if ok {
		return
	}
	hint := ""
	if _, custom := enrich.Writable("custom:" + name); custom && !strings.Contains(name, ":") && !reserved(name) {
		hint = fmt.Sprintf("did you mean %q?", "custom:"+name)
		if near := nearestAttribute(name); near != "" {
			hint = fmt.Sprintf("did you mean %q, or %q?", near, "custom:"+name)
		}
	}
	r.At(key, fmt.Sprintf("the attribute %q can't be written: %s", yamldoc.Short(name), reason), hint)
}

// reserved tells whether a name means something of Cognito's, in whatever spelling.
func reserved(name string) bool {
	name = strings.ToLower(name)
	return readable(name) || name == "identities"
}

// attribute reads a line's value: a template alone, or a map with value, mode, truncate and one-of.
func (r *reader) attribute(e yamldoc.Entry) enrich.Attribute {
	if yamldoc.IsNothing(e.Value) {
		r.At(e.Key, fmt.Sprintf("the attribute %q has no value", yamldoc.Short(e.Key.Value)), "give it one, or remove the line")
		return enrich.Attribute{}
	}
	if e.Value.Kind != yaml.MappingNode {
		a := enrich.Attribute{Name: e.Key.Value, Value: r.template(e.Value, e.Key.Value, scope{})}
		r.attributeValue(e.Value, a)
		return a
	}
	a := enrich.Attribute{Name: e.Key.Value}
	keys := r.Keys(e.Value, "an attribute", []string{"value", "mode", "truncate", "one-of"}, nil)
	if k := keys["mode"]; k.Present() {
		mode, _ := r.Choice(k.Value, "mode", []string{"overwrite", "if-empty", "if-unchanged"})
		a.Mode = enrich.Mode(mode)
	}
	if k := keys["truncate"]; k.Present() {
		a.Truncate, _ = r.Boolean(k.Value, "truncate")
	}
	if k := keys["one-of"]; k.Present() {
		a.OneOf = r.oneOf(k.Value)
	}
	if k := keys["value"]; k.Present() {
		a.Value = r.template(k.Value, "value", scope{})
		r.attributeValue(k.Value, a)
	} else if k.Missing() && !r.Spoilt(e.Value) {
		r.At(e.Value, `the attribute has no "value"`, "")
	}
	return a
}

// attributeValue checks a value that is the same for every user.
func (r *reader) attributeValue(n *yaml.Node, a enrich.Attribute) {
	if a.Value == nil {
		return
	}
	text, static := a.Value.Static()
	switch {
	case static && strings.TrimSpace(text) == "":
		r.At(n, "an empty value would delete the attribute", "remove the line")
	case static && len(text) > enrich.MaxAttribute && !a.Truncate:
		r.At(n, fmt.Sprintf("the value is longer than %d bytes", enrich.MaxAttribute), "")
	case static && a.Refuses(text) != "":
		r.At(n, "the value would never be written: "+a.Refuses(text), "")
	}
}

// oneOf reads the only values that an attribute may get.
func (r *reader) oneOf(n *yaml.Node) (values []string) {
	list := r.List(n, "one-of")
	if n.Kind == yaml.SequenceNode && len(list) == 0 {
		r.At(n, "one-of is empty, so nothing could be written", "name the values, or remove it")
	}
	for _, item := range list {
		text, ok := r.Text(item, "a value of one-of")
		switch {
		case !ok:
		case strings.TrimSpace(text) == "" || len(text) > enrich.MaxAttribute:
			r.At(item, fmt.Sprintf("a value of one-of has 1 to %d bytes, and not only blanks", enrich.MaxAttribute), "")
		case strings.Contains(text, "${{"):
			r.At(item, "a value of one-of is the same for everybody", "write it without expressions")
		case slices.Contains(values, text):
			r.At(item, fmt.Sprintf("%q stands there twice", yamldoc.Short(text)), "")
		}
		values = append(values, text)
	}
	return values
}
