// Package policyfile reads the sign-up policy: a small YAML or JSON document, into a [presignup.Policy].
//
//	version: 1
//	message: Members only                    # what a person is told who is denied
//	deny:
//	  - name: throwaway
//	    domains-file: disposable.txt         # one domain a line; sub-domains are denied, too
//	  - name: short-names
//	    username: { shorter-than: 5 }
//	confirm:
//	  - name: staff
//	    domains: [example.com, "*.corp.example.com"]
//	    verify: [email]
//
// It promises: every mistake is found when the document is read, all of them at once, each with its line, its column
// and what was meant; a policy that comes out can't fail at sign-up. Lint says besides what is allowed but dangerous.
//
// It refuses: a confirm rule for "*", for a public suffix (com, co.uk) or for anything that is not a plain ASCII domain;
// a rule without a name or with two conditions; user name rules for names that nobody chose. It does no I/O but through
// Options.ReadFile.
package policyfile

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"

	"go.yaml.in/yaml/v4"

	"github.com/postconfirm/postconfirm/enrich/yamldoc"
	"github.com/postconfirm/postconfirm/trigger/presignup"
)

// MaxFile is the largest policy, in bytes; MaxList the largest domain list.
const (
	MaxFile = 256 << 10
	MaxList = 8 << 20
)

// Options say what the document may use. Nil means none of it.
type Options struct {
	// ReadFile reads a domains-file by the path that stands in the document, at most MaxList bytes and one more. Its
	// error is shown. Without it, domains-file is a mistake.
	ReadFile func(path string) ([]byte, error)
}

// Parse reads the document. name is for people: it stands in front of every mistake. The error is a *yamldoc.Mistakes.
func Parse(name string, data []byte, o *Options) (*presignup.Policy, error) {
	p, _, err := Lint(name, data, o)
	return p, err
}

// Lint reads the document like Parse and says what is allowed but was probably not meant, or is dangerous, in the order of
// the document. With an error there may be warnings too.
func Lint(name string, data []byte, o *Options) (*presignup.Policy, []yamldoc.Mistake, error) {
	if o == nil {
		o = &Options{}
	}
	r := &reader{Reader: yamldoc.NewReader(data, yamldoc.Kind{Name: "policy", Max: MaxFile}), files: o.ReadFile, rules: map[string]int{}}
	p := &presignup.Policy{}
	if root := r.Load(); root != nil {
		r.document(root, p)
	}
	if err := r.Err(name); err != nil {
		return nil, r.Warnings(name), err
	}
	sum := sha256.Sum256(data)
	p.Hash = hex.EncodeToString(sum[:])
	return p, r.Warnings(name), nil
}

// reader gathers what is found on one walk through one document.
type reader struct {
	*yamldoc.Reader
	files   func(string) ([]byte, error)
	rules   map[string]int // the line of each rule, by its name
	message string         // for rules without one
}

func (r *reader) document(root *yaml.Node, p *presignup.Policy) {
	if version := yamldoc.LookAhead(root, "version"); version != nil && !r.version(version) {
		return
	}
	keys := r.Keys(root, "a policy file", []string{"version", "message", "deny", "confirm"}, nil)
	if root.Kind == yaml.MappingNode && keys["version"].Missing() {
		r.At(root, `"version" is missing`, `start with "version: 1"`)
	}
	r.message = presignup.DefaultMessage
	if e := keys["message"]; e.Present() {
		r.message = cmp.Or(r.sentence(e.Value), r.message)
	}
	deny, confirm := r.items(keys["deny"], "deny"), r.items(keys["confirm"], "confirm")
	for _, n := range deny {
		p.Deny = append(p.Deny, r.denial(n))
	}
	for _, n := range confirm {
		p.Confirm = append(p.Confirm, r.grant(n, p.Deny))
	}
	if len(deny)+len(confirm) == 0 && r.Failures() == 0 {
		r.At(root, "there is nothing to decide: no deny and no confirm rules", "")
	}
}

// version tells whether the rest can be understood: a newer document must not be read as if it were an old one.
func (r *reader) version(n *yaml.Node) bool {
	if yamldoc.IsNothing(n) {
		return true // said with the other keys
	}
	v, ok := r.Integer(n, "version")
	if ok && v != 1 {
		r.Forget(0)
		r.At(n, fmt.Sprintf("version %d is not known", v), "this program reads version 1")
	}
	return !ok || v == 1
}

// items gives the rules of a block, which are a list even if there is one only.
func (r *reader) items(e yamldoc.Entry, what string) []*yaml.Node {
	switch {
	case !e.Present():
		return nil
	case e.Value.Kind != yaml.SequenceNode:
		r.Wants(e.Value, what, `a list of rules, each with "- name: …"`, "")
		return nil
	}
	return e.Value.Content
}

// ruleName is how a rule is called in the log: a short word.
var ruleName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,39}$`)

// named reads a rule's name, which no other rule may have.
func (r *reader) named(n *yaml.Node, e yamldoc.Entry) string {
	if !e.Present() {
		if e.Missing() && n.Kind == yaml.MappingNode && !r.Spoilt(n) {
			r.At(n, `the rule has no "name"`, "decisions are logged by it: name: staff")
		}
		return ""
	}
	name, ok := r.Text(e.Value, "name")
	switch {
	case !ok:
	case !ruleName.MatchString(name):
		r.At(e.Value, fmt.Sprintf("%q can't be a rule's name", yamldoc.Short(name)), "a name has 1 to 40 lower-case letters, digits, - and _")
	case r.rules[name] != 0:
		r.At(e.Value, fmt.Sprintf("the rule %s stands twice", name), fmt.Sprintf("first in line %d", r.rules[name]))
	default:
		r.rules[name] = e.Value.Line
	}
	return name
}

// condition finds the one condition of a rule; what else is there was said to be too much.
func (r *reader) condition(n *yaml.Node, keys map[string]yamldoc.Entry, known []string) (name string, e yamldoc.Entry) {
	spoilt := false
	for _, k := range known {
		switch one := keys[k]; {
		case one.Present() && name != "":
			r.At(one.Key, fmt.Sprintf("the rule has %q already: one condition for each rule", name), "make another rule of it")
		case one.Present():
			name, e = k, one
		case !one.Missing():
			spoilt = true
		}
	}
	if name == "" && !spoilt && n.Kind == yaml.MappingNode && !r.Spoilt(n) {
		r.At(n, "the rule has no condition", yamldoc.OneOf(known))
	}
	return name, e
}
