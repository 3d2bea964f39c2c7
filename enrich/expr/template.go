package expr

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Template is a text with ${{ expressions }} in it. A text that is one expression and nothing else has that
// expression's value, of any type; otherwise every value becomes part of a string. It is immutable.
type Template struct {
	source string
	parts  []part
}

type part struct {
	text    string
	program *Program // nil for text
	at      int      // where the expression starts in the source, in bytes
}

// Template reads a text. Errors are *Error, all of them joined; a value that may be null inside a longer text is one.
func (e *Env) Template(source string) (*Template, error) {
	t := &Template{source: source}
	var all []error
	for rest, at := source, 0; ; {
		before, after, found := strings.Cut(rest, "${{")
		t.add(part{text: before})
		if !found {
			break
		}
		at += len(before) + len("${{")
		length := closing(after)
		if length < 0 {
			all = append(all, place(&Error{Line: 1, Message: `"${{" without "}}"`}, source, at-len("${{")))
			break
		}
		program, err := e.Compile(after[:length])
		for _, mistake := range flatten(err) {
			all = append(all, place(mistake, source, at))
		}
		if err == nil {
			t.add(part{program: program, at: at})
		}
		rest, at = after[length+len("}}"):], at+length+len("}}")
	}
	if len(all) == 0 {
		all = t.nullInText()
	}
	return t, errors.Join(all...)
}

func (t *Template) add(p part) {
	if p.program != nil || p.text != "" {
		t.parts = append(t.parts, p)
	}
}

func (t *Template) nullInText() []error {
	var all []error
	if len(t.parts) == 1 {
		return nil
	}
	for _, p := range t.parts {
		if p.program != nil && p.program.Nullable() && !always(p.program) {
			source := cut(strings.Join(strings.Fields(p.program.source), " "))
			space := len(t.source[p.at:]) - len(strings.TrimLeft(t.source[p.at:], " \t\r\n"))
			all = append(all, place(&Error{Line: 1, Message: source + " may be null inside a longer text",
				Hint: fmt.Sprintf("write default(%s, \"…\")", source)}, t.source, p.at+space))
		}
	}
	return all
}

// always tells whether an expression is a plain path to something that exists in every run.
func always(p *Program) bool {
	if !p.alone {
		return false
	}
	path := p.uses[0].Path
	switch path.String() {
	case "run.key", "run.pool", "run.region", "run.sub", "run.source", "run.generation", "user.sub", "user.username":
		return true
	}
	return path[0] == "secrets" && len(path) == 2
}

// closing finds the "}}" of an expression, past the ones inside its strings and maps.
func closing(s string) int {
	var quote byte
	depth := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && c == '{':
			depth++
		case quote == 0 && c == '}' && depth > 0:
			depth--
		case quote == 0 && strings.HasPrefix(s[i:], "}}"):
			return i
		}
	}
	return -1
}

// place moves an error's position from the expression into the text around it.
func place(e *Error, source string, at int) *Error {
	e.Line, e.Column = within(source, at, e.Line, e.Column)
	return e
}

// within gives the place in source of a place in the expression that starts at byte at.
func within(source string, at, line, column int) (int, int) {
	before := source[:at]
	if line == 1 {
		column += utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	}
	return line + strings.Count(before, "\n"), column
}

func flatten(err error) []*Error {
	var one *Error
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []*Error
		for _, e := range joined.Unwrap() {
			all = append(all, flatten(e)...)
		}
		return all
	} else if errors.As(err, &one) {
		return []*Error{one}
	}
	return nil
}

// Source is the text it was read from.
func (t *Template) Source() string { return t.source }

// Static gives the text when there is no expression in it.
func (t *Template) Static() (string, bool) {
	return t.Prefix(), len(t.parts) == 0 || len(t.parts) == 1 && t.parts[0].program == nil
}

// Prefix is the text before the first expression.
func (t *Template) Prefix() string {
	if len(t.parts) == 0 || t.parts[0].program != nil {
		return ""
	}
	return t.parts[0].text
}

// Uses are the paths that its expressions read, in order of appearance.
func (t *Template) Uses() []Use {
	var all []Use
	for _, p := range t.parts {
		if p.program == nil {
			continue
		}
		for _, use := range p.program.uses {
			use.Line, use.Column = within(t.source, p.at, use.Line, use.Column)
			all = append(all, use)
		}
	}
	return all
}

// Paths are the paths of Uses.
func (t *Template) Paths() []Path { return paths(t.Uses()) }

// Eval computes the value: that of the only expression, or a string. A null anywhere in a longer text makes it null.
func (t *Template) Eval(ctx context.Context, vars Vars) (any, error) {
	if len(t.parts) == 1 && t.parts[0].program != nil {
		return t.parts[0].program.Eval(ctx, vars)
	}
	text, null, err := t.join(ctx, vars, func(s string) string { return s })
	if err != nil || null {
		return nil, err
	}
	return text, nil
}

// EvalWith is Eval to a string, each expression's value passed through encode first: the way into a URL, where a
// value must never become structure. A null value is the empty string.
func (t *Template) EvalWith(ctx context.Context, vars Vars, encode func(string) string) (string, error) {
	text, _, err := t.join(ctx, vars, encode)
	return text, err
}

// EvalString is Eval as text; null is "", false.
func (t *Template) EvalString(ctx context.Context, vars Vars) (text string, ok bool, err error) {
	v, err := t.Eval(ctx, vars)
	if err != nil || v == nil {
		return "", false, err
	}
	text, err = Text(v)
	return text, err == nil, err
}

// join also tells whether a value was null.
func (t *Template) join(ctx context.Context, vars Vars, encode func(string) string) (text string, null bool, err error) {
	var b strings.Builder
	for _, p := range t.parts {
		if p.program == nil {
			b.WriteString(p.text)
			continue
		}
		v, err := p.program.Eval(ctx, vars)
		if err != nil {
			return "", false, err
		}
		null = null || v == nil
		text, err := Text(v)
		if err != nil {
			return "", false, err
		}
		b.WriteString(encode(text))
		if b.Len() > MaxResult {
			return "", false, fmt.Errorf("expr: evaluate: the text is larger than %d bytes", MaxResult)
		}
	}
	return b.String(), null, nil
}

// Text writes a value as text: numbers in plain decimals, times as RFC 3339, null as "". A list or a map is an error.
func Text(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case time.Duration:
		return v.String(), nil
	case time.Time:
		return v.UTC().Format(time.RFC3339), nil
	}
	return "", errors.New("expr: a list or a map is no text")
}
