package cloudformation

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/postconfirm/postconfirm/deploy/iam"
)

// statement is one of a policy's.
type statement struct {
	of, sid, effect    string
	actions, resources []string
	condition          any
	principal          any
}

func statements(of string, document any) (all []statement) {
	list, _ := at(document, "Statement").([]any)
	for _, s := range list {
		all = append(all, statement{of, fmt.Sprint(at(s, "Sid")), fmt.Sprint(at(s, "Effect")), texts(at(s, "Action")), texts(at(s, "Resource")),
			at(s, "Condition"), at(s, "Principal")})
	}
	return all
}

// granted are the statements of a role, those of its own and of the policies that hang on it; or of a managed policy.
func (t *Template) granted(name string) (all []statement) {
	r := t.Resources[name]
	if r.Type == "AWS::IAM::ManagedPolicy" {
		return statements(name, r.Properties["PolicyDocument"])
	}
	inline, _ := r.Properties["Policies"].([]any)
	for _, p := range inline {
		all = append(all, statements(name, at(p, "PolicyDocument"))...)
	}
	for _, arn := range texts(r.Properties["ManagedPolicyArns"]) {
		if managed := strings.Trim(arn, "<>"); t.Resources[managed].Type != "" {
			all = append(all, t.granted(managed)...)
		} else {
			all = append(all, statement{of: name, effect: "Allow", actions: []string{"everything of " + arn}})
		}
	}
	for other, p := range t.Resources {
		if p.Type == "AWS::IAM::RolePolicy" && p.Properties["RoleName"] == "<"+name+">" {
			all = append(all, statements(other, p.Properties["PolicyDocument"])...)
		}
	}
	return all
}

func actionsOf(all []statement) (actions []string) {
	for _, s := range all {
		if s.effect == "Allow" {
			actions = append(actions, s.actions...)
		}
	}
	slices.Sort(actions)
	return slices.Compact(actions)
}

// policies are all statements of a deployment that say what somebody may do.
func (t *Template) policies() (all []statement) {
	for name, r := range t.Resources {
		if r.Type == "AWS::IAM::Role" || r.Type == "AWS::IAM::ManagedPolicy" {
			all = append(all, t.granted(name)...)
		}
	}
	return all
}

