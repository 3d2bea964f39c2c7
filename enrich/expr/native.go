package expr

import (
	"errors"
	"fmt"
	"math"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// native turns a CEL value into one of this package's, up to MaxResult.
func native(v ref.Val) (any, error) {
	return (&unwrapper{left: MaxResult}).value(v)
}

// unwrapper counts down while it copies: a list of a million elements is stopped, not copied and measured then.
type unwrapper struct{ left int }

func (u *unwrapper) take(n int) error {
	if u.left -= n; u.left < 0 {
		return fmt.Errorf("the result is larger than %d bytes", MaxResult)
	}
	return nil
}

func (u *unwrapper) value(v ref.Val) (any, error) {
	switch v := v.(type) {
	case types.Null, absent:
		return nil, nil
	case types.Bool:
		return bool(v), nil
	case types.String:
		return string(v), u.take(len(v))
	case types.Duration:
		return v.Duration, nil
	case types.Timestamp:
		return v.Time, nil
	case traits.Lister:
		return u.list(v)
	case traits.Mapper:
		return u.mapping(v)
	}
	return number(v)
}

// number refuses what JSON has no number for.
func number(v ref.Val) (any, error) {
	switch v := v.(type) {
	case types.Int:
		return int64(v), nil
	case types.Uint:
		if v > math.MaxInt64 {
			return nil, errors.New("integer overflow")
		}
		return int64(v), nil
	case types.Double:
		if f := float64(v); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f, nil
		}
		return nil, errors.New("the result is no finite number")
	}
	return nil, fmt.Errorf("a result of type %s has no use here", v.Type().TypeName())
}

func (u *unwrapper) list(l traits.Lister) (any, error) {
	out := []any{}
	for it := l.Iterator(); it.HasNext() == types.True; {
		if err := u.take(1); err != nil {
			return nil, err
		}
		v, err := u.value(it.Next())
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (u *unwrapper) mapping(m traits.Mapper) (any, error) {
	out := map[string]any{}
	for it := m.Iterator(); it.HasNext() == types.True; {
		key := it.Next()
		name, ok := key.(types.String)
		if !ok {
			return nil, errors.New("a map has a key that is no string")
		}
		if err := u.take(len(name)); err != nil {
			return nil, err
		}
		v, err := u.value(m.Get(key))
		if err != nil {
			return nil, err
		}
		out[string(name)] = v
	}
	return out, nil
}
