package salesforce

import (
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
)

// Connector checks the block and makes the step's connector. Its errors are *enrich.FieldError, joined.
func (c *Config) Connector() (enrich.Connector, error) {
	m := &connect.Mistakes{}
	s := &step{config: *c, login: c.checkLogin(m)}
	c.checkGrant(m)
	c.checkNames(m)
	c.checkVersion(m)
	for _, host := range c.Instances {
		if !hostName.MatchString(host) {
			m.Add("instances", "write whole host names, without https:// and without *")
		}
	}
	if c.Value == nil {
		m.Add("value", "it is missing")
	}
	if c.Fields == nil {
		m.Add("fields", "they are missing")
	}
	if err := m.Err(); err != nil {
		return nil, err
	}
	return s, nil
}

var (
	// API names of objects and fields have letters, digits and underscores (Object Reference, "Custom Objects").
	apiName  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,99}$`)
	hostName = regexp.MustCompile(`^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)
	version  = regexp.MustCompile(`^[0-9]{2,3}\.0$`)
)

// checkLogin reads the origin of the org.
func (c *Config) checkLogin(m *connect.Mistakes) *url.URL {
	u := c.client.PlainURL(m, connect.Place{Field: "login", Secrets: "use client-id and client-secret",
		OriginOnly: "write the host only; the path is always /services/oauth2/token"}, c.Login)
	if u == nil {
		return nil
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}
}

func (c *Config) checkGrant(m *connect.Mistakes) {
	if c.ClientID == nil {
		m.Add("client-id", "it is missing")
	}
	switch {
	case (c.Secret == nil) == (c.PrivateKey == nil):
		m.Add("client-secret", "write client-secret, or private-key and username")
	case (c.PrivateKey == nil) != (c.Username == nil):
		m.Add("username", "private-key and username go together")
	}
	if u, err := url.Parse(c.Audience); err != nil || c.Audience != "" && u.Host == "" {
		m.Add("audience", "write the URL of the login server, such as https://login.salesforce.com")
	}
}

func (c *Config) checkNames(m *connect.Mistakes) {
	if !apiName.MatchString(c.Object) {
		m.Add("object", "write an API name as plain text, such as Contact or Customer__c")
	}
	if !apiName.MatchString(c.External) {
		m.Add("external-id", "write an API name as plain text, such as Cognito_Sub__c")
	}
}

// checkVersion: from 46.0 on an update is answered with the id (REST API Developer Guide, "Insert or Update").
func (c *Config) checkVersion(m *connect.Mistakes) {
	number, _, _ := strings.Cut(c.Version, ".")
	if n, err := strconv.Atoi(number); c.Version != "" && (!version.MatchString(c.Version) || err != nil || n < 46) {
		m.Add("version", "write a version from 46.0 on, such as "+defaultVersion)
	}
}

// The defaults, which the tags of Config name as well.
const (
	defaultVersion  = "62.0"
	defaultAudience = "https://login.salesforce.com"
)

// instance is where a token is to be used: where its answer says, if that is Salesforce's or in the file. Whoever could
// forge that answer has the token anyway, but must not choose whom inside our network we talk to.
func (s *step) instance(said string) (*url.URL, error) {
	if said == "" {
		return s.login, nil
	}
	u, err := url.Parse(said)
	switch {
	case err != nil || u.User != nil || u.Opaque != "" || strings.Trim(u.Path, "/") != "" || u.RawQuery+u.Fragment != "":
		return nil, errInstance
	case u.Scheme == s.login.Scheme && u.Host == s.login.Host:
		return s.login, nil
	case u.Scheme != "https" || u.Port() != "" && u.Port() != "443" || !s.trusted(u.Hostname()):
		return nil, errInstance
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

func (s *step) trusted(host string) bool {
	host = strings.ToLower(host)
	for _, owned := range []string{".salesforce.com", ".force.com"} {
		if strings.HasSuffix(host, owned) && hostName.MatchString(host) {
			return true
		}
	}
	return slices.ContainsFunc(s.config.Instances, func(allowed string) bool { return strings.EqualFold(allowed, host) })
}

// errInstance never shows what was said.
var errInstance = &enrich.Error{Kind: enrich.Denied, Code: codeInstance,
	Err: errors.New("the token's answer names an instance_url that is neither Salesforce's nor in the file")}
