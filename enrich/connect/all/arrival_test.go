package all_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/html"

	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
)

// inPath finds a value between two parts of the target.
func inPath(before, after string) func(pretend.Request) (string, string, error) {
	return func(r pretend.Request) (value, rest string, err error) {
		middle, ok := strings.CutPrefix(r.Target, before)
		middle, end := strings.CutSuffix(middle, after)
		if u, err := url.ParseRequestURI(r.Target); err != nil || u.Host != "" || !ok || !end || strings.ContainsAny(middle, "/?#;") {
			return "", "", fmt.Errorf("the target is %q: %v", r.Target, err)
		}
		value, err = url.PathUnescape(middle)
		return value, string(r.Body), err
	}
}

func inQuery(r pretend.Request) (value, rest string, err error) {
	u, err := url.ParseRequestURI(r.Target)
	if err != nil {
		return "", "", err
	}
	return inValues(u.RawQuery, u.Path+string(r.Body))
}

func inForm(r pretend.Request) (value, rest string, err error) {
	return inValues(string(r.Body), r.Target)
}

func inValues(raw, others string) (value, rest string, err error) {
	all, err := url.ParseQuery(raw)
	if err != nil || len(all["x"]) != 1 {
		return "", "", fmt.Errorf("%d values, %w", len(all["x"]), err)
	}
	value = all.Get("x")
	all.Del("x")
	return value, others + all.Encode(), nil
}

func inHeader(name string) func(pretend.Request) (string, string, error) {
	return func(r pretend.Request) (string, string, error) {
		return r.Header.Get(name), r.Target + string(r.Body), nil
	}
}

func inBasic(user bool) func(pretend.Request) (string, string, error) {
	return func(r pretend.Request) (string, string, error) {
		name, password, ok := (&http.Request{Header: r.Header}).BasicAuth()
		if !ok {
			return "", "", fmt.Errorf("no user in %q", r.Header)
		}
		if user {
			return name, password, nil
		}
		return password, name, nil
	}
}

// inJSON takes the value at a path out of a body.
func inJSON(path ...any) func(pretend.Request) (string, string, error) {
	return func(r pretend.Request) (value, rest string, err error) {
		var body any
		if err := json.Unmarshal(r.Body, &body); err != nil {
			return "", "", err
		}
		at := body
		for _, part := range path[:len(path)-1] {
			if at, err = into(at, part); err != nil {
				return "", "", err
			}
		}
		found, err := into(at, path[len(path)-1])
		if err != nil {
			return "", "", err
		}
		text, ok := found.(string)
		if !ok {
			return "", "", fmt.Errorf("a %T is there", found)
		}
		switch v := at.(type) {
		case map[string]any:
			delete(v, path[len(path)-1].(string))
		case []any:
			v[path[len(path)-1].(int)] = nil
		}
		// A CloudEvent's time is when it was made.
		if top, ok := body.(map[string]any); ok && top["specversion"] != nil {
			delete(top, "time")
		}
		left, err := json.Marshal(body)
		return text, r.Target + string(left), err
	}
}

func into(value, part any) (any, error) {
	switch v := value.(type) {
	case map[string]any:
		if name, ok := part.(string); ok {
			return v[name], nil
		}
	case []any:
		if i, ok := part.(int); ok && i < len(v) {
			return v[i], nil
		}
	}
	return nil, fmt.Errorf("no %v in a %T", part, value)
}

// inTemplate takes a value out of the data of a template that is stored in SES.
func inTemplate(key string) func(pretend.Request) (string, string, error) {
	return func(r pretend.Request) (string, string, error) {
		data, rest, err := inJSON("Content", "Template", "TemplateData")(r)
		if err != nil {
			return "", "", err
		}
		value, left, err := inJSON(key)(pretend.Request{Body: []byte(data)})
		return value, rest + left, err
	}
}

