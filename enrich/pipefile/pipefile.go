// Package pipefile reads the pipeline file: YAML that looks like the workflow files people already know, into an
// [enrich.Pipeline].
//
// It promises: every mistake of the file is found when it is read, all of them at once, each with its line, its
// column, what was meant, and how to mend it; a pipeline that comes out can run. Nothing is guessed: a value that two
// readers of YAML would read differently (on, 0755, 12:30:45, 2024-01-01) must be put in quotes.
//
// It refuses: files larger than [MaxFile], anchors, aliases and tags, keys that it does not know, attributes that a
// pipeline may not write, an expression that reads a step which it does not wait for, and secrets outside of "with".
//
// It does no I/O and knows no connector: whoever calls it brings the bytes and the kinds. Reading does not run
// anything; it makes each step's connector, which may refuse its own part of the file.
package pipefile

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/enrich/yamldoc"
)

// MaxFile is the largest pipeline file, in bytes.
const MaxFile = 1 << 20

// kind is what yamldoc calls such a file.
var kind = yamldoc.Kind{Name: "pipeline", Max: MaxFile, TagHint: `a condition that starts with "!" must stand in ${{ }}; a text, in quotes`}

// Mistake is one thing to mend in a file, or, from Lint, to look at.
type Mistake = yamldoc.Mistake

// Mistakes is the error that holds all mistakes of a file.
type Mistakes = yamldoc.Mistakes

// maxText is the longest text with expressions, in bytes: a longer one could not be evaluated either.
const maxText = expr.MaxResult

// Options say what the file may use. Nil means none of it.
type Options struct {
	// Kinds are the connectors that "uses" may name. Without any, every step is a mistake.
	Kinds []enrich.Kind
}

// Parse reads the file. name is for people: it stands in front of every mistake and becomes Pipeline.Name. The error
// is a *[Mistakes], unless the expression language itself can't be set up. Parse keeps nothing of data.
func Parse(name string, data []byte, o *Options) (*enrich.Pipeline, error) {
	p, _, err := read(name, data, o)
	return p, err
}

// Lint reads the file like Parse and says what is allowed but was probably not meant, in the order of the file. With
// an error there may be warnings too.
func Lint(name string, data []byte, o *Options) ([]Mistake, error) {
	_, warnings, err := read(name, data, o)
	return warnings, err
}

func read(name string, data []byte, o *Options) (*enrich.Pipeline, []Mistake, error) {
	if o == nil {
		o = &Options{}
	}
	env, err := expr.NewEnv(enrich.Roots()...)
	if err != nil {
		return nil, nil, fmt.Errorf("pipefile: read: %w", err)
	}
	r := &reader{Reader: yamldoc.NewReader(data, kind), env: env, kinds: o.Kinds, secrets: map[string]bool{}}
	p := &enrich.Pipeline{Name: name}
	if root := r.Load(); root != nil {
		r.file(root, p)
	}
	if err := r.Err(name); err != nil {
		return nil, r.Warnings(name), err
	}
	sum := sha256.Sum256(data)
	p.Hash = hex.EncodeToString(sum[:])
	return p, r.Warnings(name), nil
}

// reader gathers what is found on one walk through one file.
type reader struct {
	*yamldoc.Reader
	env        *expr.Env
	kinds      []enrich.Kind
	steps      []*draft // in the order of the file
	attributes []enrich.Attribute
	reads      []reading // everything that any expression reads
	secrets    map[string]bool
}

// file reads the whole: first every part alone, then what only shows across them.
func (r *reader) file(root *yaml.Node, p *enrich.Pipeline) {
	if version := yamldoc.LookAhead(root, "version"); version != nil && !r.version(version) {
		return
	}
	keys := r.Keys(root, "a pipeline file", []string{"version", "pools", "limits", "steps", "attributes"}, nil)
	if root.Kind == yaml.MappingNode && keys["version"].Missing() {
		r.At(root, `"version" is missing`, `start with "version: 1"`)
	}
	p.Pools = r.pools(root, keys["pools"])
	p.Limits = r.limits(keys["limits"])
	r.readSteps(keys["steps"])
	r.readAttributes(keys["attributes"])
	slices.SortStableFunc(r.reads, func(a, b reading) int {
		return cmp.Or(cmp.Compare(a.node.Line, b.node.Line), cmp.Compare(a.node.Column, b.node.Column))
	})
	if len(r.steps) == 0 && len(r.attributes) == 0 && r.Found() == 0 {
		r.At(root, "there is nothing to do: no steps and no attributes", "")
	}
	r.checkNeeds()
	r.checkReads()
	r.lint()
	if r.Found() == 0 {
		p.Steps = r.ordered()
		p.Attributes = r.attributes
		if e := keys["attributes"]; e.Present() {
			p.Writes = digest(e.Value)
		}
		p.Secrets = slices.Sorted(maps.Keys(r.secrets))
	}
}
