package yamldoc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// maxNesting is how deep maps and lists may go.
const maxNesting = 100

// Load reads the document that NewReader was given, and checks its structure. A mistake of syntax ends it, with nil:
// what follows can't be trusted.
func (r *Reader) Load() *yaml.Node {
	data := r.data
	if len(data) > r.kind.Max {
		r.Mistake(1, 1, fmt.Sprintf("the file is larger than %d bytes", r.kind.Max), "")
		return nil
	}
	if line, column, what := unreadable(data); what != "" {
		r.Mistake(line, column, what, "save the file as UTF-8 text")
		return nil
	}
	root, err := r.document(data)
	var one *yaml.LoadError
	switch {
	case errors.As(err, &one):
		r.syntax(one)
		return nil
	case err != nil:
		r.Mistake(1, 1, err.Error(), "")
		return nil
	case root == nil:
		r.Mistake(1, 1, "the file is empty", `start with "version: 1"`)
		return nil
	}
	r.structure(root)
	return root
}

// document gives the content of the only document, or nil when there is none.
func (r *Reader) document(data []byte) (*yaml.Node, error) {
	limits := loaderlimits.New(loaderlimits.DepthValue(maxNesting), loaderlimits.AliasNone())
	loader, err := yaml.NewLoader(bytes.NewReader(withoutBOM(data)), yaml.WithPlugin(limits), yaml.WithUniqueKeys(false))
	if err != nil {
		return nil, err
	}
	var first, second yaml.Node
	if err := loader.Load(&first); err == io.EOF {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if err := loader.Load(&second); err == nil {
		r.Mistake(second.Line, second.Column, "a second document starts here", "one file holds one "+r.kind.Name)
	} else if err != io.EOF {
		return nil, err
	}
	if len(first.Content) == 0 || IsNothing(first.Content[0]) {
		return nil, nil
	}
	return first.Content[0], nil
}

// IsNothing tells an absent value from a written null.
func IsNothing(n *yaml.Node) bool { return n.Tag == "!!null" && n.Value == "" && n.Anchor == "" }

// syntax says an error of the YAML parser in words that help.
func (r *Reader) syntax(e *yaml.LoadError) {
	line, column := e.Mark.Line, e.Mark.Column
	if line == 0 {
		line, column = e.ContextMark.Line, e.ContextMark.Column
	}
	opened := fmt.Sprintf("opened in line %d", e.ContextMark.Line)
	switch here := r.source.at(line, column); {
	case r.source.at(line, column-1) == '$' && here == '{' && r.source.at(line, column+1) == '{':
		r.Mistake(line, column-1, "inside { } and [ ] an expression must stand in quotes", "write "+r.quoted(line, column-1))
	case here == '\t':
		r.Mistake(line, column, "a tab can't indent YAML", "use spaces")
	case strings.Contains(e.Message, "mapping values are not allowed"):
		r.Mistake(line, column, `unexpected ":"`, `a value with ": " in it must stand in quotes; otherwise, check the indentation`)
	case strings.Contains(e.ContextMsg, "quoted scalar"):
		r.Mistake(e.ContextMark.Line, e.ContextMark.Column, "a text in quotes has no end", "")
	case strings.Contains(e.Message, "',' or '}'"):
		r.Mistake(line, column, `want "," or "}" for the { `+opened, "")
	case strings.Contains(e.Message, "',' or ']'"):
		r.Mistake(line, column, `want "," or "]" for the [ `+opened, "")
	case strings.Contains(e.Message, "expected '-' indicator"), strings.Contains(e.Message, "expected key"):
		r.Mistake(line, column, "the indentation does not fit the lines above",
			"keys of one map, and the - of one list, start in the same column")
	case strings.Contains(e.Message, "cannot start any token"):
		r.Mistake(line, column, fmt.Sprintf("a value can't start with %q", here), "put the value in quotes")
	case here == '%':
		r.Mistake(line, column, "lines that start with % are no part of "+r.kind.file(), "")
	case strings.Contains(e.Message, "unknown anchor"):
		r.Mistake(line, column, r.kind.noAliases(), writeItOut)
	case strings.Contains(e.Error(), "max depth"):
		r.Mistake(line, column, fmt.Sprintf("maps and lists are nested deeper than %d", maxNesting), "")
	default:
		r.Mistake(line, column, "this is no YAML: "+e.Message, "")
	}
}

// quoted gives the expression at a place as it must be written inside { } and [ ].
func (r *Reader) quoted(line, column int) string {
	rest := string(r.source.lines[line-1][column-1:])
	expression, _, closed := strings.Cut(rest, "}}")
	switch {
	case !closed:
		return `"${{ … }}"`
	case strings.Contains(expression, `"`):
		return "'" + strings.ReplaceAll(expression, "'", "''") + "}}'"
	}
	return `"` + expression + `}}"`
}
