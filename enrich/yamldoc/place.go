package yamldoc

import (
	"strconv"

	"go.yaml.in/yaml/v4"
)

// Place is a line and a column, both from 1, in characters.
type Place struct{ Line, Column int }

// within gives the place in the file of a place in a scalar's value: line from 1, column from 0. Quotes, escapes,
// indentation and folded lines lie between the two. Where the way back can't be found, it is the scalar's start.
func (s *source) within(n *yaml.Node, line, column int) Place {
	if s.last.node != n {
		s.last = traced{node: n, places: s.trace(n), starts: lineStarts(n.Value)}
	}
	t := s.last
	if line >= 1 && line <= len(t.starts) {
		if i := t.starts[line-1] + column; i < len(t.places) {
			return t.places[i]
		}
	}
	return Place{n.Line, n.Column}
}

// Within gives the place in the document of a place in a scalar's value: line from 1, column from 0. Where the way back
// can't be found, it is the scalar's start.
func (r *Reader) Within(n *yaml.Node, line, column int) Place {
	return r.source.within(n, line, column)
}

// traced remembers the last scalar: a long one with many mistakes is walked once.
type traced struct {
	node   *yaml.Node
	places []Place // of each character of the value, and of its end
	starts []int   // the first character of each line of the value
}

func lineStarts(value string) []int {
	starts, i := []int{0}, 0
	for _, r := range value {
		if i++; r == '\n' {
			starts = append(starts, i)
		}
	}
	return starts
}

// trace walks the scalar's text in the file alongside its value, and notes where each character, and the end, stands.
// It gives nothing when the two don't agree: then this is a form of YAML that it does not know.
func (s *source) trace(n *yaml.Node) []Place {
	t := tracer{source: s, line: n.Line, column: n.Column}
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		t.line, t.column = n.Line+1, 1
	case n.Style&yaml.DoubleQuotedStyle != 0:
		t.quote = '"'
	case n.Style&yaml.SingleQuotedStyle != 0:
		t.quote = '\''
	}
	if t.quote != 0 {
		if t.peek() != t.quote {
			return nil
		}
		t.column++
	}
	var places []Place
	for _, want := range n.Value {
		at, ok := t.step(want)
		if !ok {
			return nil
		}
		places = append(places, at)
	}
	return append(places, Place{t.line, t.column})
}

type tracer struct {
	source       *source
	line, column int
	quote        rune // '"', '\'' or 0
}

func (t *tracer) peek() rune { return t.source.at(t.line, t.column) }

// step finds the next character of the value. Space may have been folded away or added; everything else must match.
func (t *tracer) step(want rune) (Place, bool) {
	if isBlank(want) && t.peek() != '\\' {
		at := Place{t.line, t.column}
		if t.peek() == want {
			t.column++
		}
		return at, true
	}
	if !isBlank(want) {
		t.skip()
	}
	at := Place{t.line, t.column}
	return at, t.read() == want
}

func isBlank(r rune) bool { return r == ' ' || r == '\t' || isBreak(r) }

// skip goes past blanks, ends of lines, and, in double quotes, a backslash before such an end.
func (t *tracer) skip() {
	for t.line <= len(t.source.lines) {
		switch r := t.peek(); {
		case r == ' ' || r == '\t':
			t.column++
		case r == 0, r == '\\' && t.quote == '"' && t.source.at(t.line, t.column+1) == 0:
			t.line, t.column = t.line+1, 1
		default:
			return
		}
	}
}

// read takes one character, undoing the escapes of its kind of quotes.
func (t *tracer) read() rune {
	r := t.peek()
	t.column++
	switch {
	case t.quote == '\'' && r == '\'':
		t.column++ // a quote within quotes is written twice
	case t.quote == '"' && r == '\\':
		return t.escape()
	}
	return r
}

func (t *tracer) escape() rune {
	r := t.peek()
	t.column++
	length := map[rune]int{'x': 2, 'u': 4, 'U': 8}[r]
	if length == 0 {
		return map[rune]rune{'0': 0, 'a': '\a', 'b': '\b', 't': '\t', '\t': '\t', 'n': '\n', 'v': '\v', 'f': '\f',
			'r': '\r', 'e': '\x1b', ' ': ' ', '"': '"', '/': '/', '\\': '\\', 'N': '\u0085', '_': '\u00a0',
			'L': '\u2028', 'P': '\u2029'}[r]
	}
	digits := make([]rune, 0, length)
	for range length {
		digits = append(digits, t.peek())
		t.column++
	}
	code, err := strconv.ParseUint(string(digits), 16, 32)
	if err != nil {
		return -1
	}
	return rune(code)
}
