package httpstep

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// Connector checks the block and makes the step's connector. Its errors are *enrich.FieldError, joined.
func (c *Config) Connector() (enrich.Connector, error) {
	m := &connect.Mistakes{}
	s := &step{config: *c, shared: c.shared, class: c.class(), method: c.method(), space: c.shared.lookups.Space()}
	s.address = newAddress(m, c)
	s.tokenURL = tokenURL(m, c)
	s.outputs = newOutputs(m, c.Outputs)
	c.checkMethod(m)
	c.checkHeaders(m)
	c.checkCredentials(m)
	c.checkTokens(m)
	c.checkAnswer(m)
	c.checkPending(m)
	c.checkCache(m)
	if err := m.Err(); err != nil {
		return nil, err
	}
	return s, nil
}

func (c *Config) method() string {
	if c.Method == "" {
		return http.MethodGet
	}
	return c.Method
}

func (c *Config) reads() bool { return c.method() == http.MethodGet || c.method() == http.MethodHead }

// class follows the promises of the methods (RFC 9110, section 9.2), and for POST and PATCH the key.
func (c *Config) class() enrich.Class {
	switch c.method() {
	case http.MethodGet, http.MethodHead:
		return enrich.Read
	case http.MethodPut, http.MethodDelete:
		return enrich.Idempotent
	}
	if c.Key != "" {
		return enrich.Keyed
	}
	return enrich.Unsafe
}

func (c *Config) checkMethod(m *connect.Mistakes) {
	known := []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
	switch {
	case !slices.Contains(known, c.method()):
		m.Add("method", "write one of "+strings.Join(known, ", "))
	case c.reads() && c.JSON != nil:
		m.Add("json", "a "+c.method()+" has no body; put the values into query, or use another method")
	case c.reads() && c.Form != nil:
		m.Add("form", "a "+c.method()+" has no body; put the values into query, or use another method")
	case c.JSON != nil && c.Form != nil:
		m.Add("form", "use json or form, not both")
	case c.reads() && c.Key != "":
		m.Add("idempotency-key", "a "+c.method()+" changes nothing and needs no key")
	}
}

func (c *Config) checkHeaders(m *connect.Mistakes) {
	seen := map[string]string{}
	for _, name := range sorted(c.Headers) {
		if err := connect.CheckHeaderName(name); err != nil {
			m.Add("headers", name+": "+err.Error())
		}
		if c.Headers[name] == nil {
			m.Add("headers", name+": the value is missing")
		}
		c.claim(m, seen, "headers", name)
	}
	c.checkName(m, seen, "auth-header", c.AuthHeader)
	c.checkName(m, seen, "idempotency-key", c.Key)
	for field, values := range map[string]map[string]*expr.Template{"query": c.Query, "form": c.Form} {
		for _, name := range sorted(values) {
			if values[name] == nil {
				m.Add(field, name+": the value is missing")
			}
		}
	}
	if _, twice := c.Query[c.AuthQuery]; twice {
		m.Add("auth-query", c.AuthQuery+" is set twice: here and in query")
	}
}

// checkName checks a field that holds the name of a header; it may be empty.
func (c *Config) checkName(m *connect.Mistakes, seen map[string]string, field, name string) {
	if name == "" {
		return
	}
	if err := connect.CheckHeaderName(name); err != nil {
		m.Add(field, err.Error())
	}
	c.claim(m, seen, field, name)
}

// claim notes that a field sets a header, and that no other field may.
func (c *Config) claim(m *connect.Mistakes, seen map[string]string, field, name string) {
	canonical := http.CanonicalHeaderKey(name)
	if other, taken := seen[canonical]; taken {
		m.Add(field, canonical+" is set twice: here and in "+other)
	} else if canonical == "Authorization" && (c.Bearer != nil || c.User != nil || c.TokenURL != "") {
		m.Add(field, "Authorization is set by bearer, basic-user or token-url already")
	}
	seen[canonical] = field
}

