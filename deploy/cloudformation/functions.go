package cloudformation

import (
	"fmt"
	"slices"
	"strings"
)

// program is a function of the templates.
type program struct {
	name     string   // as in the names of functions and zips
	function string   // the resource
	prefix   string   // of the resources around it
	contract string   // the row of DESIGN.md
	needs    []string // variables without which it does not start
}

func programs() []program {
	return []program{
		{"trigger", "Trigger", "Trigger", "cmd/trigger", []string{"POSTCONFIRM_QUEUE_URL"}},
		{"presignup", "PreSignUpFunction", "PreSignUp", "cmd/presignup", []string{"POSTCONFIRM_POLICY"}},
		{"worker", "WorkerFunction", "Worker", "cmd/worker", []string{"POSTCONFIRM_PIPELINE", "POSTCONFIRM_QUEUE_URL", "POSTCONFIRM_DLQ_URL", "POSTCONFIRM_LEDGER"}},
	}
}

func functions(w *World) {
	t := w.resolved[Everything]
	for _, p := range programs() {
		f := t.Resources[p.function]
		for path, want := range map[string]any{"Runtime": "provided.al2023", "Handler": "bootstrap", "Architectures": []any{"arm64"},
			"Role": "<" + p.prefix + "Role.Arn>", "FunctionName": "postconfirm-" + p.name} {
			w.is(p.function, f, want, path)
		}
		w.is(p.function, f, "v1/lambda-"+p.name+".zip", "Code", "S3Key")
		if memory, _ := f.Properties["MemorySize"].(int); memory < 128 || p.name == "worker" && memory < 256 {
			w.found("%s: %d MB is less than it was measured with", p.function, memory)
		}
		if p.name != "worker" {
			w.is(p.function, f, 5, "Timeout")
		}
		version, alias := t.Resources[p.prefix+"Version"], t.Resources[p.prefix+"Alias"]
		w.is(p.prefix+"Version", version, "<"+p.function+">", "FunctionName")
		w.is(p.prefix+"Version", version, "v1", "Description")
		w.is(p.prefix+"Alias", alias, "live", "Name")
		w.is(p.prefix+"Alias", alias, "<"+p.function+">", "FunctionName")
		w.is(p.prefix+"Alias", alias, "<"+p.prefix+"Version.Version>", "FunctionVersion")
	}
	w.everywhere("AWS::Lambda::Function", func(_ *Template, name string, _ Resource) {
		if !slices.ContainsFunc(programs(), func(p program) bool { return p.function == name }) {
			w.found("%s is no program of ours", name)
		}
	})
}

func environment(w *World) {
	for _, t := range w.resolved {
		for _, p := range programs() {
			f, there := t.Resources[p.function]
			if !there {
				continue
			}
			given, _ := at(f.Properties, "Environment", "Variables").(map[string]any)
			for name := range given {
				if !slices.Contains(w.Environment[p.contract], name) {
					w.found("%s: the contract of %s has no %s", p.function, p.contract, name)
				}
			}
			for _, name := range p.needs {
				if fmt.Sprint(given[name]) == "" || given[name] == nil {
					w.found("%s: %s is missing", p.function, name)
				}
			}
		}
	}
	full := w.resolved[Everything].Resources
	w.is("Trigger", full["Trigger"], "<Queue>", "Environment", "Variables", "POSTCONFIRM_QUEUE_URL")
	w.is("WorkerFunction", full["WorkerFunction"], "<Queue>", "Environment", "Variables", "POSTCONFIRM_QUEUE_URL")
	w.is("WorkerFunction", full["WorkerFunction"], "<DeadLetters>", "Environment", "Variables", "POSTCONFIRM_DLQ_URL")
	w.is("WorkerFunction", full["WorkerFunction"], "dynamodb:<Ledger>", "Environment", "Variables", "POSTCONFIRM_LEDGER")
}

func permissions(w *World) {
	seen := 0
	w.everywhere("AWS::Lambda::Permission", func(t *Template, name string, r Resource) {
		seen++
		w.is(name, r, "lambda:InvokeFunction", "Action")
		w.is(name, r, "cognito-idp.amazonaws.com", "Principal")
		w.is(name, r, "111122223333", "SourceAccount")
		w.is(name, r, "<"+strings.TrimSuffix(name, "Permission")+"Alias>", "FunctionName")
		source := fmt.Sprint(r.Properties["SourceArn"])
		if pool, own := w.Values[Everything]["UserPoolId"]; !strings.HasSuffix(source, ":userpool/"+pool) && own || !own && !strings.HasSuffix(source, ":userpool/<Pool>") {
			w.found("%s: SourceArn %s is not the pool", name, source)
		}
	})
	if want := 6; seen != want { // the trigger's in each, the pre sign-up function's where it is wanted
		w.found("there are %d permissions in the four deployments, want %d", seen, want)
	}
}

func logs(w *World) {
	w.everywhere("AWS::Lambda::Function", func(t *Template, name string, f Resource) {
		group := strings.Trim(fmt.Sprint(at(f.Properties, "LoggingConfig", "LogGroup")), "<>")
		g := t.Resources[group]
		if g.Type != "AWS::Logs::LogGroup" {
			w.found("%s: its log group is not of this stack", name)
			return
		}
		w.is(name, f, "Text", "LoggingConfig", "LogFormat")
		w.is(group, g, fmt.Sprintf("/aws/lambda/%v", f.Properties["FunctionName"]), "LogGroupName")
		w.is(group, g, "30", "RetentionInDays")
	})
}
