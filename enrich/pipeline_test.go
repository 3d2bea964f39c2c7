package enrich_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

func TestAfterWrite(t *testing.T) {
	p := &enrich.Pipeline{Steps: []enrich.Step{
		{ID: "company"},
		{ID: "crm", Needs: []string{"company"}},
		{ID: "welcome", Needs: []string{enrich.AttributesStep}},
		{ID: "news", Needs: []string{"crm", "welcome"}},
	}}
	want := map[string]bool{"company": false, "crm": false, "welcome": true, "news": true, "nobody": false}
	for id, after := range want {
		if got := p.AfterWrite(id); got != after {
			t.Errorf("%s: got %v", id, got)
		}
	}
}

func TestSources(t *testing.T) {
	env, err := expr.NewEnv(enrich.Roots()...)
	if err != nil {
		t.Fatal(err)
	}
	p := &enrich.Pipeline{}
	for _, source := range []string{`${{ default(steps.crm.id, steps.company.body.id) }}`, `${{ user.email }}`, `static`,
		`${{ steps["crm"].name }}`, `${{ run.age < duration("1h") && steps.third.x }}`} {
		value, err := env.Template(source)
		if err != nil {
			t.Fatal(err)
		}
		p.Attributes = append(p.Attributes, enrich.Attribute{Value: value})
	}
	if diff := cmp.Diff([]string{"crm", "company", "third"}, p.Sources()); diff != "" {
		t.Error(diff)
	}
}
