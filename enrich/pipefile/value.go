package pipefile

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

func (r *reader) mistake(line, column int, message, hint string) {
	line, column = r.source.clamp(line, column)
	r.mistakes = append(r.mistakes, Mistake{Line: line, Column: column, Message: message, Hint: hint})
}

// at reports a mistake at the start of a node.
func (r *reader) at(n *yaml.Node, message, hint string) { r.mistake(n.Line, n.Column, message, hint) }

// wants reports a value of the wrong kind, unless something worse was said about it already.
func (r *reader) wants(n *yaml.Node, what, want, hint string) {
	if r.refused[n] {
		r.silent++
	} else {
		r.at(n, fmt.Sprintf("%s wants %s, got %s", what, want, describe(n)), hint)
	}
}

// describe says in words what a node is.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a map"
	case yaml.SequenceNode:
		return "a list"
	}
	switch value := short(n.Value); n.Tag {
	case "!!null":
		return "nothing"
	case "!!int", "!!float":
		return "the number " + value
	case "!!bool":
		return value
	case "!!timestamp":
		return "the date " + value
	default:
		return fmt.Sprintf("the text %q", value)
	}
}

// loose matches plain texts that other readers of YAML take for a truth value or a number in base 60.
var loose = regexp.MustCompile(`^(?i:yes|no|on|off)$|^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$`)

// text reads a text. Whatever YAML does not take for one everywhere must stand in quotes.
func (r *reader) text(n *yaml.Node, what string) (string, bool) {
	switch {
	case n.Kind != yaml.ScalarNode, n.Tag == "!!null", r.refused[n]:
		r.wants(n, what, "a text", "")
		return "", false
	case n.Tag != "!!str":
		r.wants(n, what, "a text", fmt.Sprintf("write %q", n.Value))
		return "", false
	case n.Style == 0 && loose.MatchString(n.Value):
		r.at(n, fmt.Sprintf("%s without quotes is a text for some readers of YAML, and not for others", n.Value),
			fmt.Sprintf("write %q", n.Value))
		return "", false
	}
	return n.Value, true
}

// number reads what everybody takes for the same number: no leading zero, no exponent, no underscore.
func number(n *yaml.Node) (any, bool) {
	if n.Kind != yaml.ScalarNode {
		return nil, false
	}
	switch n.Tag {
	case "!!int":
		v, err := strconv.ParseInt(n.Value, 10, 64)
		return v, err == nil && strconv.FormatInt(v, 10) == n.Value
	case "!!float":
		v, err := strconv.ParseFloat(n.Value, 64)
		plain := strings.Trim(strings.TrimPrefix(n.Value, "-"), "0123456789") == "."
		return v, err == nil && plain && (!strings.HasPrefix(strings.TrimPrefix(n.Value, "-"), "0") || v < 1 && v > -1)
	}
	return nil, false
}

// ambiguous reports a number that not everybody reads alike.
func (r *reader) ambiguous(n *yaml.Node) bool {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" && n.Tag != "!!float" || r.refused[n] {
		return false
	}
	if _, ok := number(n); ok {
		return false
	}
	r.at(n, fmt.Sprintf("not every reader of YAML takes %s for the same number", short(n.Value)),
		fmt.Sprintf("write %q for a text, or plain digits", n.Value))
	return true
}

func (r *reader) integer(n *yaml.Node, what string) (int, bool) {
	if n.Tag == "!!int" && r.ambiguous(n) {
		return 0, false
	}
	if v, ok := number(n); ok {
		if i, ok := v.(int64); ok && int64(int(i)) == i {
			return int(i), true
		}
	}
	hint := ""
	if n.Tag == "!!str" && n.Value != "" && strings.Trim(n.Value, "0123456789") == "" {
		hint = fmt.Sprintf("write %s without quotes", n.Value)
	}
	r.wants(n, what, "a whole number", hint)
	return 0, false
}

func (r *reader) boolean(n *yaml.Node, what string) (value, ok bool) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!bool" && (n.Value == "true" || n.Value == "false") {
		return n.Value == "true", true
	}
	hint := ""
	switch strings.ToLower(n.Value) {
	case "true", "yes", "on":
		hint = "write true, without quotes"
	case "false", "no", "off":
		hint = "write false, without quotes"
	}
	r.wants(n, what, "true or false", hint)
	return false, false
}

func (r *reader) duration(n *yaml.Node, what string) (time.Duration, bool) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!str" && !r.refused[n] {
		if d, err := time.ParseDuration(n.Value); err == nil {
			return d, true
		}
	}
	hint := ""
	if n.Kind == yaml.ScalarNode && n.Value != "" {
		switch unit := strings.TrimLeft(n.Value, "0123456789"); unit {
		case "":
			hint = fmt.Sprintf("write %ss for seconds", n.Value)
		case "d":
			hint = "there are no days; write 24h for one"
		}
	}
	r.wants(n, what, "a duration like 10s", hint)
	return 0, false
}

// list gives a list's elements. A single value counts as a list of one, as in workflow files.
func (r *reader) list(n *yaml.Node, what string) []*yaml.Node {
	switch {
	case n.Kind == yaml.SequenceNode:
		return n.Content
	case n.Kind == yaml.ScalarNode && !isNothing(n):
		return []*yaml.Node{n}
	}
	r.wants(n, what, "a list like [a, b]", "")
	return nil
}

// choice reads one of a few words.
func (r *reader) choice(n *yaml.Node, what string, words []string) (int, bool) {
	if n.Kind == yaml.ScalarNode {
		for i, word := range words {
			if n.Value == word && n.Tag == "!!str" {
				return i, true
			}
		}
	}
	r.wants(n, what, strings.Join(words, " or "), "")
	return 0, false
}

// oneOf lists what is known.
func oneOf(known []string) string {
	if len(known) == 0 {
		return ""
	}
	return "known: " + strings.Join(known, ", ")
}
