package awsjson

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
)

// Handling is what becomes of a member of a request.
type Handling string

// The ways in which members are handled. A field is carried out unless its tag says otherwise.
const (
	CarriedOut Handling = ""        // it has the effect that it has in AWS
	Kept       Handling = "kept"    // checked, kept and shown, without further effect: tag `kept:"why"`
	Idle       Handling = "idle"    // has no effect in AWS either, in what is offered here: tag `idle:"why"`
	Invalid    Handling = "invalid" // refused, as AWS refuses it: tag `invalid:"why"`
	NotOffered Handling = "refused" // a field of type Refused: tag `refused:"why"`
)

// Member is one member of an operation's input.
type Member struct {
	Path     string // as in "Entries[].MessageBody", with [] for a list's elements and {} for a map's values
	Handling Handling
	Why      string // for all but CarriedOut
}

// Members lists the members that a type of input has, nested ones too, in the order of the fields. A member that is
// not carried out stands for all that is in it.
func Members(input reflect.Type) []Member {
	return appendMembers(nil, input, "")
}

func appendMembers(all []Member, t reflect.Type, path string) []Member {
	switch {
	case decodesItself(t):
		return append(all, Member{Path: path})
	case t.Kind() == reflect.Pointer:
		return appendMembers(all, t.Elem(), path)
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		return appendMembers(all, t.Elem(), path+"[]")
	case t.Kind() == reflect.Map:
		return appendMembers(all, t.Elem(), path+"{}")
	case t.Kind() == reflect.Struct:
		return appendFields(all, t, path)
	}
	return append(all, Member{Path: path})
}

func appendFields(all []Member, t reflect.Type, path string) []Member {
	for i := range t.NumField() {
		f := t.Field(i)
		name, embedded := memberName(f)
		switch handling, why := handlingOf(f); {
		case embedded:
			all = appendMembers(all, f.Type, path)
		case name == "":
		case handling != CarriedOut:
			all = append(all, Member{Path: join(path, name), Handling: handling, Why: why})
		default:
			all = appendMembers(all, f.Type, join(path, name))
		}
	}
	return all
}

func handlingOf(f reflect.StructField) (Handling, string) {
	for _, h := range []Handling{Kept, Idle, Invalid, NotOffered} {
		if why, ok := f.Tag.Lookup(string(h)); ok {
			return h, why
		}
	}
	return CarriedOut, ""
}

// memberName is the name that a field has in JSON, "" if it has none; the fields of an embedded struct stand in its
// place.
func memberName(f reflect.StructField) (name string, embedded bool) {
	name, _, _ = strings.Cut(f.Tag.Get("json"), ",")
	switch {
	case name == "-":
		return "", false
	case name != "":
		return name, false
	case f.Anonymous:
		return "", true
	case !f.IsExported():
		return "", false
	}
	return f.Name, false
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// decodesItself tells types that read JSON in their own way, so that their fields are no members.
func decodesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}
