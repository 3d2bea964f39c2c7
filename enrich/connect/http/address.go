package httpstep

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// maxURL is the longest URL that is sent, in bytes. Servers differ; 8 KiB is what most take at least.
const maxURL = 8 << 10

// address is the URL of a step: a skeleton that never changes, and values that fill gaps in its path.
//
//	https :// api.example.com:8443 / v2 / companies / GAP / of-GAP ? fields=name
//	\_____________________________________/            \_______________________/
//	               plain text                    gaps: one segment or a part of one
type address struct {
	template *expr.Template
	skeleton *url.URL // with "x" in every gap
	segments int
}

// gap stands for an expression in the skeleton. It can't be in a URL.
const gap = "\x00"

// newAddress checks the URL of the file. Its messages never quote it: somebody may have written a password into it.
func newAddress(m *connect.Mistakes, c *Config) *address {
	if c.URL == nil {
		m.Add("url", "it is missing")
		return nil
	}
	text, ok := skeleton(c.URL.Source())
	if !ok {
		m.Add("url", "it has a control character or a blank in it")
		return nil
	}
	scheme, rest, found := strings.Cut(text, "://")
	if !found || strings.Contains(scheme, gap) {
		m.Add("url", "start it with https:// and the host, as plain text")
		return nil
	}
	end := strings.IndexAny(rest, "/?#\\")
	if end < 0 {
		end = len(rest)
	}
	if strings.Contains(rest[:end], gap) {
		m.Add("url", "write host and port as plain text; a value may only stand in the path")
		return nil
	}
	if _, query, _ := strings.Cut(text, "?"); strings.Contains(query, gap) {
		m.Add("url", "put values behind the ? into query")
		return nil
	}
	u, err := url.Parse(strings.ReplaceAll(text, gap, "x"))
	if err != nil {
		m.Add("url", "it is no URL")
		return nil
	}
	checkSkeleton(m, "url", u, text, c)
	return &address{template: c.URL, skeleton: u, segments: strings.Count(u.EscapedPath(), "/")}
}

// skeleton is the text with a gap for each ${{ expression }}. ok is false if the text itself has what no URL has.
func skeleton(source string) (text string, ok bool) {
	var b strings.Builder
	for rest := source; ; {
		before, after, found := strings.Cut(rest, "${{")
		if strings.ContainsFunc(before, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			return "", false
		}
		b.WriteString(before)
		if !found {
			return b.String(), true
		}
		b.WriteString(gap)
		rest = after[end(after):]
	}
}

// end finds where an expression ends, past the braces inside its strings. The file's reader has compiled it before.
func end(s string) int {
	var quote byte
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && strings.HasPrefix(s[i:], "}}"):
			return i + len("}}")
		}
	}
	return len(s)
}

func checkSkeleton(m *connect.Mistakes, field string, u *url.URL, text string, c *Config) {
	c.shared.client.CheckPlace(m, connect.Place{Field: field, AllowHTTP: c.AllowHTTP,
		Secrets: "use basic-user and basic-password with a secret",
		Unsafe:  "use https; http lets everyone on the way read the request (allow-http: true if it must be)"}, u, text)
	if dotted(u.EscapedPath()) {
		m.Add(field, "no . or .. segments in the path")
	}
}

// tokenURL checks the address of the token endpoint, which has no gaps at all.
func tokenURL(m *connect.Mistakes, c *Config) *url.URL {
	const field = "token-url"
	if c.TokenURL == "" {
		return nil
	}
	u, err := url.Parse(c.TokenURL)
	if err != nil || strings.Contains(c.TokenURL, "${{") || strings.ContainsFunc(c.TokenURL, func(r rune) bool { return r <= ' ' || r > '~' }) {
		m.Add(field, "write a URL as plain text, without expressions")
		return nil
	}
	checkSkeleton(m, field, u, c.TokenURL, c)
	return u
}

// url fills the gaps. Every value is escaped, so it can be no structure; then the result is held against the skeleton
// once more, because this is the line that keeps a user's words from choosing whom we talk to.
func (a *address) url(ctx context.Context, vars expr.Vars) (*url.URL, error) {
	empty := false
	text, err := a.template.EvalWith(ctx, vars, func(value string) string {
		empty = empty || value == ""
		return url.PathEscape(value)
	})
	if err != nil {
		return nil, err
	}
	if empty {
		return nil, errors.New("a value in the path is empty")
	}
	if len(text) > maxURL {
		return nil, fmt.Errorf("it is longer than %d bytes", maxURL)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != a.skeleton.Scheme || u.Host != a.skeleton.Host || u.User != nil || u.Opaque != "",
		u.RawQuery != a.skeleton.RawQuery || u.Fragment != "",
		strings.Count(u.EscapedPath(), "/") != a.segments:
		return nil, errors.New("a value would change more than its own segment")
	case dotted(u.EscapedPath()):
		return nil, errors.New("a value would lead out of the path")
	}
	return u, nil
}

// dotted tells whether some server would read a "." or ".." segment out of an escaped path: also out of one segment
// with escaped slashes, with backslashes, or with parameters behind a semicolon.
func dotted(escaped string) bool {
	plain, err := url.PathUnescape(escaped)
	if err != nil {
		return true
	}
	for _, piece := range strings.FieldsFunc(plain, func(r rune) bool { return r == '/' || r == '\\' }) {
		name, _, _ := strings.Cut(piece, ";")
		if name == "." || name == ".." {
			return true
		}
	}
	return false
}
