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
	m := &connect.Mistakes{}
	s := &step{config: *c, client: c.client, url: c.receiver(m), keyLife: or(c.KeyLife, DefaultKeyLife), goneFor: or(c.GoneFor, DefaultGoneFor)}
	c.checkSecrets(m)
	c.checkEvent(m)
	c.checkBody(m)
	if s.keyLife < minKeyLife || s.keyLife > maxLife {
		m.Add("key-life", "write 1m to 720h")
	}
	if s.goneFor < 0 || s.goneFor > maxLife {
		m.Add("gone-for", "write up to 720h")
	}
	if err := m.Err(); err != nil {
		return nil, err
	}
	return s, nil
}

func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// receiver checks the URL.
func (c *Config) receiver(m *connect.Mistakes) *url.URL {
	if c.URL == "" {
		m.Add("url", "it is missing")
		return nil
	}
	return c.client.PlainURL(m, connect.Place{Field: "url", Secrets: "the signature says who we are",
		Unsafe: "start it with https://; a signature hides nothing from those on the way"}, c.URL)
}

// checkSecrets reads those that stand in the file itself, so that a wrong one is known now. Its messages never quote it.
func (c *Config) checkSecrets(m *connect.Mistakes) {
	if c.Secret == nil {
		m.Add("secret", "it is missing")
	}
	checkSecret(m, "secret", c.Secret)
	if c.Previous != nil && c.Previous.Source() != "" {
		checkSecret(m, "previous-secret", c.Previous)
	}
}

func checkSecret(m *connect.Mistakes, field string, t *expr.Template) {
	if t == nil {
		return
	}
	if text, static := t.Static(); static {
		if _, err := newKey(text); err != nil {
			m.Add(field, err.Error()+"; keep it out of the file: ${{ secrets.NAME }}")
		}
	}
}

func (c *Config) checkEvent(m *connect.Mistakes) {
	switch or(c.Format, JSON) {
	case CloudEvents:
		c.checkAttributes(m)
	case JSON:
		c.checkPlain(m)
	default:
		m.Add("format", "write json or cloudevents")
	}
}

// checkPlain refuses what a plain body has no place for.
func (c *Config) checkPlain(m *connect.Mistakes) {
	const only = "only a CloudEvent has it; add format: cloudevents, or put it into json"
	if c.Type != "" {
		m.Add("type", only)
	}
	if c.Source != "" {
		m.Add("source", only)
	}
	if c.Subject != nil {
		m.Add("subject", only)
	}
}

// checkAttributes checks what a CloudEvent must have (CloudEvents 1.0, "Context attributes").
func (c *Config) checkAttributes(m *connect.Mistakes) {
	if c.Type == "" {
		m.Add("type", "a CloudEvent needs one, such as com.example.user.confirmed")
	} else if !attribute(c.Type) || strings.Contains(c.Type, "${{") {
		m.Add("type", "write plain text without control characters")
	}
	_, err := url.Parse(c.Source)
	switch {
	case c.Source == "":
		m.Add("source", "a CloudEvent needs one, such as https://example.com/sign-up")
	case err != nil || !attribute(c.Source) || strings.ContainsAny(c.Source, " {}<>\""):
		m.Add("source", "write a URI as plain text, such as https://example.com/sign-up")
	}
}

// checkBody measures a body without expressions; one with them is measured when it is sent.
func (c *Config) checkBody(m *connect.Mistakes) {
	if c.JSON == nil {
		m.Add("json", "it is missing")
		return
	}
	if len(c.JSON.Paths()) > 0 {
		return
	}
	if _, err := data(context.Background(), c.JSON, nil); err != nil {
		m.Add("json", strings.TrimPrefix(fmt.Sprint(errors.Unwrap(err)), "json: "))
	}
}
