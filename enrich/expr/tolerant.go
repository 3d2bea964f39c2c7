package expr

import (
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// adapter turns Go values into CEL values whose missing members are null instead of an error.
type adapter struct{ types.Adapter }

// NativeToValue wraps maps and lists; the rest is CEL's own.
func (a adapter) NativeToValue(v any) ref.Val {
	switch v := v.(type) {
	case nil:
		return absent{types.NullValue}
	case ref.Val:
		return v
	case map[string]any:
		return object{types.NewStringInterfaceMap(a, v)}
	case map[string]string:
		return object{types.NewStringStringMap(a, v)}
	case []any:
		return array{types.NewDynamicList(a, v)}
	}
	return a.Adapter.NativeToValue(v)
}

// object is a map in which every key is there, null if it was not.
type object struct{ traits.Mapper }

// Find never misses.
func (o object) Find(key ref.Val) (ref.Val, bool) {
	if v, ok := o.Mapper.Find(key); ok && v != nil {
		return v, true
	}
	return absent{types.NullValue}, true
}

// Get never misses.
func (o object) Get(key ref.Val) ref.Val {
	v, _ := o.Find(key)
	return v
}

// array is a list that is null beyond its ends. CEL looks for Find before it looks at the size.
type array struct{ traits.Lister }

// Find gives the element, or null when the index is no place in the list.
func (l array) Find(index ref.Val) (ref.Val, bool) { return l.Get(index), true }

// Get gives the element, or null when the index is no place in the list.
func (l array) Get(index ref.Val) ref.Val {
	i, err := types.GetOrError(index)
	if err != nil || i < 0 || types.Int(i) >= l.Size().(types.Int) {
		return absent{types.NullValue}
	}
	return l.Lister.Get(index)
}

// absent is null that may be asked for members, which are null again.
type absent struct{ ref.Val }

// Type is null's, with the traits of a container: CEL asks the type before it asks the value.
func (absent) Type() ref.Type { return absentType }

// Equal is true for every null.
func (absent) Equal(other ref.Val) ref.Val { return types.Bool(isNullValue(other)) }

func isNullValue(v ref.Val) bool { return v.Type() == absentType || v.Type() == types.NullType }

var absentType = types.NullType.WithTraits(
	traits.ContainerType | traits.IndexerType | traits.IterableType | traits.SizerType)

// Find is null.
func (n absent) Find(ref.Val) (ref.Val, bool) { return n, true }

// Get is null.
func (n absent) Get(ref.Val) ref.Val { return n }

// Contains is false: nothing is in null.
func (absent) Contains(ref.Val) ref.Val { return types.False }

// Size is 0.
func (absent) Size() ref.Val { return types.IntZero }

// Iterator walks nothing.
func (absent) Iterator() traits.Iterator {
	return types.DefaultTypeAdapter.NativeToValue([]any{}).(traits.Lister).Iterator()
}
