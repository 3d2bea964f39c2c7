package connect

import (
	"net/url"
	"strings"
)

// Place is a URL that stands in a pipeline file and says whom we talk to. Its host is plain text, and no value of a user
// is ever a part of it. The texts are said to the file's author when the URL breaks their rule.
type Place struct {
	Field      string // the option that holds the URL
	Secrets    string // where user and password belong instead: "use client-id and client-secret"
	Unsafe     string // why http to another machine is refused, as a whole message; "" says only what to write
	AllowHTTP  bool   // http to another machine is allowed, because the file says so in plain words
	OriginOnly string // if not "", the URL has scheme and host only, and this is said of a path, a query or a fragment
}

// PlainURL reads a URL in which nothing may be filled in, and checks it as [Client.CheckPlace] does. It is nil when the
// text is no URL at all; whatever is wrong is among the mistakes.
func (c *Client) PlainURL(m *Mistakes, p Place, text string) *url.URL {
	if strings.Contains(text, "${{") {
		m.Add(p.Field, "write it as plain text, without expressions; nothing chooses whom we talk to but the file")
		return nil
	}
	u, err := url.Parse(text)
	if err != nil {
		m.Add(p.Field, "it is no URL")
		return nil
	}
	c.CheckPlace(m, p, u, text)
	return u
}

// CheckPlace refuses a URL that has no plain host, carries a password, is readable on the way without need, or names
// an address that this client could never connect to (see [Client.CheckHost]). text is the URL as the file has it. No
// message quotes it: somebody may have written a password into it.
func (c *Client) CheckPlace(m *Mistakes, p Place, u *url.URL, text string) {
	if problem := p.problem(u, text); problem != "" {
		m.Add(p.Field, problem)
	}
	if c.CheckHost(u.Hostname()) != nil {
		m.Add(p.Field, "the host is this machine or a private address; whoever runs the worker can allow it, a pipeline can't")
	}
}

// problem is the first thing that is wrong with the URL itself, or "".
func (p Place) problem(u *url.URL, text string) string {
	host := u.Hostname()
	switch {
	case u.User != nil:
		return "no user or password in the URL; " + p.Secrets
	case host == "" || u.Opaque != "":
		return "the host is missing; start the URL with https:// and the host"
	case strings.ContainsFunc(host, func(r rune) bool { return !hostLetter(r) }):
		return "write the host in plain ASCII (xn--… for other scripts)"
	case strings.HasSuffix(u.Host, ":"):
		return "the port is missing behind the colon"
	case p.OriginOnly != "" && (strings.Trim(u.Path, "/") != "" || strings.ContainsAny(text, "?#")):
		return p.OriginOnly
	case strings.Contains(text, "#"):
		return "a server never sees what stands behind a #"
	}
	return p.readable(u)
}

// readable says what is wrong with the scheme: whoever is on the way reads http.
func (p Place) readable(u *url.URL) string {
	switch {
	case u.Scheme == "https", u.Scheme == "http" && (p.AllowHTTP || Loopback(u.Hostname())):
		return ""
	case u.Scheme == "http" && p.Unsafe != "":
		return p.Unsafe
	}
	return "start it with https://"
}

func hostLetter(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("-._:", r)
}
