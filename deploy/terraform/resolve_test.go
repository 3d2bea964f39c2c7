package terraform_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
)

// resolver computes what a module would make. A resource is an object of its arguments and blocks, a block a list of
// objects; what only AWS knows is "<type.name.attribute>". Whatever is needed is computed first; what needs itself is a circle.
type resolver struct {
	*module
	given  map[string]cty.Value // variables
	known  map[string]cty.Value
	knows  map[string]function.Function
	within []string // what is being computed, outermost first
}

// onlyAWS are the attributes that no argument gives.
func onlyAWS() []string { return []string{"arn", "url", "id", "version", "invoke_arn"} }

func aws() map[string]cty.Value {
	text := cty.StringVal
	return map[string]cty.Value{
		"data.aws_partition.current":       cty.ObjectVal(map[string]cty.Value{"partition": text("aws"), "dns_suffix": text("amazonaws.com")}),
		"data.aws_region.current":          cty.ObjectVal(map[string]cty.Value{"region": text("eu-west-1")}),
		"data.aws_caller_identity.current": cty.ObjectVal(map[string]cty.Value{"account_id": text("111122223333")}),
	}
}

// once computes something by its name.
func (r *resolver) once(name string, compute func() (cty.Value, error)) (cty.Value, error) {
	if v, done := r.known[name]; done {
		return v, nil
	}
	if slices.Contains(r.within, name) {
		return cty.NilVal, fmt.Errorf("circle: %s", strings.Join(append(r.within, name), " → "))
	}
	r.within = append(r.within, name)
	v, err := compute()
	r.within = r.within[:len(r.within)-1]
	if err == nil {
		r.known[name] = v
	}
	return v, err
}

// value computes an expression; extra are names that hold only there, as each.
func (r *resolver) value(e hcl.Expression, extra map[string]cty.Value) (cty.Value, error) {
	if r.knows == nil {
		r.knows = r.functions()
	}
	scope := &hcl.EvalContext{Functions: r.knows, Variables: map[string]cty.Value{"path": cty.ObjectVal(map[string]cty.Value{"module": cty.StringVal(".")})}}
	needed := map[string]map[string]cty.Value{}
	for _, t := range e.Variables() {
		if _, own := extra[t.RootName()]; own || t.RootName() == "path" {
			continue
		}
		if err := r.need(t, needed); err != nil {
			return cty.NilVal, err
		}
	}
	for root, members := range needed {
		scope.Variables[root] = nest(members)
	}
	for name, v := range extra {
		scope.Variables[name] = v
	}
	v, wrong := e.Value(scope)
	if wrong.HasErrors() {
		return cty.NilVal, wrong
	}
	return v, nil
}

// need computes what a reference leads to, and keeps it below the reference's root.
func (r *resolver) need(t hcl.Traversal, into map[string]map[string]cty.Value) error {
	root, parts := t.RootName(), []string{}
	for _, step := range t[1:] {
		if a, ok := step.(hcl.TraverseAttr); ok {
			parts = append(parts, a.Name)
		} else {
			break
		}
	}
	depth := map[string]int{"data": 2, "module": 2}[root]
	if depth == 0 {
		depth = 1
	}
	if len(parts) < depth {
		return fmt.Errorf("%s: a whole %s is not known here", t.SourceRange(), root)
	}
	path := strings.Join(parts[:depth], ".")
	v, err := r.named(root, path)
	if err != nil {
		return fmt.Errorf("%s.%s: %w", root, path, err)
	}
	if into[root] == nil {
		into[root] = map[string]cty.Value{}
	}
	into[root][path] = v
	return nil
}

func (r *resolver) named(root, path string) (cty.Value, error) {
	name := root + "." + path
	return r.once(name, func() (cty.Value, error) {
		switch {
		case root == "var":
			return r.variable(path)
		case root == "local" && r.locals[path] != nil:
			return r.value(r.locals[path], nil)
		case r.resources[name] != nil:
			return r.resource(name)
		}
		return cty.NilVal, fmt.Errorf("nothing is called that")
	})
}

// variable is its given value or its default, after its validations.
func (r *resolver) variable(name string) (cty.Value, error) {
	b := r.variables[name]
	if b == nil {
		return cty.NilVal, fmt.Errorf("no variable")
	}
	v, given := r.given[name]
	if d := b.Body.Attributes["default"]; !given && d == nil {
		return cty.NilVal, fmt.Errorf("the variable has no value")
	} else if !given {
		var err error
		if v, err = r.value(d.Expr, nil); err != nil {
			return cty.NilVal, err
		}
	}
	return convert.Convert(v, typeOf(b))
}

// typeOf reads the types that the module uses.
func typeOf(b *hclsyntax.Block) cty.Type {
	switch e := b.Body.Attributes["type"].Expr.(type) {
	case *hclsyntax.ScopeTraversalExpr:
		return map[string]cty.Type{"string": cty.String, "number": cty.Number, "bool": cty.Bool}[e.Traversal.RootName()]
	case *hclsyntax.FunctionCallExpr:
		if e.Name == "map" {
			return cty.Map(cty.String)
		}
		return cty.List(cty.String)
	}
	return cty.DynamicPseudoType
}

// nest turns {"a.b": v} into {a: {b: v}}.
func nest(members map[string]cty.Value) cty.Value {
	direct, below := map[string]cty.Value{}, map[string]map[string]cty.Value{}
	for path, v := range members {
		first, rest, deeper := strings.Cut(path, ".")
		if !deeper {
			direct[first] = v
			continue
		}
		if below[first] == nil {
			below[first] = map[string]cty.Value{}
		}
		below[first][rest] = v
	}
	for first, inner := range below {
		direct[first] = nest(inner)
	}
	return cty.ObjectVal(direct)
}
