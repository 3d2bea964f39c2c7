package policyfile

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/postconfirm/postconfirm/enrich/yamldoc"
	"github.com/postconfirm/postconfirm/trigger/presignup"
)

// maxMessage is the longest sentence for people, in characters: managed login shows it in one line.
const maxMessage = 200

// maxName is the longest user name, in characters (Amazon Cognito API Reference, SignUp).
const maxName = 128

var (
	denyConditions = []string{"domains", "domains-file", "username", "missing", "clients-except"}
	sourceNames    = []string{"SignUp", "AdminCreateUser", "ExternalProvider"}
)

// denial reads one deny rule.
func (r *reader) denial(n *yaml.Node) presignup.Denial {
	keys := r.Keys(n, "a deny rule", append([]string{"name", "sources", "message"}, denyConditions...), nil)
	d := presignup.Denial{Name: r.named(n, keys["name"]), Message: r.message, Sources: presignup.Sources{SignUp: true}}
	if e := keys["sources"]; e.Present() {
		d.Sources = r.sources(e.Value)
	}
	if e := keys["message"]; e.Present() {
		d.Message = r.sentence(e.Value)
	}
	switch name, e := r.condition(n, keys, denyConditions); name {
	case "domains":
		d.Domains = r.deniedDomains(e.Value)
	case "domains-file":
		d.Domains, d.Listed = r.domainsFile(e.Value), true
	case "username":
		d.Username = r.username(e.Value)
		if d.Sources != (presignup.Sources{SignUp: true}) {
			r.At(e.Key, "user names can be judged at SignUp only", "administrators and other providers make theirs by their own rules: leave out sources")
		}
	case "missing":
		d.Missing = r.attributes(e.Value)
	case "clients-except":
		d.ClientsExcept = r.clients(e.Value)
	}
	return d
}

// sources reads what kinds of sign-up a rule is for.
func (r *reader) sources(n *yaml.Node) (s presignup.Sources) {
	items := r.List(n, "sources")
	for _, item := range items {
		i, ok := r.Choice(item, "an element of sources", sourceNames)
		switch {
		case !ok:
		case i == 0:
			s.SignUp = true
		case i == 1:
			s.AdminCreateUser = true
		default:
			s.ExternalProvider = true
		}
	}
	if n.Kind == yaml.SequenceNode && len(items) == 0 {
		r.At(n, "sources is empty: the rule would never be looked at", yamldoc.OneOf(sourceNames))
	}
	return s
}

// sentence reads a text for people: one line that prints everywhere.
func (r *reader) sentence(n *yaml.Node) string {
	text, ok := r.Text(n, "message")
	switch {
	case !ok:
	case strings.TrimSpace(text) == "":
		r.At(n, "message is empty", "leave it out for the default")
	case utf8.RuneCountInString(text) > maxMessage:
		r.At(n, fmt.Sprintf("message is longer than %d characters", maxMessage), "")
	case strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) }) || strings.ContainsAny(text, "<>"):
		r.At(n, "message has characters that do not print, or < or >", "managed login shows it, in a page or in a URL: plain words")
	case strings.HasSuffix(text, "."):
		r.Warn(n, "Cognito puts a full stop after the message", "leave out the one at its end")
	}
	return text
}

// username reads what a user name must not be.
func (r *reader) username(n *yaml.Node) *presignup.Username {
	keys := r.Keys(n, "username", []string{"pattern", "shorter-than", "longer-than"}, nil)
	u := &presignup.Username{}
	if e := keys["pattern"]; e.Present() {
		u.Pattern = r.pattern(e.Value)
	}
	u.ShorterThan = r.length(keys["shorter-than"], "shorter-than", 2, maxName)
	u.LongerThan = r.length(keys["longer-than"], "longer-than", 1, maxName-1)
	if len(keys) == 0 && n.Kind == yaml.MappingNode && !r.Spoilt(n) {
		r.At(n, "username has no condition", "known: pattern, shorter-than, longer-than")
	}
	if u.LongerThan > 0 && u.ShorterThan > u.LongerThan {
		r.At(keys["longer-than"].Value, fmt.Sprintf("no name is longer than %d and not shorter than %d: nobody could sign up", u.LongerThan, u.ShorterThan), "")
	}
	return u
}

// pattern reads a regular expression of RE2, which takes linear time whatever it is given.
func (r *reader) pattern(n *yaml.Node) *regexp.Regexp {
	text, ok := r.Text(n, "pattern")
	if !ok {
		return nil
	}
	p, err := regexp.Compile(text)
	switch {
	case err != nil:
		r.At(n, "pattern is no regular expression: "+strings.TrimPrefix(err.Error(), "error parsing regexp: "), "the syntax is RE2's: github.com/google/re2/wiki/Syntax")
	case p.MatchString(""):
		r.At(n, "pattern matches every name", "it matches anywhere in a name; ^ and $ are its ends")
		return nil
	}
	return p
}

func (r *reader) length(e yamldoc.Entry, what string, low, high int) int {
	if !e.Present() {
		return 0
	}
	v, ok := r.Integer(e.Value, what)
	if ok && (v < low || v > high) {
		r.At(e.Value, fmt.Sprintf("%s must be %d to %d", what, low, high), fmt.Sprintf("a user name has 1 to %d characters", maxName))
	}
	return v
}

// attributeName is the name of a standard or custom attribute.
var attributeName = regexp.MustCompile(`^[a-z_]{1,32}$|^custom:[^\s:]{1,20}$`)

// attributes reads names of attributes without which nobody signs up.
func (r *reader) attributes(n *yaml.Node) (all []string) {
	for _, item := range r.List(n, "missing") {
		name, ok := r.Text(item, "an element of missing")
		switch {
		case !ok:
		case name == "sub" || strings.HasSuffix(name, "_verified"):
			r.At(item, fmt.Sprintf("%s is never there at sign-up: nobody could sign up", name), "")
		case !attributeName.MatchString(name):
			r.At(item, fmt.Sprintf("%q is no attribute", yamldoc.Short(name)), "standard ones look like given_name, others like custom:company")
		default:
			all = append(all, name)
		}
	}
	return r.some(n, "missing", all)
}

var clientID = regexp.MustCompile(`^[\w+]{1,128}$`) // Amazon Cognito API Reference, SignUp

// clients reads ids of app clients.
func (r *reader) clients(n *yaml.Node) (all []string) {
	for _, item := range r.List(n, "clients-except") {
		id, ok := r.Text(item, "an app client")
		switch {
		case !ok:
		case !clientID.MatchString(id):
			r.At(item, fmt.Sprintf("%q is no app client's id", yamldoc.Short(id)), "an id has letters, digits, _ and +")
		default:
			all = append(all, id)
		}
	}
	return r.some(n, "clients-except", all)
}

// some refuses an empty list.
func (r *reader) some(n *yaml.Node, what string, all []string) []string {
	if n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
		r.At(n, what+" is empty", "name at least one")
	}
	return all
}
