package pipefile

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/enrich/yamldoc"
)

// field is one field of a connector's Config, as its tags describe it.
type field struct {
	name, doc, def string
	required       bool
	step           bool // the key stands beside "with"
	value          reflect.Value
}

// fields reads the tags of a Config, which is a pointer to a struct. Fields of embedded structs count as its own.
func fields(c enrich.Config) ([]field, error) {
	v := reflect.ValueOf(c)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return nil, errors.New("its configuration is no pointer to a struct")
	}
	var all []field
	for _, sf := range reflect.VisibleFields(v.Elem().Type()) {
		tag, ok := sf.Tag.Lookup("pipe")
		if !ok {
			continue
		}
		name, flags, _ := strings.Cut(tag, ",")
		if !sf.IsExported() || name == "" {
			return nil, fmt.Errorf("its field %s can't be set", sf.Name)
		}
		value, err := v.Elem().FieldByIndexErr(sf.Index)
		if err != nil {
			return nil, fmt.Errorf("its field %s can't be set", sf.Name)
		}
		all = append(all, field{name: name, doc: sf.Tag.Get("doc"), def: sf.Tag.Get("default"), value: value,
			required: strings.Contains(flags, "required"), step: strings.Contains(flags, "step")})
	}
	return all, nil
}

func names(all []field, step bool) []string {
	var list []string
	for _, f := range all {
		if f.step == step {
			list = append(list, f.name)
		}
	}
	return list
}

// configure fills a connector's Config from the step's keys and those under "with", and makes the connector.
func (r *reader) configure(d *draft) {
	c := d.kind.Config()
	all, err := fields(c)
	if err != nil {
		r.misbuilt(d, err.Error())
		return
	}
	before := r.Failures()
	given := r.given(d, all)
	for _, f := range all {
		r.set(d, f, given[f.name])
	}
	if r.Failures() > before {
		return
	}
	connector, err := c.Connector()
	switch {
	case err != nil:
		r.objections(d, err, given)
	case connector == nil:
		r.misbuilt(d, "it made nothing")
	default:
		d.step.Connector, d.step.Class = connector, enrich.ClassOf(connector)
	}
}

// misbuilt reports a connector whose author broke the rules of enrich.Config.
func (r *reader) misbuilt(d *draft, why string) {
	r.At(d.uses(), fmt.Sprintf("the connector %s is built wrongly: %s", d.kind.Name, why), "")
}

// given collects the connector's keys from both places.
func (r *reader) given(d *draft, all []field) map[string]yamldoc.Entry {
	given := map[string]yamldoc.Entry{}
	for _, name := range names(all, true) {
		if e, ok := d.keys[name]; ok {
			given[name] = e
		}
	}
	with := d.keys["with"]
	if !with.Present() {
		return given
	}
	beside := append(names(all, true), stepKeys...)
	elsewhere := func(key string) string { return besideWith(key, beside) }
	for name, e := range r.Keys(with.Value, `"with" of `+d.kind.Name, names(all, false), elsewhere) {
		given[name] = e
	}
	return given
}

// set decodes one field. A key that is absent takes its default.
func (r *reader) set(d *draft, f field, e yamldoc.Entry) {
	s := scope{step: d, with: !f.step}
	switch {
	case e.Present():
		if s.with {
			r.literalSecret(f.name, e.Value)
		}
		if !r.decode(e.Value, f, s) {
			r.misbuilt(d, fmt.Sprintf("its field %s has a type that no file can fill", f.name))
		}
	case !e.Missing(), d.keys["with"].Present() && r.Spoilt(d.keys["with"].Value):
		r.Hush()
	case f.required:
		where := `under "with"`
		if f.step {
			where = `beside "with"`
		}
		r.At(d.place(), fmt.Sprintf("%s needs %q %s", d.kind.Name, f.name, where), f.doc)
	case f.def != "":
		r.fallback(d, f, s)
	}
}

// decode reads a node into the field; ok is false when the field's type is none of those that enrich.Config lists.
func (r *reader) decode(n *yaml.Node, f field, s scope) (ok bool) {
	switch p := f.value.Addr().Interface().(type) {
	case *string:
		*p, _ = r.Text(n, f.name)
	case *bool:
		*p, _ = r.Boolean(n, f.name)
	case *int:
		*p, _ = r.Integer(n, f.name)
	case *time.Duration:
		*p, _ = r.Duration(n, f.name)
	case *[]int:
		*p = decodeList(r, n, f.name, r.Integer)
	case *[]string:
		*p = decodeList(r, n, f.name, r.Text)
	case **expr.Template:
		*p = r.template(n, f.name, s)
	case *[]*expr.Template:
		*p = decodeList(r, n, f.name, func(n *yaml.Node, what string) (*expr.Template, bool) {
			t := r.template(n, what, s)
			return t, t != nil
		})
	case *map[string]*expr.Template:
		*p = r.templates(n, f.name, s)
	case **expr.Tree:
		*p = r.tree(n, f.name, s)
	default:
		return false
	}
	return true
}

func decodeList[T any](r *reader, n *yaml.Node, what string, one func(*yaml.Node, string) (T, bool)) []T {
	var all []T
	for _, item := range r.List(n, what) {
		if v, ok := one(item, "an element of "+what); ok {
			all = append(all, v)
		}
	}
	return all
}

func (r *reader) templates(n *yaml.Node, what string, s scope) map[string]*expr.Template {
	all := map[string]*expr.Template{}
	for _, e := range r.Entries(n, what) {
		all[e.Key.Value] = r.template(e.Value, e.Key.Value, s)
		r.literalSecret(e.Key.Value, e.Value)
	}
	return all
}

// fallback decodes a default, which is written as it would be in the file.
func (r *reader) fallback(d *draft, f field, s scope) {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: f.def}
	switch f.value.Interface().(type) {
	case string, time.Duration, *expr.Template:
	default:
		var document yaml.Node
		if err := yaml.Load([]byte(f.def), &document); err == nil {
			n = document.Content[0]
		}
	}
	before := r.Found()
	if ok := r.decode(n, f, s); !ok || r.Found() > before {
		r.Forget(before)
		r.misbuilt(d, fmt.Sprintf("the default of its field %s does not fit", f.name))
	}
}

// objections are the connector's own mistakes, each put where its field stands.
func (r *reader) objections(d *draft, err error, given map[string]yamldoc.Entry) {
	for _, leaf := range leaves(err) {
		var one *enrich.FieldError
		if !errors.As(leaf, &one) {
			r.At(d.place(), leaf.Error(), "")
			continue
		}
		message, hint, _ := strings.Cut(one.Message, "; ")
		if one.Field != "" {
			message = one.Field + ": " + message
		}
		r.At(findField(d, one.Field, given), message, hint)
	}
}

// findField is the node of a field, or of a key below it (headers.authorization), or else of the block.
func findField(d *draft, name string, given map[string]yamldoc.Entry) *yaml.Node {
	if e, ok := given[name]; ok {
		return e.Value
	}
	name, key, _ := strings.Cut(name, ".")
	e, ok := given[name]
	if !ok {
		return d.place()
	}
	for i := 0; i+1 < len(e.Value.Content) && e.Value.Kind == yaml.MappingNode; i += 2 {
		if e.Value.Content[i].Value == key {
			return e.Value.Content[i+1]
		}
	}
	return e.Value
}
