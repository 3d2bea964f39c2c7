package pipefile

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/postconfirm/postconfirm/enrich"
)

func (r *reader) readAttributes(e entry) {
	if !e.present() {
		return
	}
	for _, e := range r.entries(e.value, "attributes") {
		r.attributeName(e.key)
		a := r.attribute(e)
		a.Name = e.key.Value
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
	r.at(key, fmt.Sprintf("the attribute %q can't be written: %s", short(name), reason), hint)
}

// reserved tells whether a name means something of Cognito's, in whatever spelling.
func reserved(name string) bool {
	name = strings.ToLower(name)
	return readable(name) || name == "identities"
}

// attribute reads a line's value: a template alone, or a map with value, mode and truncate.
func (r *reader) attribute(e entry) enrich.Attribute {
	if isNothing(e.value) {
		r.at(e.key, fmt.Sprintf("the attribute %q has no value", short(e.key.Value)), "give it one, or remove the line")
		return enrich.Attribute{}
	}
	if e.value.Kind != yaml.MappingNode {
		a := enrich.Attribute{Value: r.template(e.value, e.key.Value, scope{})}
		r.attributeValue(e.value, a)
		return a
	}
	var a enrich.Attribute
	keys := r.keys(e.value, "an attribute", []string{"value", "mode", "truncate"}, nil)
	if k := keys["mode"]; k.present() {
		mode, _ := r.choice(k.value, "mode", []string{"overwrite", "if-empty", "if-unchanged"})
		a.Mode = enrich.Mode(mode)
	}
	if k := keys["truncate"]; k.present() {
		a.Truncate, _ = r.boolean(k.value, "truncate")
	}
	if k := keys["value"]; k.present() {
		a.Value = r.template(k.value, "value", scope{})
		r.attributeValue(k.value, a)
	} else if k.missing() && !r.spoilt(e.value) {
		r.at(e.value, `the attribute has no "value"`, "")
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
		r.at(n, "an empty value would delete the attribute", "remove the line")
	case static && len(text) > enrich.MaxAttribute && !a.Truncate:
		r.at(n, fmt.Sprintf("the value is longer than %d bytes", enrich.MaxAttribute), "")
	}
}
