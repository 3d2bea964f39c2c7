package cloudformation

import (
	"fmt"
	"slices"
)

// World is what the templates are held against.
type World struct {
	Truth       map[string][]string           // actions by program, from deploy/iam
	Environment map[string][]string           // variables by program, from DESIGN.md
	Metrics     map[string][]string           // dimensions by metric of the namespace postconfirm
	Pages       []string                      // names of the alarms' runbook pages
	Ledger      map[string]any                // the table as worker/dynamo makes it, in the words of DynamoDB's API
	Expires     string                        // the attribute of the table's time to live
	Values      map[string]map[string]string  // parameters of the deployments that are looked at, by name
	resolved    map[string]*Template          // those deployments
	source      *Template                     // the template as it is written
	found       func(format string, a ...any) // tells of a fault
}

// The deployments of World.Values.
const (
	Everything = "functions, with every option"
	Parameters = "functions, with pipeline and secrets in Parameter Store"
	AsDaemon   = "a daemon, with every option"
	Bare       = "functions, with no option"
)

// Check is one rule of the house.
type Check struct {
	Name string
	run  func(*World)
}

// Checks are all rules, by name.
func Checks() []Check {
	return []Check{
		{"references lead somewhere, and rules hold", nil},
		{"rights are what the code calls", rights},
		{"optional rights are asked for", optionalRights},
		{"actions are known", knownActions},
		{"no wildcards", noWildcards},
		{"rights are scoped to their service", scoped},
		{"functions are as the programs want them", functions},
		{"the environment is the contract's", environment},
		{"Cognito may call, for this pool only", permissions},
		{"the mapping keeps failures", mappingFlags},
		{"visibility is six times the time-out", visibility},
		{"retention and redrive", retention},
		{"queues are encrypted", encryption},
		{"queues take nothing without TLS", onlyTLS},
		{"queues name their senders", senders},
		{"the ledger is the worker's table", ledger},
		{"what people own outlives the stack", deletion},
		{"logs have a group and an end", logs},
		{"alarms have pages, and pages alarms", alarms},
		{"alarms ask for metrics that exist", alarmMetrics},
		{"the dashboard shows metrics that exist", dashboard},
		{"no circle, and the trigger knows no pool", circles},
		{"parameters are described and bounded", parameters},
		{"names are the shared ones", names},
	}
}

// Run holds a template against all rules and gives the faults by the check's name.
func Run(data []byte, w World) map[string][]string {
	faults := map[string][]string{}
	first := Checks()[0].Name
	t, err := Read(data)
	if err != nil {
		return map[string][]string{first: {err.Error()}}
	}
	w.source, w.resolved = t, map[string]*Template{}
	for name, values := range w.Values {
		if w.resolved[name], err = t.Resolve(values); err != nil {
			faults[first] = append(faults[first], name+": "+err.Error())
		}
	}
	for _, c := range Checks()[1:] {
		w.found = func(format string, a ...any) {
			if fault := fmt.Sprintf(format, a...); !slices.Contains(faults[c.Name], fault) {
				faults[c.Name] = append(faults[c.Name], fault)
			}
		}
		c.run(&w)
	}
	return faults
}

// everywhere calls f with each deployment and each of its resources of a type.
func (w *World) everywhere(kind string, f func(t *Template, name string, r Resource)) {
	for _, t := range w.resolved {
		for name, r := range t.Resources {
			if r.Type == kind {
				f(t, name, r)
			}
		}
	}
}

// is tells of a property that is not what it must be.
func (w *World) is(name string, r Resource, want any, path ...string) {
	if got := at(r.Properties, path...); fmt.Sprint(got) != fmt.Sprint(want) {
		w.found("%s: %v is %v, want %v", name, path, got, want)
	}
}

// at goes down maps; nil is a way that ends.
func at(v any, path ...string) any {
	for _, key := range path {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	return v
}

// texts makes a list of a value that may be one text.
func texts(v any) (all []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, one := range v {
			all = append(all, fmt.Sprint(one))
		}
	}
	return all
}
