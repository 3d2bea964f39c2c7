package terraform_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// functions are those of Terraform that the module uses.
func (r *resolver) functions() map[string]function.Function {
	return map[string]function.Function{
		"can": tryfunc.CanFunc, "try": tryfunc.TryFunc,
		"coalesce": stdlib.CoalesceFunc, "concat": stdlib.ConcatFunc, "contains": stdlib.ContainsFunc, "floor": stdlib.FloorFunc,
		"join": stdlib.JoinFunc, "jsonencode": stdlib.JSONEncodeFunc, "merge": stdlib.MergeFunc, "regex": stdlib.RegexFunc,
		"alltrue":          over(allTrue),
		"compact":          over(compact),
		"one":              over(one),
		"file":             onText(read),
		"filebase64sha256": onText(digest),
		"templatefile":     r.template(),
	}
}

func over(f func([]cty.Value) (cty.Value, error)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}},
		Type:   function.StaticReturnType(cty.DynamicPseudoType),
		Impl:   func(args []cty.Value, _ cty.Type) (cty.Value, error) { return f(args[0].AsValueSlice()) },
	})
}

func onText(f func(string) (string, error)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "text", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			s, err := f(args[0].AsString())
			return cty.StringVal(s), err
		},
	})
}

func allTrue(list []cty.Value) (cty.Value, error) {
	for _, v := range list {
		if v.False() {
			return cty.False, nil
		}
	}
	return cty.True, nil
}

func compact(list []cty.Value) (cty.Value, error) {
	var kept []cty.Value
	for _, v := range list {
		if !v.IsNull() && v.AsString() != "" {
			kept = append(kept, v)
		}
	}
	if kept == nil {
		return cty.ListValEmpty(cty.String), nil
	}
	return cty.ListVal(kept), nil
}

func one(list []cty.Value) (cty.Value, error) {
	switch len(list) {
	case 0:
		return cty.NullVal(cty.String), nil
	case 1:
		return list[0], nil
	}
	return cty.NilVal, fmt.Errorf("there are %d", len(list))
}

func read(path string) (string, error) {
	b, err := os.ReadFile(path)
	return string(b), err
}

func digest(path string) (string, error) {
	b, err := os.ReadFile(path)
	sum := sha256.Sum256(b)
	return base64.StdEncoding.EncodeToString(sum[:]), err
}

// template reads the file from the module's texts, so that it can be changed there, too.
func (r *resolver) template() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}, {Name: "names", Type: cty.DynamicPseudoType}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			name := strings.TrimPrefix(args[0].AsString(), "./")
			e, wrong := hclsyntax.ParseTemplate([]byte(r.files[name]), name, hcl.InitialPos)
			if wrong.HasErrors() {
				return cty.NilVal, wrong
			}
			v, wrong := e.Value(&hcl.EvalContext{Variables: args[1].AsValueMap()})
			if wrong.HasErrors() {
				return cty.NilVal, wrong
			}
			return v, nil
		},
	})
}
