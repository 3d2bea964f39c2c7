package terraform_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// made is what a module makes with given variables.
type made struct {
	resources map[string][]thing // by type
	outputs   map[string]any
}

// thing is one resource: the name it has in the module, and its arguments.
type thing struct {
	name string
	is   map[string]any
}

// make computes all resources and outputs. A value that a variable's validation refuses is an error, and so is a circle.
func (m *module) make(given map[string]cty.Value) (made, error) {
	r := &resolver{module: m, given: given, known: aws()}
	for name := range given {
		if m.variables[name] == nil {
			return made{}, fmt.Errorf("no variable %s", name)
		}
	}
	if err := r.validate(); err != nil {
		return made{}, err
	}
	out := made{map[string][]thing{}, map[string]any{}}
	for _, name := range slices.Sorted(maps.Keys(m.resources)) {
		if strings.HasPrefix(name, "data.") {
			continue
		}
		kind, own, _ := strings.Cut(name, ".")
		v, err := r.named(kind, own)
		if err != nil {
			return made{}, fmt.Errorf("%s: %w", name, err)
		}
		out.resources[kind] = append(out.resources[kind], things(own, v)...)
	}
	for name, b := range m.outputs {
		v, err := r.value(b.Body.Attributes["value"].Expr, nil)
		if err != nil {
			return made{}, fmt.Errorf("output %s: %w", name, err)
		}
		out.outputs[name] = plain(v)
	}
	return out, nil
}

// validate asks each variable's conditions.
func (r *resolver) validate() error {
	for _, name := range slices.Sorted(maps.Keys(r.variables)) {
		for _, b := range r.variables[name].Body.Blocks {
			v, err := r.value(b.Body.Attributes["condition"].Expr, nil)
			if err != nil {
				return fmt.Errorf("variable %s: %w", name, err)
			}
			if v.False() {
				return fmt.Errorf("variable %s is refused", name)
			}
		}
	}
	return nil
}

func things(name string, v cty.Value) []thing {
	switch {
	case v.Type().IsTupleType():
		var all []thing
		for _, one := range v.AsValueSlice() {
			all = append(all, things(name, one)...)
		}
		return all
	case !v.Type().HasAttribute("arn"): // for_each
		var all []thing
		for _, key := range slices.Sorted(maps.Keys(v.AsValueMap())) {
			all = append(all, things(name, v.GetAttr(key))...)
		}
		return all
	}
	is, _ := plain(v).(map[string]any)
	return []thing{{name, is}}
}

// plain turns a value into what encoding/json makes.
func plain(v cty.Value) any {
	b, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		return err
	}
	var out any
	if err := json.Unmarshal(b, &out); err != nil {
		return err
	}
	return out
}
