package pipefile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/yamldoc"
)

// rights are names of attributes that other programs let people in by.
var rights = []string{"role", "roles", "admin", "is_admin", "group", "groups", "permission", "permissions", "scope", "scopes", "entitlement", "entitlements"}

// asItCame is the text of a value that is what a step answered, and nothing else.
var asItCame = regexp.MustCompile(`^\s*\$\{\{\s*steps\.[A-Za-z0-9_.]+\s*\}\}\s*$`)

// right warns of an attribute that gives rights and gets whatever an outside system says: who holds that one could make
// anybody an administrator here.
func (r *reader) right(e yamldoc.Entry, a enrich.Attribute) {
	name := strings.ToLower(strings.TrimPrefix(a.Name, "custom:"))
	if a.Value == nil || len(a.OneOf) > 0 || !slices.Contains(rights, name) || !asItCame.MatchString(a.Value.Source()) {
		return
	}
	r.Warn(e.Key, fmt.Sprintf("%s is whatever an outside system says", yamldoc.Short(a.Name)), "if it gives rights, name the values that may be written with one-of")
}
