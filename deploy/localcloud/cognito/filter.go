package cognito

import "strings"

// statusFilter is the name under which a user's status can be searched, and under which events show it.
const statusFilter = "cognito:user_status"

// filter is the one clause of a ListUsers call. The zero filter lets everyone pass.
type filter struct {
	name   string
	value  string
	prefix bool
}

// searchable lists what a filter may name (API Reference, ListUsers).
var searchable = map[string]bool{
	"username": true, emailAttribute: true, phoneAttribute: true, "name": true, "given_name": true, "family_name": true,
	preferredAttribute: true, statusFilter: true, "status": true, subAttribute: true,
}

// readFilter reads `name = "value"` or `name ^= "value"`. In the value a backslash escapes a quotation mark or a
// backslash.
func readFilter(text string) (f filter, err error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return filter{}, nil
	}
	name, rest, ok := strings.Cut(text, "=")
	if !ok {
		return filter{}, unreadable()
	}
	name, f.prefix = strings.CutSuffix(strings.TrimSpace(name), "^")
	f.name = strings.TrimSpace(name)
	if f.value, ok = unquote(strings.TrimSpace(rest)); !ok || f.name == "" || strings.ContainsAny(f.name, " \t\"") {
		return filter{}, unreadable()
	}
	if !searchable[f.name] {
		return filter{}, invalid("Invalid search attribute: %s", f.name)
	}
	return f, nil
}

func unreadable() error { return invalid("Error while parsing filter") }

// unquote reads a quoted value that is all of the text.
func unquote(text string) (value string, ok bool) {
	body, ok := strings.CutPrefix(text, `"`)
	if !ok {
		return "", false
	}
	var b strings.Builder
	for i := 0; i < len(body); i++ {
		switch c := body[i]; c {
		case '"':
			return b.String(), i == len(body)-1
		case '\\':
			if i++; i == len(body) || body[i] != '"' && body[i] != '\\' {
				return "", false
			}
			b.WriteByte(body[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}

// passes tells whether a user in a state is what the filter looks for. Status does not mind the case; addresses and
// preferred names don't in a pool that does not.
func (f filter) passes(p *pool, u *user, r *record) bool {
	value, want := r.attributes.get(f.name), f.value
	switch f.name {
	case "":
		return true
	case "username":
		value = u.username
	case "status":
		value = map[bool]string{true: "Enabled", false: "Disabled"}[r.enabled]
	case statusFilter:
		value, want = strings.ToLower(r.status), strings.ToLower(want)
	case emailAttribute, phoneAttribute, preferredAttribute:
		value, want = p.fold(value), p.fold(want)
	}
	if f.prefix {
		return value != "" && strings.HasPrefix(value, want)
	}
	return value == want && value != ""
}

// candidates narrows down whom to look at where an index knows; else it is everyone. With a lag an index, which
// knows the present, is of no use.
func (f filter) candidates(p *pool) []*user {
	if f.prefix || p.service.switches.ListLag > 0 {
		return p.users
	}
	var one *user
	switch f.name {
	case "username":
		one = p.byName[p.fold(f.value)]
	case subAttribute:
		one = p.bySub[f.value]
	case emailAttribute, phoneAttribute:
		return p.inOrder(p.values[attribute{f.name, p.fold(f.value)}])
	default:
		return p.users
	}
	if one == nil {
		return nil
	}
	return []*user{one}
}
