package pipefile

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/postconfirm/postconfirm/enrich/expr"
)

const (
	noAliases  = "anchors (&) and aliases (*) are no part of a pipeline file"
	writeItOut = "write the value where it is needed"
)

// structure finds what YAML allows and a pipeline file does not, and where one key stands twice.
func (r *reader) structure(n *yaml.Node) {
	switch {
	case n.Kind == yaml.AliasNode:
		r.refused[n] = true // said at its anchor
		return
	case n.Anchor != "":
		r.refuse(n, noAliases, writeItOut)
	case n.Style&yaml.TaggedStyle != 0:
		r.refuse(n, fmt.Sprintf("tags like %s are no part of a pipeline file", short(n.Tag)),
			`a condition that starts with "!" must stand in ${{ }}; a text, in quotes`)
		return
	}
	if n.Kind == yaml.MappingNode {
		r.uniqueKeys(n)
	}
	for _, child := range n.Content {
		r.structure(child)
	}
}

// refuse reports a node once; whoever wants a value of it stays silent.
func (r *reader) refuse(n *yaml.Node, message, hint string) {
	r.at(n, message, hint)
	r.refused[n] = true
}

func (r *reader) uniqueKeys(n *yaml.Node) {
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case key.Kind != yaml.ScalarNode && r.source.at(key.Line, key.Column) == '{':
			r.refuse(key, "a key must be a word", `an expression is written "${{ … }}", in quotes`)
		case key.Tag == "!!merge":
			r.refuse(key, "merging (<<) is no part of a pipeline file", writeItOut)
		case key.Kind != yaml.ScalarNode || key.Tag == "!!null":
			r.refuse(key, "a key must be a word", "")
		case lines[key.Value] != 0:
			r.refuse(key, fmt.Sprintf("the key %q stands twice", short(key.Value)), fmt.Sprintf("first in line %d", lines[key.Value]))
		default:
			lines[key.Value] = key.Line
		}
	}
}

// entry is one line of a map. The zero entry is a key that is not there; one without a value has its mistake already.
type entry struct{ key, value *yaml.Node }

func (e entry) present() bool { return e.value != nil }
func (e entry) missing() bool { return e.key == nil }

// spoilt tells whether a map's keys could not all be read.
func (r *reader) spoilt(n *yaml.Node) bool {
	return r.refused[n] || slices.ContainsFunc(n.Content, func(child *yaml.Node) bool { return r.refused[child] })
}

// lookAhead gives the value of a key before the map is read as a whole.
func lookAhead(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// entries gives the lines of a map that have a good key, or a mistake when n is no map.
func (r *reader) entries(n *yaml.Node, what string) []entry {
	if n.Kind != yaml.MappingNode {
		r.wants(n, what, "a map, lines of \"key: value\"", "")
		return nil
	}
	var all []entry
	for i := 0; i+1 < len(n.Content); i += 2 {
		if key := n.Content[i]; !r.refused[key] {
			all = append(all, entry{key, n.Content[i+1]})
		}
	}
	return all
}

// keys gives a map's entries by name. A key that is not known is a mistake, said by elsewhere if that can say where
// the key belongs. A known key without a value is one too. Neither they, nor the key that was meant, are missing then.
func (r *reader) keys(n *yaml.Node, what string, known []string, elsewhere func(key string) string) map[string]entry {
	found := map[string]entry{}
	isKnown := map[string]bool{}
	for _, name := range known {
		isKnown[name] = true
	}
	for _, e := range r.entries(n, what) {
		switch name := e.key.Value; {
		case !isKnown[name]:
			r.unknownKey(e.key, what, known, elsewhere)
			if near := expr.Nearest(name, known); found[near].missing() {
				found[near] = entry{key: e.key}
			}
		case isNothing(e.value):
			r.at(e.key, fmt.Sprintf("%q has no value", name), "give it one, or remove the line")
			found[name] = entry{key: e.key}
		default:
			found[name] = e
		}
	}
	return found
}

func (r *reader) unknownKey(key *yaml.Node, what string, known []string, elsewhere func(string) string) {
	if elsewhere != nil {
		if where := elsewhere(key.Value); where != "" {
			r.at(key, fmt.Sprintf("%q is no key of %s", short(key.Value), what), where)
			return
		}
	}
	r.at(key, fmt.Sprintf("unknown key %q in %s", short(key.Value), what), meant(key.Value, known))
}

// meant is the hint after an unknown name.
func meant(name string, known []string) string {
	if near := expr.Nearest(name, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return oneOf(known)
}
