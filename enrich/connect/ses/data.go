package ses

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// data computes the values for the template, each cleaned. Every key is there: SES drops a mail without a word to the
// caller when its template names a value that is missing (Amazon SES developer guide, Rendering Failure events).
func (s *step) data(ctx context.Context, vars expr.Vars, locale string) (map[string]any, error) {
	clean := s.content.clean
	data := make(map[string]any, len(s.config.Data)+1)
	for _, key := range sorted(s.config.Data) {
		value, err := s.config.Data[key].Eval(ctx, vars)
		if err != nil {
			return nil, refused(CodeBadValue, "data "+key, err)
		}
		data[key] = cleaned(value, clean)
	}
	name, _, err := s.config.Greeting.EvalString(ctx, vars)
	if err != nil {
		return nil, refused(CodeBadValue, "greeting", err)
	}
	neutral := s.neutral.of(locale)
	if neutral == "" {
		neutral = neutralWord
	}
	data[greetingKey] = clean(greeting(name, neutral))
	return data, nil
}

// cleaned passes every text in a value through clean; times become texts, and null an empty one.
func cleaned(value any, clean func(string) string) any {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return clean(v)
	case time.Time, time.Duration:
		text, _ := expr.Text(v)
		return text
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, item := range v {
			out[clean(key)] = cleaned(item, clean)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = cleaned(item, clean)
		}
		return out
	}
	return value
}

// oneLine makes a text of anybody one line: every run of control characters and white space becomes one space, and
// characters that are not seen but change what is seen (directions, joiners, byte order marks) go.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.IsSpace(r), r == '\u2028', r == '\u2029':
			return ' '
		case unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d':
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
	return strings.Join(strings.Fields(text), " ")
}

// withoutMarkup also replaces what HTML is made of by signs that look alike. SES puts values into the HTML of a stored
// template as they are (Amazon SES developer guide, Advanced email personalization), and the same value stands in the
// subject and the plain text, where an entity would be seen.
func withoutMarkup(text string) string { return lookAlikes.Replace(oneLine(text)) }

var lookAlikes = strings.NewReplacer("<", "\u2039", ">", "\u203a", `"`, "\u201d", "'", "\u2019", "`", "\u2019")

// refused is a mail that can't be made, and why: the field of the file and what is wrong with its value, never the value.
func refused(code, field string, err error) error {
	return &enrich.Error{Kind: enrich.Permanent, Code: code, Err: fmt.Errorf("ses: %s: %w", field, err)}
}
