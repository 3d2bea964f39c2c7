package presignup

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/postconfirm/postconfirm/enrich/event"
)

// notApplicable stands for the app client when an administrator acts (observed; not documented).
const notApplicable = "CLIENT_ID_NOT_APPLICABLE"

// denial finds the first deny rule that is for this event, nil if there is none, and its reason.
func (p *Policy) denial(a *application) (rule *Denial, reason string) {
	for i := range p.Deny {
		r := &p.Deny[i]
		if !r.Sources.has(a.source) {
			continue
		}
		if reason := r.reason(a); reason != "" {
			return r, reason
		}
	}
	return nil, ""
}

// reason tells why the rule denies, "" if it doesn't.
func (r *Denial) reason(a *application) string {
	switch {
	case r.Domains != nil:
		return r.domain(a)
	case r.Username != nil:
		return r.Username.reason(a)
	case len(r.Missing) > 0:
		for _, name := range r.Missing {
			if len(a.texts(name)) == 0 {
				return "denied_attribute_missing"
			}
		}
	case len(r.ClientsExcept) > 0:
		admin := a.source == adminCreateUser && a.client == notApplicable
		if !admin && !slices.Contains(r.ClientsExcept, a.client) {
			return "denied_client"
		}
	}
	return ""
}

func (r *Denial) domain(a *application) string {
	for _, address := range a.texts("email") {
		switch {
		case !r.Domains.in(address):
		case r.Listed:
			return "denied_domain_listed"
		default:
			return "denied_domain"
		}
	}
	return ""
}

// reason looks at every name that the event has; an event without one has the empty name.
func (u *Username) reason(a *application) string {
	names := make([]string, 0, 1)
	for _, raw := range a.names {
		s, _ := event.String(raw)
		names = append(names, s)
	}
	if len(names) == 0 {
		names = append(names, "")
	}
	for _, name := range names {
		if reason := u.against(name, a); reason != "" {
			return reason
		}
	}
	return ""
}

// against holds one name to the rule. In pools where people sign in with an address the name is a UUID that Cognito
// made (Amazon Cognito Developer Guide, Customizing sign-in attributes): nobody chose it. Nor is the length of an address a
// length of a name, but a pattern may well be meant for it.
func (u *Username) against(name string, a *application) string {
	if isUUID(name) {
		return ""
	}
	length := utf8.RuneCountInString(name)
	switch {
	case u.Pattern != nil && u.Pattern.MatchString(name):
		return "denied_username_pattern"
	case a.isAddress(name):
		return ""
	case length < u.ShorterThan:
		return "denied_username_short"
	case u.LongerThan > 0 && length > u.LongerThan:
		return "denied_username_long"
	}
	return ""
}

// isAddress tells whether a user name is the person's own address.
func (a *application) isAddress(name string) bool {
	same := func(own string) bool { return strings.EqualFold(own, name) }
	return name != "" && (slices.ContainsFunc(a.texts("email"), same) || slices.ContainsFunc(a.texts("phone_number"), same))
}

// isUUID knows the form of a UUID as Cognito writes it, in lower case.
func isUUID(name string) bool {
	if len(name) != 36 {
		return false
	}
	for i := range len(name) {
		switch c := name[i]; i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if strings.IndexByte("0123456789abcdef", c) < 0 {
				return false
			}
		}
	}
	return true
}
