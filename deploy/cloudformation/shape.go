package cloudformation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// uses are the resources and parameters that a value refers to.
func uses(v any) (all []string) {
	switch v := v.(type) {
	case map[string]any:
		switch name, arg := only(v); name {
		case "Ref":
			return []string{fmt.Sprint(arg)}
		case "Fn::GetAtt":
			return []string{fmt.Sprint(arg.([]any)[0])}
		case "Fn::Sub":
			for _, m := range placeholder.FindAllStringSubmatch(fmt.Sprint(arg), -1) {
				resource, _, _ := strings.Cut(m[1], ".")
				all = append(all, resource)
			}
			return all
		}
		for _, inner := range v {
			all = append(all, uses(inner)...)
		}
	case []any:
		for _, inner := range v {
			all = append(all, uses(inner)...)
		}
	}
	return all
}

// circles follows every reference of the template, whatever conditions say.
func circles(w *World) {
	edges := map[string][]string{}
	for name, r := range w.source.Resources {
		edges[name] = append(uses(r.Properties), texts(r.DependsOn)...)
	}
	done := map[string]int{} // 1 on the way, 2 done
	var visit func(name string, way []string)
	visit = func(name string, way []string) {
		if done[name] == 1 {
			w.found("a circle: %s", strings.Join(append(way[slices.Index(way, name):], name), " → "))
		}
		if done[name] != 0 {
			return
		}
		done[name] = 1
		for _, next := range slices.Sorted(slices.Values(edges[name])) {
			visit(next, append(slices.Clone(way), name))
		}
		done[name] = 2
	}
	for _, name := range slices.Sorted(maps.Keys(edges)) {
		visit(name, nil)
	}
	poolFree(w, edges)
}

// poolFree holds that what a pool's triggers are made of refers to no pool, not even by way of others.
func poolFree(w *World, edges map[string][]string) {
	for _, start := range []string{"TriggerAlias", "PreSignUpAlias", "Queue", "Ledger"} {
		seen := map[string]bool{}
		for next := []string{start}; len(next) > 0; next = next[1:] {
			if name := next[0]; !seen[name] {
				seen[name] = true
				next = append(next, edges[name]...)
			}
		}
		if seen["UserPoolId"] || seen["Pool"] {
			w.found("%s refers to the pool: a stack that owns the pool would be a circle", start)
		}
	}
}

func parameters(w *World) {
	used := uses(map[string]any{"r": anyOf(w.source.Resources), "c": w.source.Conditions, "o": anyMaps(w.source.Outputs), "u": anyMaps(w.source.Rules)})
	for name, p := range w.source.Parameters {
		if text, _ := p["Description"].(string); !strings.HasSuffix(text, ".") {
			w.found("%s is not described in a sentence", name)
		}
		free := name == "TriggerMetadataKeys" || name == "PreSignUpPolicy" // texts of any form; the programs check them
		if p["AllowedPattern"] == nil && p["AllowedValues"] == nil && p["MinValue"] == nil && !free {
			w.found("%s takes anything", name)
		}
		if d := p["Default"]; d != nil {
			if wrong := disallowed(p, fmt.Sprint(d)); wrong != "" {
				w.found("%s: its default: %s", name, wrong)
			}
		}
		if !slices.Contains(used, name) {
			w.found("%s is used nowhere", name)
		}
	}
}

func anyOf(all map[string]Resource) any {
	out := map[string]any{}
	for name, r := range all {
		out[name] = r.Properties
	}
	return out
}

func anyMaps(all map[string]map[string]any) any {
	out := map[string]any{}
	for name, v := range all {
		out[name] = v
	}
	return out
}

// names holds what the deployments of all kinds have in common.
func names(w *World) {
	full := w.resolved[Everything].Resources
	for resource, want := range map[string][2]string{"Queue": {"QueueName", "postconfirm"}, "DeadLetters": {"QueueName", "postconfirm-dlq"},
		"Ledger": {"TableName", "postconfirm-ledger"}} {
		w.is(resource, full[resource], want[1], want[0])
	}
	for _, out := range []string{"TriggerArn", "PreSignUpArn", "QueueUrl", "QueueArn", "DeadLettersUrl", "DeadLettersArn", "Ledger", "WorkerPolicyArn", "OperatorPolicyArn"} {
		if w.resolved[Everything].Outputs[out]["Value"] == nil {
			w.found("there is no output %s", out)
		}
	}
	for resource, r := range w.source.Resources {
		if len(r.OtherFields) > 0 {
			w.found("%s has %v", resource, r.OtherFields)
		}
		if _, known := w.source.Conditions[r.Condition]; r.Condition != "" && !known {
			w.found("%s: no condition %s", resource, r.Condition)
		}
	}
}
