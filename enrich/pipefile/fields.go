package pipefile

import (
	"reflect"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// Field is one option of a connector, as its tags describe it: for reference pages.
type Field struct {
	Name, Doc string
	Type      string // in words: "text", "list of whole numbers"; "" is a type that no file can fill
	Default   string // as the file would write it; "" is none
	Required  bool
	Step      bool // it stands beside "with", not under it
}

// Fields describes the options of a Config in the order of its fields. The error is for whoever wrote the Config.
func Fields(c enrich.Config) ([]Field, error) {
	read, err := fields(c)
	if err != nil {
		return nil, err
	}
	all := make([]Field, 0, len(read))
	for _, f := range read {
		all = append(all, Field{Name: f.name, Doc: f.doc, Type: words(f.value.Type()), Default: f.def, Required: f.required, Step: f.step})
	}
	return all, nil
}

// words names a type that decode knows.
func words(t reflect.Type) string {
	return map[reflect.Type]string{
		reflect.TypeFor[string]():                    "text",
		reflect.TypeFor[bool]():                      "true or false",
		reflect.TypeFor[int]():                       "whole number",
		reflect.TypeFor[[]int]():                     "list of whole numbers",
		reflect.TypeFor[[]string]():                  "list of texts",
		reflect.TypeFor[time.Duration]():             "duration, such as 10s",
		reflect.TypeFor[*expr.Template]():            "text with expressions",
		reflect.TypeFor[[]*expr.Template]():          "list of texts with expressions",
		reflect.TypeFor[map[string]*expr.Template](): "map of texts with expressions",
		reflect.TypeFor[*expr.Tree]():                "any value with expressions in it",
	}[t]
}
