package simulation

import (
	"fmt"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// shapes are the names of the pipelines that worlds have.
func shapes() []string {
	return []string{"independent", "chain", "skips", "at least once", "effects only", "shared"}
}

// stepNames are the steps of all shapes. Every step has a vendor of its own.
func stepNames() []string { return []string{"company", "plan", "crm", "ticket", "hook", "mail"} }

// the conditions that steps have.
const (
	ifFound = `steps.company.outcome == "found"`
	ifAcme  = `user.email_domain == "acme.example"`
)

// NewKit compiles what all worlds share.
func NewKit() (*Kit, error) {
	env, err := expr.NewEnv(enrich.Roots()...)
	if err != nil {
		return nil, fmt.Errorf("simulation: make the language: %w", err)
	}
	k := &Kit{templates: map[string]*expr.Template{}, conditions: map[string]*expr.Program{}}
	for _, step := range stepNames() {
		if k.templates[step], err = env.Template("${{ steps." + step + ".value }}"); err != nil {
			return nil, fmt.Errorf("simulation: compile the template of %s: %w", step, err)
		}
	}
	for _, source := range []string{ifFound, ifAcme} {
		if k.conditions[source], err = env.Compile(source); err != nil {
			return nil, fmt.Errorf("simulation: compile %s: %w", source, err)
		}
	}
	return k, nil
}

// pipeline draws the details of the plan's shape. Its connectors are not there yet: every process has its own.
func (k *Kit) pipeline(p *plan) *enrich.Pipeline {
	r := dice(p.Seed).of("pipeline")
	seconds := func() time.Duration { return time.Duration(2+r.IntN(25)) * time.Second }
	step := func(id string, class enrich.Class, needs ...string) enrich.Step {
		return enrich.Step{ID: id, Uses: "vendor", Class: class, Needs: needs, Timeout: seconds(), Fields: []expr.Path{{"value"}}}
	}
	writes := func(steps ...string) (all []enrich.Attribute) {
		for _, id := range steps {
			all = append(all, enrich.Attribute{Name: attributeOf(id), Value: k.templates[id],
				Mode: among(r, enrich.Overwrite, enrich.Overwrite, enrich.IfUnchanged, enrich.IfEmpty)})
		}
		return all
	}
	pipe := &enrich.Pipeline{Name: p.Shape, Hash: "simulated", Limits: enrich.Limits{CognitoWrites: among(r, 1.0, 15, 25)}}
	after := enrich.AttributesStep
	switch p.Shape {
	case "independent":
		pipe.Steps = []enrich.Step{step("company", enrich.Read), step("plan", enrich.Idempotent), step("mail", enrich.Unsafe, after)}
		pipe.Attributes = writes("company", "plan")
	case "chain":
		crm := step("crm", enrich.Keyed, "company")
		crm.If = k.conditions[ifFound]
		pipe.Steps = []enrich.Step{step("company", enrich.Read), crm, step("hook", enrich.Keyed, after), step("mail", enrich.Unsafe, "hook")}
		pipe.Attributes = writes("company", "crm")
	case "skips":
		company, crm, mail := step("company", enrich.Read), step("crm", enrich.Keyed), step("mail", enrich.Unsafe, after)
		company.OnFailure, crm.OnFailure, mail.OnFailure = enrich.Skip, enrich.UseDefault, enrich.Skip
		crm.Default = map[string]any{"value": "none"}
		mail.If = k.conditions[ifAcme]
		pipe.Steps = []enrich.Step{company, step("plan", enrich.Idempotent, "company"), crm, mail}
		pipe.Attributes = writes("company", "plan", "crm")
	case "at least once":
		ticket, mail := step("ticket", enrich.Unsafe), step("mail", enrich.Unsafe, after)
		ticket.AtLeast, mail.AtLeast = true, true
		pipe.Steps = []enrich.Step{step("company", enrich.Read), ticket, mail}
		pipe.Attributes = writes("company", "ticket")
	case "effects only":
		pipe.Steps = []enrich.Step{step("mail", enrich.Unsafe), step("hook", enrich.Keyed), step("ticket", enrich.Unsafe, "hook")}
	case "shared":
		company, plan := step("company", enrich.Read), step("plan", enrich.Read)
		company.Rate = 5
		pipe.Steps = []enrich.Step{company, plan, step("ticket", enrich.Unsafe)}
		pipe.Attributes = writes("company", "plan", "ticket")
	}
	p.lengthen(r.Float64(), pipe)
	return pipe
}

// lengthen gives one step a time-out that is longer than the lease, where no function has to fit it in.
func (p *plan) lengthen(chance float64, pipe *enrich.Pipeline) {
	for _, s := range p.Slots {
		if s.Function {
			return
		}
	}
	if chance < 0.2 {
		pipe.Steps[0].Timeout = 4 * time.Minute
	}
}

// attributeOf is the attribute that a step's answer becomes.
func attributeOf(step string) string { return "custom:" + step }

// of is the pipeline with the connectors of one process.
func (w *world) pipelineOf(p *process) *enrich.Pipeline {
	own := *w.pipeline
	own.Steps = append([]enrich.Step(nil), own.Steps...)
	for i := range own.Steps {
		own.Steps[i].Connector = w.vendors[own.Steps[i].ID].line(p)
	}
	return &own
}
