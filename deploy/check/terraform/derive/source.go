package main

import (
	"fmt"
	"regexp"
	"strings"
)

// source is one type's part of the bindings: index.js, from which names and types come, and index.d.ts, which says what is required.
type source struct{ js, types string }

func (s source) with(file, text string) source {
	switch file {
	case "index.js":
		s.js = text
	case "index.d.ts":
		s.types = text
	}
	return s
}

var (
	argument = regexp.MustCompile(`(?m)^ {8,12}(\w+): \{\n\s+value: (.*),\n\s+isBlock: (true|false),\n\s+type: "(\w+)",\n\s+storageClassType: "(\w+)",`)
	follow   = regexp.MustCompile(`([A-Za-z0-9]+)ToHclTerraform`)
	computed = regexp.MustCompile(`// (\w+) - computed: true, optional: false, required: false\n\s+get \w+\(\) \{\n\s+return this\.get(\w+)Attribute\(`)
	demanded = regexp.MustCompile(`#(\w+) \w+#\w+\}(?:[^/]|\n)*?\*/\n\s+readonly \w+(\??):`)
)

// block is the type itself: what can be given, and what only the provider knows.
func (s source) block() (map[string]any, error) {
	from := strings.Index(s.js, "    synthesizeHclAttributes() {")
	class := regexp.MustCompile(`(?m)^class (\w+) extends cdktf\.Terraform(?:Resource|DataSource) \{`).FindStringSubmatchIndex(s.js)
	if class == nil {
		return nil, fmt.Errorf("index.js has no class of a resource")
	}
	name := s.js[class[2]:class[3]]
	b := map[string]any{"attributes": map[string]any{}}
	if from >= 0 {
		var err error
		if b, err = s.arguments(s.js[from:], name+"Config"); err != nil {
			return nil, err
		}
	}
	attributes := b["attributes"].(map[string]any)
	for _, m := range computed.FindAllStringSubmatch(s.js[class[0]:], -1) {
		if t, ok := getters[m[2]]; ok {
			attributes[m[1]] = map[string]any{"type": t, "computed": true}
		}
	}
	return b, nil
}

// arguments reads the table of arguments that begins next in js, and below it the blocks'.
func (s source) arguments(js, inter string) (map[string]any, error) {
	end := strings.Index(js, "// remove undefined attributes")
	if end < 0 {
		return nil, fmt.Errorf("%s has no table of arguments", inter)
	}
	attributes, blocks := map[string]any{}, map[string]any{}
	required := s.required(inter)
	for _, m := range argument.FindAllStringSubmatch(js[:end], -1) {
		name, value, isBlock, form, holds := m[1], m[2], m[3] == "true", m[4], m[5]
		if !isBlock {
			t, ok := shapes[form+" "+holds]
			if !ok {
				return nil, fmt.Errorf("%s.%s is a %s of %s", inter, name, form, holds)
			}
			attributes[name] = map[string]any{"type": t, "required": required[name], "optional": !required[name],
				"computed": !required[name] && (name == "id" || name == "region" || name == "tags_all")}
			continue
		}
		inner, err := s.nested(follow.FindStringSubmatch(value))
		if err != nil {
			return nil, err
		}
		blocks[name] = limits(inner, form, strings.Contains(value, "listMapper"), required[name])
	}
	return map[string]any{"attributes": attributes, "block_types": blocks}, nil
}

// nested reads a block's own table: that of the function fooToHclTerraform, and of the interface Foo.
func (s source) nested(function []string) (map[string]any, error) {
	if function == nil {
		return nil, fmt.Errorf("a block has no function that writes it")
	}
	at := strings.Index(s.js, "function "+function[0]+"(")
	if at < 0 {
		return nil, fmt.Errorf("no function %s", function[0])
	}
	return s.arguments(s.js[at:], strings.ToUpper(function[1][:1])+function[1][1:])
}

// limits says how often a block may stand.
func limits(inner map[string]any, form string, many, required bool) map[string]any {
	b := map[string]any{"block": inner, "nesting_mode": form}
	if form == "struct" {
		b["nesting_mode"] = "single"
		return b
	}
	if !many {
		b["max_items"] = 1
	}
	if required {
		b["min_items"] = 1
	}
	return b
}

// required says which arguments of an interface must be given: those without a question mark.
func (s source) required(inter string) map[string]bool {
	all := map[string]bool{}
	_, rest, found := strings.Cut(s.types, "export interface "+inter+" ")
	if !found {
		return all
	}
	body, _, _ := strings.Cut(rest, "\n}")
	for _, m := range demanded.FindAllStringSubmatch(body, -1) {
		all[m[1]] = m[2] == ""
	}
	return all
}

// shapes and getters are the bindings' words for types, and Terraform's.
var shapes = map[string]any{
	"simple string": "string", "simple number": "number", "simple boolean": "bool",
	"list stringList": []string{"list", "string"}, "set stringList": []string{"set", "string"},
	"list numberList": []string{"list", "number"}, "set numberList": []string{"set", "number"},
	"map stringMap": []string{"map", "string"}, "map numberMap": []string{"map", "number"}, "map booleanMap": []string{"map", "bool"},
}

var getters = map[string]any{
	"String": "string", "Number": "number", "Boolean": "bool",
	"List": []string{"list", "string"}, "StringMap": []string{"map", "string"},
}