// wanted is what a program needs: what it calls, and what stands beside that. Without options, only what all need.
func (w *World) wanted(options bool, programs ...string) (all []string) {
	all, err := iam.Union(w.Truth, programs...)
	if err != nil {
		w.found("%v", err)
	}
	for _, p := range programs {
		for _, r := range iam.Beside(p) {
			all = append(all, r.Action)
		}
	}
	if !options {
		all = slices.DeleteFunc(all, func(a string) bool { return iam.Optional(a) != "" })
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// operators are the commands that look after runs; attach and detach, which write a pool's settings, are others'.
func (w *World) operators() (runs, pool []string) {
	for name := range w.Truth {
		switch {
		case name == "postconfirm attach", name == "postconfirm detach":
			pool = append(pool, name)
		case strings.HasPrefix(name, "postconfirm "):
			runs = append(runs, name)
		}
	}
	return runs, pool
}

// rights compares both ways. What excludes another (two stores of secrets) is looked at in several deployments together.
func rights(w *World) {
	runs, pool := w.operators()
	full, daemon := []string{Everything, Parameters}, []string{Everything, AsDaemon}
	for _, c := range []struct {
		deployments []string
		who         string
		programs    []string
	}{
		{full, "TriggerRole", []string{iam.Trigger}}, {[]string{Bare}, "TriggerRole", []string{iam.Trigger}},
		{full, "PreSignUpRole", []string{iam.PreSign}},
		{full, "WorkerRole", []string{iam.Function}}, {[]string{Bare}, "WorkerRole", []string{iam.Function}},
		{daemon, "WorkerPolicy", []string{iam.Daemon}},
		{full, "OperatorPolicy", runs}, {[]string{Bare}, "OperatorPolicy", runs}, {full, "AttachPolicy", pool},
	} {
		if w.source.Resources["Pool"].Type != "" && c.who == "AttachPolicy" {
			continue // a stack that owns its pool has nothing to attach
		}
		var all []statement
		for _, d := range c.deployments {
			all = append(all, w.resolved[d].granted(c.who)...)
		}
		w.same(c.who, c.programs, actionsOf(all), w.wanted(c.deployments[0] != Bare, c.programs...))
	}
}

func (w *World) same(who string, programs, given, want []string) {
	for _, a := range given {
		if !slices.Contains(want, a) {
			w.found("%s may %s, which %v never calls", who, a, programs)
		}
	}
	for _, a := range want {
		if !slices.Contains(given, a) {
			w.found("%s may not %s, which %v calls", who, a, programs)
		}
	}
}

func optionalRights(w *World) {
	for _, s := range w.resolved[Bare].policies() {
		for _, a := range s.actions {
			if why := iam.Optional(a); why != "" {
				w.found("%s: %s is given though nobody asked for %s", s.of, a, why)
			}
		}
	}
}

func knownActions(w *World) {
	known := []string{"lambda:InvokeFunction", "sts:AssumeRole", "sqs:*"} // sqs:* stands in denials only: noWildcards
	for program, actions := range w.Truth {
		known = append(known, actions...)
		for _, r := range iam.Beside(program) {
			known = append(known, r.Action)
		}
	}
	look := func(of string, actions []string) {
		for _, a := range actions {
			if !slices.Contains(known, a) {
				w.found("%s: the action %q is not known", of, a)
			}
		}
	}
	for _, t := range w.resolved {
		for _, s := range t.policies() {
			look(s.of, s.actions)
		}
		for name, r := range t.Resources {
			for _, s := range append(statements(name, r.Properties["PolicyDocument"]), statements(name, r.Properties["AssumeRolePolicyDocument"])...) {
				look(name, s.actions)
			}
			if r.Type == "AWS::Lambda::Permission" {
				look(name, texts(r.Properties["Action"]))
			}
		}
	}
}

// narrow is an end of a resource that may be a wildcard, since what comes there is not known before: a secret below a
// prefix, a template's name below a prefix.
var narrow = regexp.MustCompile(`(:parameter/[^*]+/|:secret:[^*]+/|:template/[^*]+)\*$`)

func noWildcards(w *World) {
	for _, t := range w.resolved {
		all := t.policies()
		for name, r := range t.Resources {
			all = append(all, statements(name, r.Properties["PolicyDocument"])...)
		}
		for _, s := range all {
			if s.effect != "Allow" {
				continue
			}
			for _, a := range s.actions {
				if strings.Contains(a, "*") {
					w.found("%s: %s allows %s", s.of, s.sid, a)
				}
			}
			for _, r := range s.resources {
				if strings.Contains(r, "*") && !narrow.MatchString(r) {
					w.found("%s: %s allows on %s", s.of, s.sid, r)
				}
			}
			if len(s.resources) == 0 {
				w.found("%s: %s names no resource", s.of, s.sid)
			}
			if fmt.Sprint(s.principal) == "*" || fmt.Sprint(at(s.principal, "AWS")) == "*" {
				w.found("%s: %s allows everybody", s.of, s.sid)
			}
		}
	}
}

// owner gives the service that a resource belongs to: of an ARN its third part, of an attribute the resource's type.
func (t *Template) owner(resource string) string {
	if parts := strings.Split(resource, ":"); len(parts) > 3 && parts[0] == "arn" {
		return parts[2]
	}
	name, _, _ := strings.Cut(strings.Trim(strings.SplitN(resource, ">", 2)[0], "<"), ".")
	return map[string]string{"AWS::SQS::Queue": "sqs", "AWS::DynamoDB::Table": "dynamodb", "AWS::Cognito::UserPool": "cognito-idp",
		"AWS::Logs::LogGroup": "logs"}[t.Resources[name].Type]
}

func scoped(w *World) {
	for deployment, t := range w.resolved {
		for _, s := range t.policies() {
			for _, r := range s.resources {
				for _, a := range s.actions {
					service, _, _ := strings.Cut(a, ":")
					if t.owner(r) != service {
						w.found("%s: %s on %s, which is not of that service", s.of, a, r)
					}
				}
				if t.owner(r) == "cognito-idp" && !strings.HasSuffix(r, ":userpool/"+w.pool(deployment)) {
					w.found("%s: %s is not the pool", s.of, r)
				}
			}
		}
	}
}

// pool is how a deployment names its pool.
func (w *World) pool(deployment string) string {
	if id, given := w.Values[deployment]["UserPoolId"]; given {
		return id
	}
	return "<Pool>"
}
