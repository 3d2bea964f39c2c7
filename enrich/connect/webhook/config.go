package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

const (
	minKeyLife = time.Minute
	maxLife    = 30 * 24 * time.Hour // of both durations: what is longer was meant otherwise
)

// Connector checks the block and makes the step's connector. Its errors are *enrich.FieldError, joined.
func (c *Config) Connector() (enrich.Connector, error) {
	m := &mistakes{}
	s := &step{config: *c, client: c.client, url: c.receiver(m), keyLife: or(c.KeyLife, DefaultKeyLife), goneFor: or(c.GoneFor, DefaultGoneFor)}
	c.checkSecrets(m)
	c.checkEvent(m)
	c.checkBody(m)
	if s.keyLife < minKeyLife || s.keyLife > maxLife {
		m.add("key-life", "write 1m to 720h")
	}
	if s.goneFor < 0 || s.goneFor > maxLife {
		m.add("gone-for", "write up to 720h")
	}
	if len(m.all) > 0 {
		return nil, errors.Join(m.all...)
	}
	return s, nil
}

// mistakes gathers everything that is wrong, so that the author reads it at once.
type mistakes struct{ all []error }

func (m *mistakes) add(field, message string) {
	m.all = append(m.all, &enrich.FieldError{Field: field, Message: message})
}

func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// receiver checks the URL. Its messages never quote it: somebody may have written a password into it.
func (c *Config) receiver(m *mistakes) *url.URL {
	if c.URL == "" {
		m.add("url", "it is missing")
		return nil
	}
	if strings.Contains(c.URL, "${{") {
		m.add("url", "write it as plain text; put values into json")
		return nil
	}
	u, err := url.Parse(c.URL)
	switch {
	case err != nil:
		m.add("url", "it is no URL")
		return nil
	case u.User != nil:
		m.add("url", "no user or password in the URL; the signature says who we are")
	case u.Hostname() == "" || u.Opaque != "" || strings.HasSuffix(u.Host, ":"):
		m.add("url", "the host or the port is missing; start it with https:// and the host")
	case strings.ContainsFunc(u.Hostname(), func(r rune) bool { return !hostLetter(r) }):
		m.add("url", "write the host in plain ASCII (xn--… for other scripts)")
	case strings.Contains(c.URL, "#"):
		m.add("url", "a server never sees what stands behind a #")
	case u.Scheme != "https" && (u.Scheme != "http" || !connect.Loopback(u.Hostname())):
		m.add("url", "start it with https://; a signature hides nothing from those on the way")
	case c.client.CheckHost(u.Hostname()) != nil:
		m.add("url", "the host is this machine or a private address; whoever runs the worker can allow it, a pipeline can't")
	}
	return u
}

func hostLetter(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("-._:", r)
}

// checkSecrets reads those that stand in the file itself, so that a wrong one is known now. Its messages never quote it.
func (c *Config) checkSecrets(m *mistakes) {
	if c.Secret == nil {
		m.add("secret", "it is missing")
	}
	checkSecret(m, "secret", c.Secret)
	if c.Previous != nil && c.Previous.Source() != "" {
		checkSecret(m, "previous-secret", c.Previous)
	}
}

func checkSecret(m *mistakes, field string, t *expr.Template) {
	if t == nil {
		return
	}
	if text, static := t.Static(); static {
		if _, err := newKey(text); err != nil {
			m.add(field, err.Error()+"; keep it out of the file: ${{ secrets.NAME }}")
		}
	}
}

func (c *Config) checkEvent(m *mistakes) {
	switch or(c.Format, JSON) {
	case CloudEvents:
		c.checkAttributes(m)
	case JSON:
		c.checkPlain(m)
	default:
		m.add("format", "write json or cloudevents")
	}
}

// checkPlain refuses what a plain body has no place for.
func (c *Config) checkPlain(m *mistakes) {
	const only = "only a CloudEvent has it; add format: cloudevents, or put it into json"
	if c.Type != "" {
		m.add("type", only)
	}
	if c.Source != "" {
		m.add("source", only)
	}
	if c.Subject != nil {
		m.add("subject", only)
	}
}

// checkAttributes checks what a CloudEvent must have (CloudEvents 1.0, "Context attributes").
func (c *Config) checkAttributes(m *mistakes) {
	if c.Type == "" {
		m.add("type", "a CloudEvent needs one, such as com.example.user.confirmed")
	} else if !attribute(c.Type) || strings.Contains(c.Type, "${{") {
		m.add("type", "write plain text without control characters")
	}
	_, err := url.Parse(c.Source)
	switch {
	case c.Source == "":
		m.add("source", "a CloudEvent needs one, such as https://example.com/sign-up")
	case err != nil || !attribute(c.Source) || strings.ContainsAny(c.Source, " {}<>\""):
		m.add("source", "write a URI as plain text, such as https://example.com/sign-up")
	}
}

// checkBody measures a body without expressions; one with them is measured when it is sent.
func (c *Config) checkBody(m *mistakes) {
	if c.JSON == nil {
		m.add("json", "it is missing")
		return
	}
	if len(c.JSON.Paths()) > 0 {
		return
	}
	if _, err := data(context.Background(), c.JSON, nil); err != nil {
		m.add("json", strings.TrimPrefix(fmt.Sprint(errors.Unwrap(err)), "json: "))
	}
}
