package expr_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich/expr"
)

func TestATreeLeavesNullsOut(t *testing.T) {
	env := newEnv(t)
	leaf := func(source string) *expr.Tree { return expr.Leaf(template(t, env, source)) }
	tree := expr.Map([]string{"email", "none", "list", "inner", "n", "null", "whole", "made"}, map[string]*expr.Tree{
		"email": leaf(`${{ user.email }}`),
		"none":  leaf(`${{ user.nope }}`),
		"list":  expr.List([]*expr.Tree{leaf(`${{ user.nope }}`), leaf(`a`), expr.Constant(nil), expr.Constant(true)}),
		"inner": expr.Map([]string{"x"}, map[string]*expr.Tree{"x": leaf(`${{ steps.gone.x }}`)}),
		"n":     expr.Constant(int64(3)),
		"null":  expr.Constant(nil),
		"whole": leaf(`${{ steps.company.body }}`),
		"made":  leaf(`${{ [user.nope, {"a": user.nope, "b": [null]}, 1] }}`),
	})
	got, err := tree.Eval(t.Context(), world())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"email": "ada@example.com",
		"list":  []any{"a", true},
		"inner": map[string]any{},
		"n":     int64(3),
		"whole": map[string]any{"name": "Analytical Engines", "size": int64(3), "rate": 1.5, "active": true,
			"people": []any{map[string]any{"id": "7"}, map[string]any{"id": "8"}}},
		"made": []any{map[string]any{"b": []any{}}, int64(1)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTreeScalarsAndEmptiness(t *testing.T) {
	for name, test := range map[string]struct {
		tree *expr.Tree
		want any
	}{
		"no tree":       {nil, nil},
		"null":          {expr.Constant(nil), nil},
		"a number":      {expr.Constant(1.5), 1.5},
		"an empty list": {expr.List(nil), []any{}},
		"an empty map":  {expr.Map(nil, map[string]*expr.Tree{}), map[string]any{}},
		"null alone":    {expr.Leaf(template(t, newEnv(t), `${{ user.nope }}`)), nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := test.tree.Eval(t.Context(), world())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestATreeNamesTheKeyThatFailed(t *testing.T) {
	bad := expr.Leaf(template(t, newEnv(t), `${{ 1 / size(user.nope) }}`))
	inner := expr.Map([]string{"b"}, map[string]*expr.Tree{"b": expr.List([]*expr.Tree{bad})})
	tree := expr.Map([]string{"a"}, map[string]*expr.Tree{"a": inner})
	_, err := tree.Eval(t.Context(), world())
	if err == nil || err.Error() != "a: b: expr: evaluate: division by zero" {
		t.Error(err)
	}
}

func TestTreePaths(t *testing.T) {
	env := newEnv(t)
	leaf := func(source string) *expr.Tree { return expr.Leaf(template(t, env, source)) }
	tree := expr.Map([]string{"b", "a", "c"}, map[string]*expr.Tree{
		"a": leaf(`${{ user.a }}`),
		"b": expr.List([]*expr.Tree{leaf(`${{ user.b }}`), expr.Constant(true), leaf(`${{ run.key }} ${{ steps.x.y == 1 }}`)}),
		"c": leaf(`static`),
	})
	want := []expr.Path{{"user", "b"}, {"run", "key"}, {"steps", "x", "y"}, {"user", "a"}}
	if diff := cmp.Diff(want, tree.Paths()); diff != "" {
		t.Error(diff)
	}
	var none *expr.Tree
	if paths := none.Paths(); paths != nil {
		t.Error(paths)
	}
}
