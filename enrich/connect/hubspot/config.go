package hubspot

import (
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
)

const maxName = 100 // characters of a property's name

var (
	// HubSpot's internal names: lower case, and fixed once a property exists (HubSpot knowledge base, "Create and edit properties").
	propertyName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	// A version of the contacts API (HubSpot docs, "Developer platform and API versioning"): March and September of each year.
	datedVersion = regexp.MustCompile(`^20[0-9]{2}-(03|09)(-beta)?$`)
)

// Connector checks the block and makes the step's connector. Its errors are *enrich.FieldError, joined.
func (c *Config) Connector() (enrich.Connector, error) {
	m := &mistakes{}
	s := &step{config: *c, client: c.client, action: or(c.Action, Upsert), root: c.root(m)}
	s.path = c.path(m)
	c.checkAction(m)
	c.checkNames(m)
	if c.Token == nil {
		m.add("token", "it is missing")
	}
	if c.Email == nil {
		m.add("email", "it is missing")
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

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func (c *Config) checkAction(m *mistakes) {
	switch or(c.Action, Upsert) {
	case Upsert:
		if len(c.Fetch) > 0 {
			m.add("fetch", "an upsert gives back id and new only; use a step with action: lookup to read properties")
		}
	case Lookup:
		if len(c.Properties) > 0 {
			m.add("properties", "a lookup writes nothing; name what it should read under fetch")
		}
	default:
		m.add("action", "write upsert or lookup")
	}
}

func (c *Config) checkNames(m *mistakes) {
	for _, name := range sorted(c.Properties) {
		if problem := badName(name); problem != "" {
			m.add("properties."+name, problem)
		}
		if name == "email" {
			m.add("properties.email", "the address names the contact and is written with it; put it into email")
		}
		if c.Properties[name] == nil {
			m.add("properties."+name, "the value is missing")
		}
	}
	for i, name := range c.Fetch {
		if problem := badName(name); problem != "" {
			m.add("fetch", name+": "+problem)
		}
		if slices.Contains(c.Fetch[:i], name) {
			m.add("fetch", name+" stands there twice")
		}
	}
}

// badName says what is wrong with the name of a property.
func badName(name string) string {
	switch {
	case propertyName.MatchString(strings.ToLower(name)) && strings.ToLower(name) != name:
		return "HubSpot's internal names are in lower case; write " + strings.ToLower(name)
	case !propertyName.MatchString(name) || len(name) > maxName:
		return "no internal name of HubSpot; they begin with a letter and have letters, digits and underscores (see the property's settings in HubSpot)"
	}
	return ""
}

// path is where the contacts are. The dated versions put the date behind "objects", v3 stands before it.
func (c *Config) path(m *mistakes) string {
	version := or(c.Version, DefaultVersion)
	switch {
	case version == "v3":
		return "/crm/v3/objects/contacts/batch/"
	case datedVersion.MatchString(version) && version >= "2025-09":
		return "/crm/objects/" + version + "/contacts/batch/"
	}
	m.add("version", "no version of this API; write "+DefaultVersion+", another March or September since 2025-09, or v3")
	return ""
}

// root checks the base URL. Nothing of a user can be in it: it is plain text.
func (c *Config) root(m *mistakes) *url.URL {
	text := or(c.BaseURL, DefaultBaseURL)
	if strings.Contains(text, "${{") {
		m.add("base-url", "write it as plain text; nothing may choose whom we talk to but the file")
		return nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		m.add("base-url", "it is no URL")
		return nil
	case u.User != nil:
		m.add("base-url", "no user or password in the URL")
	case u.Hostname() == "" || u.Opaque != "" || strings.ContainsFunc(u.Hostname(), func(r rune) bool { return !hostLetter(r) }):
		m.add("base-url", "the host is missing, or not in plain ASCII")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || strings.Contains(text, "#"):
		m.add("base-url", "write scheme and host only; the path follows from version")
	case u.Scheme != "https" && (u.Scheme != "http" || !connect.Loopback(u.Hostname())):
		m.add("base-url", "start it with https://")
	case c.client.CheckHost(u.Hostname()) != nil:
		m.add("base-url", "the host is this machine or a private address; whoever runs the worker can allow it, a pipeline can't")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}
}

func hostLetter(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("-._:", r)
}

func sorted[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
