package pipefile

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/enrich/yamldoc"
)

// scope is where an expression stands.
type scope struct {
	step *draft // nil in the attributes
	with bool   // inside "with", where secrets may be read
}

// reading is one path that one expression reads.
type reading struct {
	scope
	path         expr.Path
	node         *yaml.Node
	line, column int // in the node's value, as in expr.Use
}

// misread reports a mistake where a path is read.
func (r *reader) misread(u reading, message, hint string) {
	at := r.Within(u.node, u.line, u.column)
	r.Mistake(at.Line, at.Column, message, hint)
}

// template reads a text with expressions. Numbers and truth values count as texts where everybody writes them alike.
func (r *reader) template(n *yaml.Node, what string, s scope) *expr.Template {
	if r.Ambiguous(n) {
		return nil
	}
	_, plain := yamldoc.Number(n)
	if !plain && !(n.Kind == yaml.ScalarNode && n.Tag == "!!bool" && (n.Value == "true" || n.Value == "false")) {
		if _, ok := r.Text(n, what); !ok {
			return nil
		}
	}
	if len(n.Value) > maxText {
		r.At(n, fmt.Sprintf("the text is longer than %d bytes", maxText), "")
		return nil
	}
	t, err := r.env.Template(n.Value)
	if err != nil {
		r.misspelt(n, err)
		return nil
	}
	r.note(n, t.Uses(), s)
	return t
}

// condition reads one expression, with or without ${{ }}, that may be true or false.
func (r *reader) condition(n *yaml.Node, s scope) *expr.Program {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		r.Wants(n, "if", "a condition like ${{ user.email_domain == \"example.com\" }}", "")
		return nil
	}
	if r.Refused(n) {
		return nil
	}
	source := bare(n.Value)
	if strings.Contains(source, "${{") {
		r.At(n, "if wants one expression", "put one ${{ }} around the whole, or none")
		return nil
	}
	p, err := r.env.Compile(source)
	switch {
	case err != nil:
		r.misspelt(n, err)
		return nil
	case !p.MayBeBool():
		r.At(n, "the condition is never true or false", `compare it with something: ${{ user.email_domain == "example.com" }}`)
		return nil
	}
	r.note(n, p.Uses(), s)
	return p
}

// bare blanks out the ${{ and }} around an expression, so that every character keeps its place.
func bare(text string) string {
	inner, opened := strings.CutPrefix(strings.TrimLeft(text, " \t\r\n"), "${{")
	inner, closed := strings.CutSuffix(strings.TrimRight(inner, " \t\r\n"), "}}")
	if !opened || !closed {
		return text
	}
	before := text[:strings.Index(text, "${{")]
	return before + "   " + inner + "  "
}

// misspelt reports an expression's own mistakes, each where it stands.
func (r *reader) misspelt(n *yaml.Node, err error) {
	for _, leaf := range leaves(err) {
		var one *expr.Error
		if !errors.As(leaf, &one) {
			r.At(n, leaf.Error(), "")
			continue
		}
		at, hint := r.Within(n, one.Line, one.Column), one.Hint
		if n.LineComment != "" && hint == "" {
			hint = `" #" starts a comment; put the whole value in quotes if it is meant to be part of it`
		}
		r.Mistake(at.Line, at.Column, one.Message, hint)
	}
}

func (r *reader) note(n *yaml.Node, uses []expr.Use, s scope) {
	for _, use := range uses {
		r.reads = append(r.reads, reading{scope: s, path: use.Path, node: n, line: use.Line, column: use.Column})
	}
}

// leaves takes joined errors apart.
func leaves(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, leaves(e)...)
	}
	return all
}

// tree reads any value with templates in it.
func (r *reader) tree(n *yaml.Node, what string, s scope) *expr.Tree {
	switch {
	case r.Refused(n) && n.Kind != yaml.MappingNode && n.Kind != yaml.SequenceNode:
		r.Hush()
		return nil
	case n.Kind == yaml.MappingNode:
		return r.treeMap(n, s)
	case n.Kind == yaml.SequenceNode:
		var items []*expr.Tree
		for _, item := range n.Content {
			items = append(items, r.tree(item, "an element", s))
		}
		return expr.List(items)
	case n.Tag == "!!null":
		r.At(n, what+" has no value", "null would be left out: remove the line, or write \"\"")
		return nil
	case n.Tag == "!!bool":
		v, _ := r.Boolean(n, what)
		return expr.Constant(v)
	case r.Ambiguous(n):
		return nil
	}
	if v, ok := yamldoc.Number(n); ok {
		return expr.Constant(v)
	}
	if t := r.template(n, what, s); t != nil {
		return expr.Leaf(t)
	}
	return nil
}

func (r *reader) treeMap(n *yaml.Node, s scope) *expr.Tree {
	var keys []string
	items := map[string]*expr.Tree{}
	for _, e := range r.Entries(n, "a map") {
		keys = append(keys, e.Key.Value)
		items[e.Key.Value] = r.tree(e.Value, e.Key.Value, s)
		if s.with {
			r.literalSecret(e.Key.Value, e.Value)
		}
	}
	return expr.Map(keys, items)
}
