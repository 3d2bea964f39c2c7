package cloudformation

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Template is a template as data. An intrinsic is a map of one key, as in JSON templates: {"Ref": "Queue"},
// {"Fn::GetAtt": ["Queue", "Arn"]}, {"Fn::If": [condition, then, else]}.
type Template struct {
	Parameters map[string]map[string]any
	Rules      map[string]map[string]any
	Mappings   map[string]map[string]any
	Conditions map[string]any
	Resources  map[string]Resource
	Outputs    map[string]map[string]any
}

// Resource is one resource.
type Resource struct {
	Type        string
	Condition   string // "" is always
	Deletion    string // DeletionPolicy
	Replacement string // UpdateReplacePolicy
	DependsOn   any
	Properties  map[string]any
	OtherFields []string // names beside those that are known here
}

// Read reads a template in YAML, short forms included. A duplicate key and an intrinsic that is not known here are errors.
func Read(data []byte) (*Template, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return nil, fmt.Errorf("cloudformation: read: %w", err)
	}
	if len(root.Content) != 1 {
		return nil, fmt.Errorf("cloudformation: read: want one document")
	}
	v, err := value(root.Content[0])
	if err != nil {
		return nil, err
	}
	top, _ := v.(map[string]any)
	t := &Template{Parameters: section(top, "Parameters"), Rules: section(top, "Rules"), Mappings: section(top, "Mappings"),
		Outputs: section(top, "Outputs"), Resources: map[string]Resource{}}
	t.Conditions, _ = top["Conditions"].(map[string]any)
	for name, r := range section(top, "Resources") {
		t.Resources[name] = resource(r)
	}
	return t, nil
}

func section(top map[string]any, name string) map[string]map[string]any {
	all, out := top[name], map[string]map[string]any{}
	entries, _ := all.(map[string]any)
	for key, v := range entries {
		out[key], _ = v.(map[string]any)
	}
	return out
}

func resource(from map[string]any) (r Resource) {
	for key, v := range from {
		text, _ := v.(string)
		switch key {
		case "Type":
			r.Type = text
		case "Condition":
			r.Condition = text
		case "DeletionPolicy":
			r.Deletion = text
		case "UpdateReplacePolicy":
			r.Replacement = text
		case "DependsOn":
			r.DependsOn = v
		case "Properties":
			r.Properties, _ = v.(map[string]any)
		default:
			r.OtherFields = append(r.OtherFields, key)
		}
	}
	return r
}

// value turns a node into maps, lists, strings, numbers and booleans.
func value(n *yaml.Node) (any, error) {
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		return intrinsic(n)
	}
	switch n.Kind {
	case yaml.MappingNode:
		return mapping(n)
	case yaml.SequenceNode:
		return sequence(n)
	case yaml.ScalarNode:
		return scalar(n), nil
	}
	return nil, fmt.Errorf("cloudformation: line %d: an alias; CloudFormation takes none", n.Line)
}

func mapping(n *yaml.Node) (any, error) {
	out := make(map[string]any, len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i].Value
		if _, twice := out[key]; twice {
			return nil, fmt.Errorf("cloudformation: line %d: %s is there twice", n.Content[i].Line, key)
		}
		v, err := value(n.Content[i+1])
		if err != nil {
			return nil, err
		}
		out[key] = v
	}
	return out, nil
}

func sequence(n *yaml.Node) (any, error) {
	out := make([]any, len(n.Content))
	for i, c := range n.Content {
		v, err := value(c)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

func scalar(n *yaml.Node) any {
	switch n.Tag {
	case "!!int":
		if i, err := strconv.Atoi(n.Value); err == nil {
			return i
		}
	case "!!float":
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil {
			return f
		}
	case "!!bool":
		return n.Value == "true"
	case "!!null":
		return nil
	}
	return n.Value
}

// intrinsic reads a short form: !Ref X is {"Ref": X}, !GetAtt A.B is {"Fn::GetAtt": [A, B]}.
func intrinsic(n *yaml.Node) (any, error) {
	name := strings.TrimPrefix(n.Tag, "!")
	plain := *n
	plain.Tag = map[yaml.Kind]string{yaml.MappingNode: "!!map", yaml.SequenceNode: "!!seq", yaml.ScalarNode: "!!str"}[n.Kind]
	v, err := value(&plain)
	if err != nil {
		return nil, err
	}
	switch name {
	case "Ref", "Condition":
		return map[string]any{name: v}, nil
	case "GetAtt":
		resource, attribute, ok := strings.Cut(n.Value, ".")
		if !ok {
			return nil, fmt.Errorf("cloudformation: line %d: !GetAtt %s: want RESOURCE.ATTRIBUTE", n.Line, n.Value)
		}
		return map[string]any{"Fn::GetAtt": []any{resource, attribute}}, nil
	case "Sub", "If", "Not", "And", "Or", "Equals", "FindInMap":
		return map[string]any{"Fn::" + name: v}, nil
	}
	return nil, fmt.Errorf("cloudformation: line %d: !%s is not known here", n.Line, name)
}
