package expr

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/operators"

	"github.com/postconfirm/postconfirm/enrich/nearest"
)

// Error is a mistake in an expression's text. Line counts from 1, Column from 0, in characters, both inside the
// expression or the template.
type Error struct {
	Line, Column int
	Message      string // what is wrong
	Hint         string // how to mend it; may be empty
}

// Error gives message and hint without the place; whoever knows the file adds it.
func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + "; " + e.Hint
}

// mistakes says CEL's issues in the words of the file. What follows a first error of syntax is its echo.
func (e *Env) mistakes(source string, issues *cel.Issues) error {
	var all []error
	for _, issue := range issues.Errors() {
		s := speaker{env: e, source: source, line: issue.Location.Line(), column: max(0, issue.Location.Column())}
		message, hint := s.say(issue.Message)
		all = append(all, &Error{Line: max(1, s.line), Column: s.column, Message: message, Hint: hint})
		if strings.HasPrefix(issue.Message, syntaxError) {
			break
		}
	}
	return errors.Join(all...)
}

const syntaxError = "Syntax error: "

// speaker rewrites one message of CEL for somebody who never heard of CEL.
type speaker struct {
	env          *Env
	source       string
	line, column int
}

func (s *speaker) say(message string) (text, hint string) {
	if text, ok := strings.CutPrefix(message, syntaxError); ok {
		return s.syntax(text)
	}
	if name, ok := between(message, "undeclared reference to '", "'"); ok {
		return s.unknown(name)
	}
	if name, ok := between(message, "found no matching overload for '", "'"); ok {
		types, _ := between(message, "applied to '", "'")
		return s.operands(name, types)
	}
	switch {
	case strings.Contains(message, "invalid duration"):
		return "this is no duration", `write "72h", "90m" or "30s"; there are no days`
	case strings.Contains(message, "invalid timestamp"):
		return "this is no time", `write "2026-01-31T12:00:00Z"`
	case strings.Contains(message, "invalid matches"):
		return "this is no regular expression", ""
	case strings.Contains(message, "code point size exceeds"):
		return fmt.Sprintf("the expression is longer than %d characters", MaxSource), ""
	case strings.Contains(message, "recursion"):
		return "the expression is nested too deeply", ""
	}
	return message, ""
}

func (s *speaker) syntax(text string) (message, hint string) {
	if strings.TrimSpace(s.source) == "" {
		return "the expression is empty", ""
	}
	if strings.Contains(text, "<EOF>'") {
		return "the expression ends too early", ""
	}
	_, quoted, _ := strings.Cut(text, "'")
	if i := strings.Index(quoted, "' expecting"); i >= 0 {
		quoted = quoted[:i]
	}
	quoted = strings.TrimSpace(strings.TrimSuffix(quoted, "'"))
	switch {
	case strings.HasPrefix(quoted, `"`), strings.HasPrefix(quoted, "'"):
		return "a text has no closing quote", ""
	case quoted == ":" && strings.HasSuffix(s.before(), "user.custom"):
		return `unexpected ":"`, `write user["custom:…"]`
	}
	return fmt.Sprintf("unexpected %q", cut(quoted)), words(quoted)
}

// words maps what other languages say to what this one does.
func words(token string) string {
	switch token {
	case "=":
		return `did you mean "=="?`
	case "&", "and":
		return `did you mean "&&"?`
	case "|", "or":
		return `did you mean "||"?`
	case "not":
		return `did you mean "!"?`
	}
	return ""
}

// unknown tells a function from a name: CEL puts the place of a call on its bracket.
func (s *speaker) unknown(name string) (message, hint string) {
	if strings.HasPrefix(s.after(), "(") {
		s.column = max(0, s.column-len([]rune(name)))
		if near := nearest.Name(name, s.env.functions()); near != "" {
			return fmt.Sprintf("unknown function %q", cut(name)), fmt.Sprintf("did you mean %q?", near)
		}
		return fmt.Sprintf("unknown function %q", cut(name)), ""
	}
	message = fmt.Sprintf("unknown name %q", cut(name))
	if near := nearest.Name(name, slices.Concat(s.env.roots, []string{"true", "false", "null"})); near != "" {
		return message, fmt.Sprintf("did you mean %q?", near)
	}
	if minus, ok := strings.CutSuffix(s.before(), "-"); ok && minus != "" && !unicode.IsSpace(rune(minus[len(minus)-1])) {
		return message, `"-" is minus here; a name with a hyphen is read as ["…-` + name + `"]`
	}
	return message, "known are " + strings.Join(s.env.roots, ", ")
}

func (s *speaker) operands(name, types string) (message, hint string) {
	symbol, isOperator := operators.FindReverse(name)
	if !isOperator {
		if _, arguments, ok := strings.Cut(types, ".("); ok {
			types = "(" + arguments
		}
		return fmt.Sprintf("the function %s does not take %s", name, types), ""
	}
	if name == operators.Conditional {
		return "what stands before ? must be true or false", ""
	}
	if name == operators.Add && strings.Contains(types, "string") {
		hint = "make a text of the other side with string(…)"
	}
	return fmt.Sprintf("%s does not work on %s", symbol, types), hint
}

// before and after are what stands on both sides of the place, on its line.
func (s *speaker) before() string {
	line := s.text()
	return string(line[:min(s.column, len(line))])
}

func (s *speaker) after() string {
	line := s.text()
	return string(line[min(s.column, len(line)):])
}

func (s *speaker) text() []rune {
	lines := strings.Split(s.source, "\n")
	return []rune(lines[min(max(s.line-1, 0), len(lines)-1)])
}

// functions are the names that can be called.
func (e *Env) functions() []string {
	names := []string{"has", "all", "exists", "exists_one", "filter", "map"}
	for name := range e.cel.Functions() {
		if unicode.IsLetter(rune(name[0])) && name != "format" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func between(s, before, after string) (string, bool) {
	_, rest, ok := strings.Cut(s, before)
	if !ok {
		return "", false
	}
	inner, _, ok := strings.Cut(rest, after)
	return inner, ok
}

// cut keeps a quotation short.
func cut(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