// inUnsubscribe takes a value out of the query of the URL in the header List-Unsubscribe.
func inUnsubscribe(r pretend.Request) (value, rest string, err error) {
	line, others, err := inJSON("Content", "Template", "Headers", 0, "Value")(r)
	if err != nil {
		return "", "", err
	}
	text, ok := strings.CutPrefix(line, "<")
	text, end := strings.CutSuffix(text, ">")
	u, err := url.Parse(text)
	if err != nil || !ok || !end || strings.ContainsAny(text, "<> ,") {
		return "", "", fmt.Errorf("the header is %q: %v", line, err)
	}
	return inValues(u.RawQuery, others+u.Scheme+u.Host+u.Path)
}

// inHTML takes a value out of a mail in HTML, where it stands as an attribute and as a text.
func inHTML(r pretend.Request) (value, rest string, err error) {
	page, rest, err := inJSON("Content", "Simple", "Body", "Html", "Data")(r)
	if err != nil {
		return "", "", err
	}
	tokens := html.NewTokenizer(strings.NewReader(page))
	for tokens.Next() != html.ErrorToken {
		token := tokens.Token()
		if token.Type == html.TextToken {
			value = token.Data
			continue
		}
		rest += " " + token.Type.String() + " " + token.Data
		for _, a := range token.Attr {
			rest += " " + a.Key
		}
	}
	return value, rest, nil
}

// letters is a value as JSON can carry it: a byte that is no UTF-8 is U+FFFD.
func letters(value string) string { return string([]rune(value)) }

// noPath are the values that are refused in a path: those that somebody might read a dot segment out of, and too long ones.
func noPath(value, before string) bool {
	if len(url.PathEscape(value)) > 8000 {
		return true
	}
	for _, piece := range strings.FieldsFunc(before+value, func(r rune) bool { return r == '/' || r == '\\' }) {
		if name, _, _ := strings.Cut(piece, ";"); name == "." || name == ".." {
			return true
		}
	}
	return false
}

// leads are the external ids of Salesforce that are not sent.
func leads(value string) bool {
	return slices.Contains([]string{".", "..", "../../admin", `..\..\admin`, "..;/admin"}, value)
}

// noSubject are the values that no attribute of a CloudEvent can be.
func noSubject(value string) bool {
	return letters(value) != value || strings.ContainsFunc(value, unicode.IsControl) || len(value) > 20<<10
}

func noEmail(value string) bool {
	return value == "" || len(value)+len("@acme.example") > 254 || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\ufffd' })
}

// noRecipient are the values that make no plain address, in front of a domain.
func noRecipient(value string) bool {
	const atoms = "!#$%&'*+-/=?^_`{|}~."
	return len(value) > 64 || strings.Contains(value, "=?") || strings.HasPrefix(value, ".") || strings.HasSuffix(value, ".") || strings.Contains(value, "..") ||
		strings.ContainsFunc(value, func(r rune) bool {
			return r > '~' || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(atoms, r)
		})
}

// bad are the characters that no text of a mail may have from a user.
func bad(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r) || r == '\u200b' || r == '\u2060' || r == '\ufeff'
}

// clean: one line, no markup, and the same words.
func clean(value, arrived string) bool {
	return !strings.ContainsFunc(arrived, func(r rune) bool { return bad(r) || strings.ContainsRune("<>\"'`", r) }) && words(arrived) == words(value)
}

// oneLine: one line between two parts of the file, and the same words.
func oneLine(before, after string) func(value, arrived string) bool {
	return func(value, arrived string) bool {
		middle, ok := strings.CutPrefix(arrived, before)
		middle, end := strings.CutSuffix(middle, after)
		return ok && end && !strings.ContainsFunc(middle, bad) && words(middle) == words(value)
	}
}

// words are the letters and digits of a text.
func words(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, text)
}

// greets: the neutral word, or a name that has letters and what names have between them.
func greets(value, arrived string) bool {
	if strings.ContainsAny(value, "<>{}$%@/\\\"`;:=|\r\n\x00") && arrived != "there" {
		return false
	}
	return arrived != "" && len([]rune(arrived)) <= 60 && !strings.ContainsFunc(arrived, func(r rune) bool {
		return bad(r) || !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" -.\u2019\u00b7", r)
	})
}
