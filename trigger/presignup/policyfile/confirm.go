package policyfile

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/postconfirm/postconfirm/enrich/yamldoc"
	"github.com/postconfirm/postconfirm/trigger/presignup"
)

var grantConditions = []string{"domains", "everyone", "self-asserted-domain"}

// freeMail are providers where anybody has an address within a minute.
var freeMail = []string{"gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com", "icloud.com", "me.com",
	"aol.com", "gmx.de", "gmx.net", "web.de", "mail.ru", "yandex.ru", "proton.me", "protonmail.com", "qq.com", "163.com"}

// grant reads one confirm rule.
func (r *reader) grant(n *yaml.Node, deny []presignup.Denial) presignup.Grant {
	keys := r.Keys(n, "a confirm rule", append([]string{"name", "verify", "ask-pool"}, grantConditions...), nil)
	g := presignup.Grant{Name: r.named(n, keys["name"]), AskPool: true}
	switch name, e := r.condition(n, keys, grantConditions); name {
	case "domains":
		r.confirmedDomains(e.Value, &g, deny)
	case "everyone":
		if value, ok := r.Boolean(e.Value, "everyone"); ok && !value {
			r.At(e.Value, "everyone can only be true", "remove the rule")
		}
		g.Everyone = true
		r.Warn(e.Key, "everybody who signs up is confirmed, bots included", "")
	case "self-asserted-domain":
		g.SelfAsserted = r.claimed(e.Value)
	}
	if e := keys["verify"]; e.Present() {
		r.verify(e.Value, &g)
	}
	if e := keys["ask-pool"]; e.Present() {
		g.AskPool, _ = r.Boolean(e.Value, "ask-pool")
		if !g.AskPool && (g.VerifyEmail || g.VerifyPhone) {
			r.At(e.Value, "a rule that verifies must ask the pool", "verifying an address takes it away from whoever holds it")
		}
	}
	return g
}

func (r *reader) confirmedDomains(n *yaml.Node, g *presignup.Grant, deny []presignup.Denial) {
	for _, item := range r.List(n, "domains") {
		domain, below := r.confirmedDomain(item)
		switch {
		case domain == "":
			continue
		case below:
			g.Below = append(g.Below, domain)
		default:
			g.Exact = append(g.Exact, domain)
		}
		if slices.Contains(freeMail, domain) {
			r.Warn(item, fmt.Sprintf("anybody can have an address at %s", domain), "")
		}
		for i := range deny {
			if d := &deny[i]; d.Sources.SignUp && d.Domains != nil && d.Domains.Has(domain) {
				r.Warn(item, fmt.Sprintf("the rule %s denies %s: it is never confirmed", d.Name, domain), "")
			}
		}
	}
	r.some(n, "domains", nil)
}

// claimed reads the attribute in which a client says what its domain is.
func (r *reader) claimed(n *yaml.Node) string {
	name, ok := r.Text(n, "self-asserted-domain")
	switch {
	case !ok:
		return ""
	case !strings.HasPrefix(name, "custom:") || !attributeName.MatchString(name):
		r.At(n, fmt.Sprintf("%q is no custom attribute", yamldoc.Short(name)), "it looks like custom:domain")
		return ""
	}
	r.Warn(n, fmt.Sprintf("whoever signs up writes %s: the rule confirms everybody who knows of it", name), "name the domains that are meant under domains")
	return name
}

// verify reads what a rule marks as verified besides.
func (r *reader) verify(n *yaml.Node, g *presignup.Grant) {
	items := r.List(n, "verify")
	for _, item := range items {
		switch i, ok := r.Choice(item, "an element of verify", []string{"email", "phone_number"}); {
		case !ok:
		case i == 0:
			g.VerifyEmail = true
		default:
			g.VerifyPhone = true
		}
	}
	if n.Kind == yaml.SequenceNode && len(items) == 0 {
		r.At(n, "verify is empty", "leave it out to verify nothing")
	}
	if g.VerifyEmail || g.VerifyPhone {
		r.Warn(n, "addresses count as verified that nobody has proved: whoever types one owns it here", "without verify the account is confirmed, and its address is not")
	}
}
