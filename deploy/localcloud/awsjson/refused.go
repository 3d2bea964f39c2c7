package awsjson

import (
	"bytes"
	"encoding/json"
	"reflect"
)

// Refused is a member of the API that is not carried out here. A request that gives it a value is refused by the
// member's name, with the reason in the field's tag: `refused:"there are no analytics"`. null, 0, false, "", [] and {}
// ask for nothing, and so are no value.
type Refused struct{ given bool }

// UnmarshalJSON notes whether there is a value.
func (r *Refused) UnmarshalJSON(raw []byte) error {
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return err
	}
	switch b.String() {
	case "null", "0", "false", `""`, "[]", "{}":
	default:
		r.given = true
	}
	return nil
}

// refusal is the error of a request with a refused member.
type refusal struct{ member, why string }

// Error names the member.
func (r *refusal) Error() string { return r.member + ": " + r.why }

var refusedType = reflect.TypeFor[Refused]()

// refuses tells whether a type has refused members, however deep.
func refuses(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return refuses(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.Type == refusedType || refuses(f.Type) {
				return true
			}
		}
	}
	return false
}

// firstRefused finds a refused member that has a value, nil if there is none.
func firstRefused(v reflect.Value, path string) *refusal {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return firstRefused(v.Elem(), path)
		}
	case reflect.Slice:
		for i := range v.Len() {
			if r := firstRefused(v.Index(i), path+"[]"); r != nil {
				return r
			}
		}
	case reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			if r := firstRefused(entries.Value(), path+"{}"); r != nil {
				return r
			}
		}
	case reflect.Struct:
		return firstRefusedField(v, path)
	}
	return nil
}

func firstRefusedField(v reflect.Value, path string) *refusal {
	for i := range v.NumField() {
		f, inner := v.Type().Field(i), path
		if name, embedded := memberName(f); !embedded {
			inner = join(path, name)
		}
		if f.Type == refusedType {
			if v.Field(i).FieldByName("given").Bool() {
				return &refusal{member: inner, why: f.Tag.Get("refused")}
			}
			continue
		}
		if r := firstRefused(v.Field(i), inner); r != nil {
			return r
		}
	}
	return nil
}
