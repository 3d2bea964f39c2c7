package ses

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// maxUnsubscribe is the longest URL that is written into a header, in bytes. Name and value of one may have 996 together
// (Amazon SES API v2 reference, MessageHeader).
const maxUnsubscribe = 900

// unsubscribe is the URL of the file for those who want no more mails. Scheme and host are plain text, and each value is
// one word behind them, whatever it says.
type unsubscribe struct {
	template *expr.Template
	host     string
}

// newUnsubscribe checks the URL of the file; nil stays nil.
func newUnsubscribe(m *connect.Mistakes, t *expr.Template) *unsubscribe {
	if t == nil {
		return nil
	}
	_, static := t.Static()
	rest, https := strings.CutPrefix(t.Prefix(), "https://")
	u, err := url.Parse(t.Prefix())
	switch {
	case !https || !static && !strings.ContainsAny(rest, "/?"):
		m.Add("unsubscribe", "start it with https://, the host and a slash, as plain text")
	case err != nil || u.User != nil || checkRecipient("x@"+u.Hostname()) != nil:
		m.Add("unsubscribe", "it is no URL with a host such as example.com")
	case strings.Contains(t.Source(), "#"):
		m.Add("unsubscribe", "a server never sees what stands behind a #")
	default:
		return &unsubscribe{template: t, host: u.Host}
	}
	return nil
}

// headers are those of RFC 2369 and RFC 8058: the URL, and that a POST to it is enough. The result is nil without a URL.
func (n *unsubscribe) headers(ctx context.Context, vars expr.Vars) ([]types.MessageHeader, error) {
	if n == nil {
		return nil, nil
	}
	text, err := n.template.EvalWith(ctx, vars, word)
	if err == nil {
		err = n.check(text)
	}
	if err != nil {
		return nil, refused(CodeBadValue, "unsubscribe", err)
	}
	return []types.MessageHeader{
		{Name: aws.String("List-Unsubscribe"), Value: aws.String("<" + text + ">")},
		{Name: aws.String("List-Unsubscribe-Post"), Value: aws.String("List-Unsubscribe=One-Click")},
	}, nil
}

// word escapes a value so that it is one: a part of a path, or of a query.
func word(value string) string { return strings.ReplaceAll(url.QueryEscape(value), "+", "%20") }

func (n *unsubscribe) check(text string) error {
	u, err := url.Parse(text)
	switch {
	case len(text) > maxUnsubscribe:
		return fmt.Errorf("it is longer than %d bytes", maxUnsubscribe)
	case err != nil || u.Scheme != "https" || u.Host != n.host || u.User != nil || u.Fragment != "":
		return errors.New("a value would change more than its own place")
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`<>"(),\`, r) }):
		return errors.New("it has a blank, a bracket or a letter outside ASCII in it")
	}
	for _, name := range strings.FieldsFunc(u.Path, func(r rune) bool { return r == '/' || r == '\\' }) {
		if name == "." || name == ".." {
			return errors.New("a value would lead out of the path")
		}
	}
	return nil
}
