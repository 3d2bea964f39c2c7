package hubspot

import (
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
	m := &connect.Mistakes{}
	s := &step{config: *c, client: c.client, action: or(c.Action, Upsert), root: c.root(m)}
	s.path = c.path(m)
	c.checkAction(m)
	c.checkNames(m)
	if c.Token == nil {
		m.Add("token", "it is missing")
	}
	if c.Email == nil {
		m.Add("email", "it is missing")
	}
	if err := m.Err(); err != nil {
		return nil, err
	}
	return s, nil
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func (c *Config) checkAction(m *connect.Mistakes) {
	switch or(c.Action, Upsert) {
	case Upsert:
		if len(c.Fetch) > 0 {
			m.Add("fetch", "an upsert gives back id and new only; use a step with action: lookup to read properties")
		}
	case Lookup:
		if len(c.Properties) > 0 {
			m.Add("properties", "a lookup writes nothing; name what it should read under fetch")
		}
	default:
		m.Add("action", "write upsert or lookup")
	}
}

func (c *Config) checkNames(m *connect.Mistakes) {
	for _, name := range sorted(c.Properties) {
		if problem := badName(name); problem != "" {
			m.Add("properties."+name, problem)
		}
		if name == "email" {
			m.Add("properties.email", "the address names the contact and is written with it; put it into email")
		}
		if c.Properties[name] == nil {
			m.Add("properties."+name, "the value is missing")
		}
	}
	for i, name := range c.Fetch {
		if problem := badName(name); problem != "" {
			m.Add("fetch", name+": "+problem)
		}
		if slices.Contains(c.Fetch[:i], name) {
			m.Add("fetch", name+" stands there twice")
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
func (c *Config) path(m *connect.Mistakes) string {
	version := or(c.Version, DefaultVersion)
	switch {
	case version == "v3":
		return "/crm/v3/objects/contacts/batch/"
	case datedVersion.MatchString(version) && version >= "2025-09":
		return "/crm/objects/" + version + "/contacts/batch/"
	}
	m.Add("version", "no version of this API; write "+DefaultVersion+", another March or September since 2025-09, or v3")
	return ""
}

// root checks the base URL. Nothing of a user can be in it: it is plain text.
func (c *Config) root(m *connect.Mistakes) *url.URL {
	u := c.client.PlainURL(m, connect.Place{Field: "base-url", Secrets: "the token says who we are",
		OriginOnly: "write scheme and host only; the path follows from version"}, or(c.BaseURL, DefaultBaseURL))
	if u == nil {
		return nil
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}
}

func sorted[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
