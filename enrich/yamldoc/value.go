package yamldoc

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// describe says in words what a node is.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a map"
	case yaml.SequenceNode:
		return "a list"
	}
	switch value := Short(n.Value); n.Tag {
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

// Text reads a text. Whatever YAML does not take for one everywhere must stand in quotes.
func (r *Reader) Text(n *yaml.Node, what string) (string, bool) {
	switch {
	case n.Kind != yaml.ScalarNode, n.Tag == "!!null", r.refused[n]:
		r.Wants(n, what, "a text", "")
		return "", false
	case n.Tag != "!!str":
		r.Wants(n, what, "a text", fmt.Sprintf("write %q", n.Value))
		return "", false
	case n.Style == 0 && loose.MatchString(n.Value):
		r.At(n, fmt.Sprintf("%s without quotes is a text for some readers of YAML, and not for others", n.Value),
			fmt.Sprintf("write %q", n.Value))
		return "", false
	}
	return n.Value, true
}

// Number reads what everybody takes for the same number: no leading zero, no exponent, no underscore.
func Number(n *yaml.Node) (any, bool) {
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

// Ambiguous reports a number that not everybody reads alike.
func (r *Reader) Ambiguous(n *yaml.Node) bool {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" && n.Tag != "!!float" || r.refused[n] {
		return false
	}
	if _, ok := Number(n); ok {
		return false
	}
	r.At(n, fmt.Sprintf("not every reader of YAML takes %s for the same number", Short(n.Value)),
		fmt.Sprintf("write %q for a text, or plain digits", n.Value))
	return true
}

// Integer reads a whole number.
func (r *Reader) Integer(n *yaml.Node, what string) (int, bool) {
	if n.Tag == "!!int" && r.Ambiguous(n) {
		return 0, false
	}
	if v, ok := Number(n); ok {
		if i, ok := v.(int64); ok && int64(int(i)) == i {
			return int(i), true
		}
	}
	hint := ""
	if n.Tag == "!!str" && n.Value != "" && strings.Trim(n.Value, "0123456789") == "" {
		hint = fmt.Sprintf("write %s without quotes", n.Value)
	}
	r.Wants(n, what, "a whole number", hint)
	return 0, false
}

// Boolean reads true or false, in these letters.
func (r *Reader) Boolean(n *yaml.Node, what string) (value, ok bool) {
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
	r.Wants(n, what, "true or false", hint)
	return false, false
}

// Duration reads a duration as Go writes it.
func (r *Reader) Duration(n *yaml.Node, what string) (time.Duration, bool) {
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
	r.Wants(n, what, "a duration like 10s", hint)
	return 0, false
}

// List gives a list's elements. A single value counts as a list of one, as in workflow files.
func (r *Reader) List(n *yaml.Node, what string) []*yaml.Node {
	switch {
	case n.Kind == yaml.SequenceNode:
		return n.Content
	case n.Kind == yaml.ScalarNode && !IsNothing(n):
		return []*yaml.Node{n}
	}
	r.Wants(n, what, "a list like [a, b]", "")
	return nil
}

// Choice reads one of a few words, and gives its place among them.
func (r *Reader) Choice(n *yaml.Node, what string, words []string) (int, bool) {
	if n.Kind == yaml.ScalarNode {
		for i, word := range words {
			if n.Value == word && n.Tag == "!!str" {
				return i, true
			}
		}
	}
	r.Wants(n, what, strings.Join(words, " or "), "")
	return 0, false
}

// OneOf lists what is known, as a hint.
func OneOf(known []string) string {
	if len(known) == 0 {
		return ""
	}
	return "known: " + strings.Join(known, ", ")
}
