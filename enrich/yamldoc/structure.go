package yamldoc

import (
	"cmp"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/postconfirm/postconfirm/enrich/nearest"
)

const writeItOut = "write the value where it is needed"

func (k Kind) noAliases() string { return "anchors (&) and aliases (*) are no part of " + k.file() }

// structure finds what YAML allows and such a document does not, and where one key stands twice.
func (r *Reader) structure(n *yaml.Node) {
	switch {
	case n.Kind == yaml.AliasNode:
		r.refused[n] = true // said at its anchor
		return
	case n.Anchor != "":
		r.refuse(n, r.kind.noAliases(), writeItOut)
	case n.Style&yaml.TaggedStyle != 0:
		r.refuse(n, fmt.Sprintf("tags like %s are no part of %s", Short(n.Tag), r.kind.file()),
			cmp.Or(r.kind.TagHint, `a text that starts with "!" must stand in quotes`))
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
func (r *Reader) refuse(n *yaml.Node, message, hint string) {
	r.At(n, message, hint)
	r.refused[n] = true
}

func (r *Reader) uniqueKeys(n *yaml.Node) {
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case key.Kind != yaml.ScalarNode && r.source.at(key.Line, key.Column) == '{':
			r.refuse(key, "a key must be a word", `an expression is written "${{ … }}", in quotes`)
		case key.Tag == "!!merge":
			r.refuse(key, "merging (<<) is no part of "+r.kind.file(), writeItOut)
		case key.Kind != yaml.ScalarNode || key.Tag == "!!null":
			r.refuse(key, "a key must be a word", "")
		case lines[key.Value] != 0:
			r.refuse(key, fmt.Sprintf("the key %q stands twice", Short(key.Value)), fmt.Sprintf("first in line %d", lines[key.Value]))
		default:
			lines[key.Value] = key.Line
		}
	}
}

// Entry is one line of a map. The zero Entry is a key that is not there; one without a value has its mistake already.
type Entry struct{ Key, Value *yaml.Node }

// Present tells whether there is a value.
func (e Entry) Present() bool { return e.Value != nil }

// Missing tells whether the key isn't there, and wasn't meant by a misspelt one either.
func (e Entry) Missing() bool { return e.Key == nil }

// Spoilt tells whether a map's keys could not all be read.
func (r *Reader) Spoilt(n *yaml.Node) bool {
	return r.refused[n] || slices.ContainsFunc(n.Content, func(child *yaml.Node) bool { return r.refused[child] })
}

// LookAhead gives the value of a key before the map is read as a whole.
func LookAhead(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// Entries gives the lines of a map that have a good key, or a mistake when n is no map.
func (r *Reader) Entries(n *yaml.Node, what string) []Entry {
	if n.Kind != yaml.MappingNode {
		r.Wants(n, what, "a map, lines of \"key: value\"", "")
		return nil
	}
	var all []Entry
	for i := 0; i+1 < len(n.Content); i += 2 {
		if key := n.Content[i]; !r.refused[key] {
			all = append(all, Entry{key, n.Content[i+1]})
		}
	}
	return all
}

// Keys gives a map's entries by name. A key that is not known is a mistake, said by elsewhere if that can say where
// the key belongs. A known key without a value is one too. Neither they, nor the key that was meant, are missing then.
func (r *Reader) Keys(n *yaml.Node, what string, known []string, elsewhere func(key string) string) map[string]Entry {
	found := map[string]Entry{}
	isKnown := map[string]bool{}
	for _, name := range known {
		isKnown[name] = true
	}
	for _, e := range r.Entries(n, what) {
		switch name := e.Key.Value; {
		case !isKnown[name]:
			r.unknownKey(e.Key, what, known, elsewhere)
			if near := nearest.Name(name, known); found[near].Missing() {
				found[near] = Entry{Key: e.Key}
			}
		case IsNothing(e.Value):
			r.At(e.Key, fmt.Sprintf("%q has no value", name), "give it one, or remove the line")
			found[name] = Entry{Key: e.Key}
		default:
			found[name] = e
		}
	}
	return found
}

func (r *Reader) unknownKey(key *yaml.Node, what string, known []string, elsewhere func(string) string) {
	if elsewhere != nil {
		if where := elsewhere(key.Value); where != "" {
			r.At(key, fmt.Sprintf("%q is no key of %s", Short(key.Value), what), where)
			return
		}
	}
	r.At(key, fmt.Sprintf("unknown key %q in %s", Short(key.Value), what), Meant(key.Value, known))
}

// Meant is the hint after an unknown name.
func Meant(name string, known []string) string {
	if near := nearest.Name(name, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return OneOf(known)
}