func (c *Config) checkCredentials(m *connect.Mistakes) {
	if c.Bearer != nil && c.User != nil {
		m.Add("bearer", "use bearer or basic-user, not both")
	}
	if (c.User == nil) != (c.Password == nil) {
		m.Add("basic-user", "basic-user and basic-password go together")
	}
	switch {
	case c.AuthHeader != "" && c.AuthQuery != "":
		m.Add("auth-query", "use auth-header or auth-query, not both; a header is seen by fewer")
	case c.AuthQuery == "" && (c.AuthHeader == "") != (c.AuthValue == nil):
		m.Add("auth-header", "auth-value goes together with auth-header or auth-query")
	case c.AuthQuery != "" && c.AuthValue == nil:
		m.Add("auth-query", "auth-query and auth-value go together")
	}
}

func (c *Config) checkTokens(m *connect.Mistakes) {
	switch {
	case c.TokenURL != "" && (c.Bearer != nil || c.User != nil):
		m.Add("token-url", "use one of token-url, bearer and basic-user")
	case (c.TokenURL == "") != (c.ClientID == nil), (c.TokenURL == "") != (c.ClientSecret == nil):
		m.Add("token-url", "token-url, client-id and client-secret go together")
	case c.TokenURL == "" && c.Scope+c.Audience != "":
		m.Add("token-url", "scope and audience are for token-url, which is missing")
	}
	if c.ClientAuth != "" && c.ClientAuth != "header" && c.ClientAuth != "body" {
		m.Add("client-auth", "write header or body")
	}
}

// checkPending: who asks again must be one who may.
func (c *Config) checkPending(m *connect.Mistakes) {
	if len(c.Pending) > 0 && !c.class().Repeatable() {
		m.Add("pending", "the step would be asked again, and a "+c.method()+" without idempotency-key must not be")
	}
	for _, status := range c.Pending {
		switch {
		case status < 200 || status > 499:
			m.Add("pending", "a status that means \"not ready\" lies between 200 and 499")
		case slices.Contains(c.NotFound, status):
			m.Add("pending", strconv.Itoa(status)+" stands in not-found, too")
		}
	}
}

func (c *Config) checkCache(m *connect.Mistakes) {
	switch {
	case c.Cache != 0 && !c.reads():
		m.Add("cache", "only what a GET or HEAD answers can be remembered")
	case c.Cache < 0 || c.Cache > maxCache:
		m.Add("cache", "write a time of 24h or less")
	}
}

// maxCache is the longest that an answer is remembered: what is older belongs into a database.
const maxCache = 24 * time.Hour

func (c *Config) checkAnswer(m *connect.Mistakes) {
	if c.Answer != "" && c.Answer != "json" && c.Answer != "none" {
		m.Add("answer", "write json or none")
	}
	if c.Answer == "none" && len(c.Outputs) > 0 {
		m.Add("outputs", "there is nothing to read with answer: none")
	}
	if c.MaxBody < 0 || c.MaxBody > connect.DefaultMaxBody {
		m.Add("max-body", "write a number of bytes from 1 to 1048576")
	}
	for _, status := range c.NotFound {
		if status < 200 || status > 499 {
			m.Add("not-found", "a status that means \"no such thing\" lies between 200 and 499")
		}
	}
}

// A name must be usable as steps.ID.NAME, and must not hide what the step has anyway.
var outputName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// newOutputs reads the outputs as plain paths.
func newOutputs(m *connect.Mistakes, outputs map[string]*expr.Template) map[string][]string {
	paths := make(map[string][]string, len(outputs))
	for _, name := range sorted(outputs) {
		if !outputName.MatchString(name) || slices.Contains([]string{"status", "body", "outcome"}, name) {
			m.Add("outputs", name+": a name has letters, digits and underscores, and is not status, body or outcome")
			continue
		}
		text, static := "", false
		if outputs[name] != nil {
			text, static = outputs[name].Static()
		}
		path := strings.Split(text, ".")
		if !static || slices.Contains(path, "") {
			m.Add("outputs", name+": write a plain path into the body, such as company.legal_name or results.0.id")
			continue
		}
		paths[name] = path
	}
	return paths
}

func sorted[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
