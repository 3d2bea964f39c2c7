package cloudformation

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// pseudo are the values of AWS's own parameters in a resolved template: an account and a Region of no importance.
func pseudo() map[string]any {
	return map[string]any{"AWS::Region": "eu-west-1", "AWS::AccountId": "111122223333", "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com",
		"AWS::StackName": "stack", "AWS::NoValue": nothing{}}
}

// nothing is what AWS::NoValue leaves behind until it is taken out.
type nothing struct{}

// Resolve computes a template as CloudFormation would, for values of parameters; those that are not given have their
// defaults. Resources whose condition is false are gone, every intrinsic is a value: a resource's reference is
// "<Queue>", an attribute "<Queue.Arn>". A rule that does not hold, a value that a parameter does not allow, and a name
// that leads nowhere are errors, all of them at once.
func (t *Template) Resolve(values map[string]string) (*Template, error) {
	r := &resolver{t: t, names: pseudo()}
	r.parameters(values)
	r.rules()
	out := &Template{Parameters: t.Parameters, Mappings: t.Mappings, Resources: map[string]Resource{}, Outputs: map[string]map[string]any{}}
	for _, name := range slices.Sorted(maps.Keys(t.Resources)) {
		res := t.Resources[name]
		if res.Condition != "" && !r.condition(res.Condition) {
			continue
		}
		res.Properties, _ = r.value(res.Properties).(map[string]any)
		out.Resources[name] = res
	}
	for _, name := range slices.Sorted(maps.Keys(t.Outputs)) {
		if c, _ := t.Outputs[name]["Condition"].(string); c == "" || r.condition(c) {
			out.Outputs[name], _ = r.value(t.Outputs[name]).(map[string]any)
		}
	}
	return out, errors.Join(r.wrong...)
}

type resolver struct {
	t     *Template
	names map[string]any
	wrong []error
}

func (r *resolver) fail(format string, args ...any) any {
	r.wrong = append(r.wrong, fmt.Errorf("cloudformation: "+format, args...))
	return nothing{}
}

// parameters gives each its value.
func (r *resolver) parameters(values map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if r.t.Parameters[name] == nil {
			r.fail("no parameter %s", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.t.Parameters)) {
		p := r.t.Parameters[name]
		v, given := values[name]
		if !given {
			if p["Default"] == nil {
				r.fail("parameter %s has no value", name)
			}
			v = fmt.Sprint(p["Default"])
		}
		r.names[name] = v
		if wrong := disallowed(p, v); wrong != "" {
			r.fail("parameter %s: %s", name, wrong)
		}
	}
}

// disallowed tells why a parameter does not take a value.
func disallowed(p map[string]any, v string) string {
	if pattern, ok := p["AllowedPattern"].(string); ok {
		if re, err := regexp.Compile(pattern); err != nil || !re.MatchString(v) {
			return fmt.Sprintf("%q does not match %s", v, pattern)
		}
	}
	if allowed, ok := p["AllowedValues"].([]any); ok && !slices.ContainsFunc(allowed, func(a any) bool { return fmt.Sprint(a) == v }) {
		return fmt.Sprintf("%q is none of %v", v, allowed)
	}
	return ""
}

func (r *resolver) rules() {
	for _, name := range slices.Sorted(maps.Keys(r.t.Rules)) {
		rule := r.t.Rules[name]
		if when := rule["RuleCondition"]; when != nil && r.value(when) != true {
			continue
		}
		assertions, _ := rule["Assertions"].([]any)
		for _, a := range assertions {
			if a, _ := a.(map[string]any); r.value(a["Assert"]) != true {
				r.fail("rule %s: %v", name, a["AssertDescription"])
			}
		}
	}
}

func (r *resolver) condition(name string) bool {
	c, known := r.t.Conditions[name]
	if !known {
		r.fail("no condition %s", name)
		return false
	}
	return r.value(c) == true
}

// value resolves anything.
func (r *resolver) value(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if name, arg := only(v); name != "" {
			return r.intrinsic(name, arg)
		}
		out := make(map[string]any, len(v))
		for key, inner := range v {
			if got := r.value(inner); got != any(nothing{}) {
				out[key] = got
			}
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, inner := range v {
			if got := r.value(inner); got != any(nothing{}) {
				out = append(out, got)
			}
		}
		return out
	}
	return v
}

// only gives the name and the argument of an intrinsic; "" of any other map.
func only(m map[string]any) (string, any) {
	if len(m) != 1 {
		return "", nil
	}
	for name, arg := range m {
		if _, text := arg.(string); strings.HasPrefix(name, "Fn::") || name == "Ref" || name == "Condition" && text {
			return name, arg
		}
	}
	return "", nil
}

func (r *resolver) intrinsic(name string, arg any) any {
	list, _ := arg.([]any)
	switch name {
	case "Ref":
		return r.ref(fmt.Sprint(arg))
	case "Condition":
		return r.condition(fmt.Sprint(arg))
	case "Fn::GetAtt":
		return r.attribute(fmt.Sprint(list[0]), fmt.Sprint(list[1]))
	case "Fn::Sub":
		return r.sub(fmt.Sprint(arg))
	case "Fn::If":
		if len(list) != 3 {
			return r.fail("Fn::If wants three arguments")
		}
		if r.condition(fmt.Sprint(list[0])) {
			return r.value(list[1])
		}
		return r.value(list[2])
	case "Fn::FindInMap":
		return r.find(list)
	}
	return r.logic(name, list)
}

func (r *resolver) logic(name string, list []any) any {
	for i := range list {
		list = slices.Clone(list)
		list[i] = r.value(list[i])
	}
	switch {
	case name == "Fn::Equals" && len(list) == 2:
		return fmt.Sprint(list[0]) == fmt.Sprint(list[1])
	case name == "Fn::Not" && len(list) == 1:
		return list[0] != true
	case name == "Fn::And":
		return !slices.ContainsFunc(list, func(v any) bool { return v != true })
	case name == "Fn::Or":
		return slices.Contains(list, any(true))
	}
	return r.fail("%s is not known here, or has the wrong number of arguments", name)
}

func (r *resolver) ref(name string) any {
	if v, known := r.names[name]; known {
		return v
	}
	if _, known := r.t.Resources[name]; known {
		return "<" + name + ">"
	}
	return r.fail("nothing is called %s", name)
}

func (r *resolver) attribute(resource, attribute string) any {
	if _, known := r.t.Resources[resource]; !known {
		return r.fail("no resource %s", resource)
	}
	return "<" + resource + "." + attribute + ">"
}

func (r *resolver) find(list []any) any {
	if len(list) != 3 {
		return r.fail("Fn::FindInMap wants three arguments")
	}
	row, _ := r.t.Mappings[fmt.Sprint(list[0])][fmt.Sprint(r.value(list[1]))].(map[string]any)
	if v, known := row[fmt.Sprint(list[2])]; known {
		return v
	}
	return r.fail("no entry %v", list)
}

// placeholder is ${X} or ${X.Y} in a Sub; ${!X} is no placeholder.
var placeholder = regexp.MustCompile(`\$\{([^!}][^}]*)\}`)

func (r *resolver) sub(text string) any {
	return placeholder.ReplaceAllStringFunc(text, func(m string) string {
		name := m[2 : len(m)-1]
		resource, attribute, has := strings.Cut(name, ".")
		if has {
			return fmt.Sprint(r.attribute(resource, attribute))
		}
		return fmt.Sprint(r.ref(name))
	})
}
