package terraform_test

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// resource computes one resource: an object, a tuple with count, an object of objects with for_each.
func (r *resolver) resource(name string) (cty.Value, error) {
	body := r.resources[name].Body
	if err := r.depends(body); err != nil {
		return cty.NilVal, err
	}
	if a := body.Attributes["count"]; a != nil {
		n, err := r.value(a.Expr, nil)
		if err != nil {
			return cty.NilVal, err
		}
		if n.Equals(cty.Zero).True() {
			return cty.EmptyTupleVal, nil
		}
		v, err := r.body(body, name, nil)
		return cty.TupleVal([]cty.Value{v}), err
	}
	if a := body.Attributes["for_each"]; a != nil {
		each, err := r.value(a.Expr, nil)
		if err != nil {
			return cty.NilVal, err
		}
		return r.forEach(body, name, each)
	}
	return r.body(body, name, nil)
}

func (r *resolver) forEach(body *hclsyntax.Body, name string, each cty.Value) (cty.Value, error) {
	all := map[string]cty.Value{}
	for key, v := range each.AsValueMap() {
		one, err := r.body(body, name, map[string]cty.Value{"each": cty.ObjectVal(map[string]cty.Value{"key": cty.StringVal(key), "value": v})})
		if err != nil {
			return cty.NilVal, fmt.Errorf("%s: %w", key, err)
		}
		all[key] = one
	}
	return cty.ObjectVal(all), nil
}

// depends computes what must be there before, of which no value is used.
func (r *resolver) depends(body *hclsyntax.Body) error {
	a := body.Attributes["depends_on"]
	if a == nil {
		return nil
	}
	for _, t := range a.Expr.Variables() {
		if err := r.need(t, map[string]map[string]cty.Value{}); err != nil {
			return err
		}
	}
	return nil
}

// body computes a resource or, with an empty name, a block in it.
func (r *resolver) body(body *hclsyntax.Body, name string, extra map[string]cty.Value) (cty.Value, error) {
	all := map[string]cty.Value{}
	if name != "" {
		for _, attribute := range onlyAWS() {
			all[attribute] = cty.StringVal("<" + name + "." + attribute + ">")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(body.Attributes)) {
		if name != "" && slices.Contains([]string{"count", "for_each", "depends_on"}, key) {
			continue
		}
		v, err := r.value(body.Attributes[key].Expr, extra)
		if err != nil {
			return cty.NilVal, fmt.Errorf("%s: %w", key, err)
		}
		all[key] = v
	}
	blocks := map[string][]cty.Value{}
	for _, b := range body.Blocks {
		if err := r.block(b, blocks, extra); err != nil {
			return cty.NilVal, fmt.Errorf("%s: %w", b.Type, err)
		}
	}
	for key, list := range blocks {
		all[key] = cty.TupleVal(list)
	}
	return cty.ObjectVal(all), nil
}

func (r *resolver) block(b *hclsyntax.Block, into map[string][]cty.Value, extra map[string]cty.Value) error {
	if b.Type != "dynamic" {
		v, err := r.body(b.Body, "", extra)
		into[b.Type] = append(into[b.Type], v)
		return err
	}
	name := b.Labels[0]
	over, err := r.value(b.Body.Attributes["for_each"].Expr, extra)
	if err != nil {
		return err
	}
	for it := over.ElementIterator(); it.Next(); {
		key, v := it.Element()
		inner := maps.Clone(extra)
		inner[name] = cty.ObjectVal(map[string]cty.Value{"key": key, "value": v})
		one, err := r.body(b.Body.Blocks[0].Body, "", inner)
		if err != nil {
			return err
		}
		into[name] = append(into[name], one)
	}
	return nil
}
