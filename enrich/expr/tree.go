package expr

import (
	"context"
	"fmt"
)

// Tree is a value of the pipeline file, scalars, lists and maps, with templates anywhere in it: the body of a
// request, for example. It is immutable.
type Tree struct {
	leaf  *Template
	value any // bool, int64, float64 or nil, where leaf is nil
	list  []*Tree
	keys  []string
	items map[string]*Tree
}

// Leaf is a tree of one text.
func Leaf(t *Template) *Tree { return &Tree{leaf: t} }

// Constant is a tree of one bool, int64, float64 or nil.
func Constant(v any) *Tree { return &Tree{value: v} }

// List is a tree of trees in order.
func List(items []*Tree) *Tree { return &Tree{list: append([]*Tree{}, items...)} }

// Map is a tree of named trees; keys gives their order in the file.
func Map(keys []string, items map[string]*Tree) *Tree { return &Tree{keys: keys, items: items} }

// Eval computes the tree: map[string]any, []any, or a scalar. A map key or list element whose value is null is left
// out: null never becomes a word in somebody else's system.
func (t *Tree) Eval(ctx context.Context, vars Vars) (any, error) {
	switch {
	case t == nil:
		return nil, nil
	case t.leaf != nil:
		v, err := t.leaf.Eval(ctx, vars)
		return withoutNulls(v), err
	case t.items != nil:
		return t.evalMap(ctx, vars)
	case t.list != nil:
		return t.evalList(ctx, vars)
	}
	return t.value, nil
}

func (t *Tree) evalMap(ctx context.Context, vars Vars) (any, error) {
	out := make(map[string]any, len(t.items))
	for _, key := range t.keys {
		v, err := t.items[key].Eval(ctx, vars)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		if v != nil {
			out[key] = v
		}
	}
	return out, nil
}

func (t *Tree) evalList(ctx context.Context, vars Vars) (any, error) {
	out := []any{}
	for _, item := range t.list {
		v, err := item.Eval(ctx, vars)
		if err != nil {
			return nil, err
		}
		if v != nil {
			out = append(out, v)
		}
	}
	return out, nil
}

// withoutNulls leaves nulls out of a list or map that an expression gave as a whole.
func withoutNulls(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, member := range v {
			if member != nil {
				out[key] = withoutNulls(member)
			}
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, element := range v {
			if element != nil {
				out = append(out, withoutNulls(element))
			}
		}
		return out
	}
	return v
}

// Paths are the paths that the templates in the tree read.
func (t *Tree) Paths() []Path {
	if t == nil {
		return nil
	}
	var all []Path
	if t.leaf != nil {
		all = t.leaf.Paths()
	}
	for _, item := range t.list {
		all = append(all, item.Paths()...)
	}
	for _, key := range t.keys {
		all = append(all, t.items[key].Paths()...)
	}
	return all
}
