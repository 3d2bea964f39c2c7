package policyfile

import (
	"bytes"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"

	"github.com/postconfirm/postconfirm/enrich/yamldoc"
	"github.com/postconfirm/postconfirm/trigger/presignup"
)

// deniedDomains reads the domains of a deny rule.
func (r *reader) deniedDomains(n *yaml.Node) *presignup.Domains {
	d := &presignup.Domains{}
	for _, item := range r.List(n, "domains") {
		text, ok := r.Text(item, "a domain")
		if !ok || r.misshapen(item, text) {
			continue
		}
		if strings.HasPrefix(text, "*.") || strings.HasPrefix(text, ".") {
			r.At(item, "sub-domains are denied anyway", fmt.Sprintf("write %s", strings.TrimLeft(text, "*.")))
			continue
		}
		name, err := presignup.DeniedDomain(text)
		if err != nil {
			r.At(item, fmt.Sprintf("%q is no domain: %v", yamldoc.Short(text), err), "")
			continue
		}
		if isSuffix(name) {
			r.Warn(item, fmt.Sprintf("%s is a public suffix: every domain under it is denied", name), "")
		}
		d.Add(name)
	}
	r.some(n, "domains", nil)
	return d
}

// maxBadLines is how many lines of a list are told; the rest of a wrong file says nothing new.
const maxBadLines = 10

// domainsFile reads a list: one domain a line, # before a remark.
func (r *reader) domainsFile(n *yaml.Node) *presignup.Domains {
	d := &presignup.Domains{}
	path, ok := r.Text(n, "domains-file")
	if !ok {
		return d
	}
	if r.files == nil {
		r.At(n, "domains-file can't be read here: a policy without a place has no files beside it", "put the policy into a file of the zip, or the domains into domains")
		return d
	}
	data, err := r.files(path)
	switch {
	case err != nil:
		r.At(n, fmt.Sprintf("domains-file can't be read: %v", err), "the path is relative to the policy")
		return d
	case len(data) > MaxList:
		r.At(n, fmt.Sprintf("%s is larger than %d bytes", path, MaxList), "")
		return d
	}
	bad := r.listLines(n, path, data, d)
	if bad == 0 && d.Len() == 0 {
		r.At(n, fmt.Sprintf("%s names no domain", path), "one domain in each line; a remark begins with #")
	}
	return d
}

// listLines fills d and tells how many lines are wrong.
func (r *reader) listLines(n *yaml.Node, path string, data []byte, d *presignup.Domains) (bad int) {
	line := 0
	for text := range bytes.Lines(bytes.TrimPrefix(data, []byte("\ufeff"))) {
		line++
		domain, _, _ := strings.Cut(string(text), "#")
		domain = strings.TrimSpace(domain)
		if domain == "" {
			continue
		}
		name, err := presignup.DeniedDomain(strings.TrimPrefix(strings.TrimPrefix(domain, "*"), "."))
		if err == nil {
			d.Add(name)
			continue
		}
		if bad++; bad <= maxBadLines {
			r.At(n, fmt.Sprintf("%s:%d: %q is no domain: %v", path, line, yamldoc.Short(domain), err), "")
		}
	}
	if bad > maxBadLines {
		r.At(n, fmt.Sprintf("%s: %d more lines are no domains", path, bad-maxBadLines), "")
	}
	return bad
}

// misshapen reports what is no domain at a glance.
func (r *reader) misshapen(n *yaml.Node, text string) bool {
	hint := ""
	switch {
	case text == "*":
		r.At(n, `"*" is no domain`, "a confirm rule for everybody says everyone: true")
		return true
	case strings.Contains(text, "://"), strings.Contains(text, "/"):
		hint = "only the domain is meant, without https:// and path"
	case strings.Contains(text, "@"):
		hint = "only what comes after the @ is meant: " + text[strings.LastIndex(text, "@")+1:]
	case strings.Contains(text, ":"):
		hint = "only the domain is meant, without a port"
	case strings.ContainsAny(text, " \t\n,;"):
		hint = "one domain for each element of the list"
	case strings.Contains(strings.TrimPrefix(text, "*."), "*"):
		hint = "a * stands only before all of a domain: *.example.com"
	default:
		return false
	}
	r.At(n, fmt.Sprintf("%q is no domain", yamldoc.Short(text)), hint)
	return true
}

// confirmedDomain reads a domain of a confirm rule: byte for byte as it will be compared, so nothing is normalised here
// either, but said. below is true for the sub-domains of the domain.
func (r *reader) confirmedDomain(n *yaml.Node) (domain string, below bool) {
	text, ok := r.Text(n, "a domain")
	if !ok || r.misshapen(n, text) {
		return "", false
	}
	domain, below = strings.CutPrefix(text, "*.")
	switch {
	case strings.HasPrefix(domain, "."):
		bare := strings.TrimLeft(domain, ".")
		r.At(n, fmt.Sprintf("%q could mean two things", yamldoc.Short(text)), fmt.Sprintf("write %s for the domain itself, \"*.%s\" for its sub-domains, or both", bare, bare))
	case isICANN(domain), below && isSuffix(domain) && presignup.PlainDomain(domain):
		r.At(n, fmt.Sprintf("%s is a public suffix: anybody can register a domain under it", domain), "name the domains that are meant")
	case !presignup.PlainDomain(domain):
		r.At(n, fmt.Sprintf("%q is no plain domain", yamldoc.Short(text)), plainHint(domain))
	default:
		return domain, below
	}
	return "", false
}

// plainHint says how a domain would be written that could be compared byte for byte.
func plainHint(domain string) string {
	ascii, err := idna.Registration.ToASCII(strings.ToLower(strings.TrimSuffix(domain, ".")))
	if err != nil || !presignup.PlainDomain(ascii) || ascii == domain {
		return "a domain has two or more labels of lower-case letters, digits and hyphens"
	}
	return "write " + ascii
}

// isSuffix tells whether people who don't know each other have domains directly under this one.
func isSuffix(domain string) bool {
	suffix, _ := publicsuffix.PublicSuffix(domain)
	return suffix == domain
}

// isICANN tells whether it is a registry's suffix. A company's own (github.io) may well have addresses itself.
func isICANN(domain string) bool {
	suffix, icann := publicsuffix.PublicSuffix(domain)
	return suffix == domain && icann
}
