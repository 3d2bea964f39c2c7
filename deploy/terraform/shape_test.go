package terraform_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// deployment is what a deployment makes, in words that CloudFormation and Terraform share: "CHECK/NAME/…" and a value. The part before
// the first slash is the check that a difference belongs to.
type deployment map[string]any

func (d deployment) put(v any, parts ...string) {
	if v = pruned(v); v != nil {
		d[strings.Join(parts, "/")] = v
	}
}

// pruned takes out what says nothing: null, an empty text, list or map.
func pruned(v any) any {
	switch v := v.(type) {
	case string:
		if v == "" {
			return nil
		}
	case []any:
		var kept []any
		for _, inner := range v {
			if inner = pruned(inner); inner != nil {
				kept = append(kept, inner)
			}
		}
		if kept == nil {
			return nil
		}
		return kept
	case map[string]any:
		kept := map[string]any{}
		for key, inner := range v {
			if inner = pruned(inner); inner != nil {
				kept[key] = inner
			}
		}
		if len(kept) == 0 {
			return nil
		}
		return kept
	}
	return v
}

// normal passes a value through JSON, so that numbers are of one kind, and puts the shared words for what only AWS knows.
func normal(v any, words *strings.Replacer) any {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	text := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(b))
	var out any
	if err := json.Unmarshal([]byte(words.Replace(text)), &out); err != nil {
		return err
	}
	return out
}

// document reads JSON in a text, as policies are in Terraform.
func document(v any) any {
	text, _ := v.(string)
	if text == "" {
		return v
	}
	var out any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return err
	}
	return out
}

// number reads a number that may be a text, as parameters are in CloudFormation.
func number(v any) any {
	if text, ok := v.(string); ok {
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return f
		}
	}
	return v
}

// at goes down into maps and, by "0", into lists.
func at(v any, path ...string) any {
	for _, key := range path {
		switch inner := v.(type) {
		case map[string]any:
			v = inner[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(inner) {
				return nil
			}
			v = inner[i]
		default:
			return nil
		}
	}
	return v
}

func list(v any) []any {
	all, _ := v.([]any)
	return all
}

// statements puts each statement of a policy under its Sid. One value and a list of one are the same in IAM, and the order of a list
// says nothing.
func (d deployment) statements(policy any, parts ...string) {
	for i, s := range list(at(policy, "Statement")) {
		sid, _ := at(s, "Sid").(string)
		if sid == "" {
			sid = fmt.Sprint(i)
		}
		d.put(lists(s, ""), append(parts, sid)...)
	}
}

func lists(v any, key string) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, inner := range v {
			out[key] = lists(inner, key)
		}
		return out
	case []any:
		out := slices.Clone(v)
		slices.SortFunc(out, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		return out
	case string:
		if key != "Sid" && key != "Effect" {
			return []any{v}
		}
	}
	return v
}
