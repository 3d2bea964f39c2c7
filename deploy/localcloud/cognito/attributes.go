package cognito

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
)

// attribute is one of a user's attributes, as it is kept and given out.
type attribute struct {
	Name  string
	Value string
}

// attributes are a user's, sub first, then in the order in which they were first written: so answers are stable.
// They are never changed in place: every change makes a new list.
type attributes []attribute

func (a attributes) index(name string) int {
	return slices.IndexFunc(a, func(x attribute) bool { return x.Name == name })
}

// get gives a value, "" if there is none.
func (a attributes) get(name string) string {
	if i := a.index(name); i >= 0 {
		return a[i].Value
	}
	return ""
}

func (a attributes) has(name string) bool { return a.index(name) >= 0 }

// verified tells whether the e-mail address or telephone number is known to be the user's own.
func (a attributes) verified(name string) bool { return a.get(name+verifiedSuffix) == "true" }

func (a attributes) with(name, value string) attributes {
	i := a.index(name)
	if i < 0 {
		return append(slices.Clip(a), attribute{name, value})
	}
	b := slices.Clone(a)
	b[i].Value = value
	return b
}

// judge says of an address, if there is one, whether it is verified.
func (a attributes) judge(name string, verified bool) attributes {
	if !a.has(name) {
		return a
	}
	return a.with(name+verifiedSuffix, strconv.FormatBool(verified))
}

func (a attributes) without(name string) attributes {
	return slices.DeleteFunc(slices.Clone(a), func(x attribute) bool { return x.Name == name })
}

// object is a list of attributes as a JSON object that keeps the order, as events have it.
type object attributes

// MarshalJSON writes the object. Cognito does not escape HTML.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, a := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		for j, s := range []string{a.Name, a.Value} {
			if j > 0 {
				b.WriteByte(':')
			}
			if err := e.Encode(s); err != nil {
				return nil, err
			}
			b.Truncate(b.Len() - 1) // the encoder ends every value with a newline
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
