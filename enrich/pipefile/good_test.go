package pipefile_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/enrich/pipefile"
)

func parse(t testing.TB, file string) *enrich.Pipeline {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata/good", file))
	if err != nil {
		t.Fatal(err)
	}
	p, err := pipefile.Parse(file, data, &pipefile.Options{Kinds: kinds()})
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	if p.Name != file || p.Hash != hex.EncodeToString(sum[:]) {
		t.Errorf("name %s, hash %s", p.Name, p.Hash)
	}
	return p
}

// flat is a pipeline in forms that can be compared.
type flat struct {
	Pools      []string
	Limits     enrich.Limits
	Steps      []flatStep
	Attributes []flatAttribute
	Secrets    []string
}

type flatStep struct {
	ID, Uses, If string
	Needs        []string
	Class        string
	OnFailure    enrich.OnFailure
	Default      map[string]any
	Timeout      time.Duration
	Fields       []string
	AtLeast      bool
}

type flatAttribute struct {
	Name, Value string
	Mode        enrich.Mode
	Truncate    bool
	OneOf       []string
}

func flatten(p *enrich.Pipeline) flat {
	f := flat{Pools: p.Pools, Limits: p.Limits, Secrets: p.Secrets}
	for _, s := range p.Steps {
		one := flatStep{ID: s.ID, Uses: s.Uses, Needs: s.Needs, Class: s.Class.String(), OnFailure: s.OnFailure,
			Default: s.Default, Timeout: s.Timeout, AtLeast: s.AtLeast}
		if s.If != nil {
			one.If = s.If.Source()
		}
		for _, path := range s.Fields {
			one.Fields = append(one.Fields, path.String())
		}
		f.Steps = append(f.Steps, one)
	}
	for _, a := range p.Attributes {
		f.Attributes = append(f.Attributes, flatAttribute{a.Name, a.Value.Source(), a.Mode, a.Truncate, a.OneOf})
	}
	return f
}

func TestTheExampleOfTheDesign(t *testing.T) {
	want := flat{
		Pools:  []string{"eu-west-1_Ab12cd34E"},
		Limits: enrich.Limits{CognitoWrites: 15},
		Steps: []flatStep{
			{ID: "company", Uses: "http", Class: "read", Timeout: 10 * time.Second, Fields: []string{"body.name"}},
			{ID: "crm", Uses: "hubspot", Class: "keyed", Timeout: 10 * time.Second, Needs: []string{"company"}, Fields: []string{"id"}},
			{ID: "welcome", Uses: "ses", Class: "unsafe", Timeout: 10 * time.Second, Needs: []string{"attributes"},
				If: `run.age < duration("72h")`},
		},
		Attributes: []flatAttribute{
			{Name: "custom:company", Value: "${{ steps.company.body.name }}"},
			{Name: "custom:crm_id", Value: "${{ steps.crm.id }}", Mode: enrich.IfEmpty},
		},
		Secrets: []string{"COMPANY_API_KEY", "HUBSPOT_TOKEN"},
	}
	p := parse(t, "design.yaml")
	if diff := cmp.Diff(want, flatten(p)); diff != "" {
		t.Error(diff)
	}
	if !p.AfterWrite("welcome") || p.AfterWrite("crm") {
		t.Error("what runs after the write")
	}
	if diff := cmp.Diff([]string{"company", "crm"}, p.Sources()); diff != "" {
		t.Error(diff)
	}
}

func TestEverythingThatAFileMayHave(t *testing.T) {
	want := flat{
		Pools:  []string{"eu-west-1_Ab12cd34E", "us-gov-west-1_X"},
		Limits: enrich.Limits{CognitoWrites: 2.5},
		Steps: []flatStep{
			{ID: "company", Uses: "http", Class: "read", Timeout: 10 * time.Second, If: "true", Fields: []string{""}},
			{ID: "score", Uses: "http", Class: "idempotent", Timeout: 10 * time.Second, Needs: []string{"company"},
				OnFailure: enrich.UseDefault, Default: map[string]any{"body": map[string]any{
					"level": int64(0), "names": []any{"a", "b"}, "rate": 0.5, "none": nil, "sure": false}},
				Fields: []string{"body.level", "body.items"}},
			{ID: "last", Uses: "ses", Class: "unsafe", Timeout: 150 * time.Second, Needs: []string{"attributes", "score"},
				If: `has(steps.score.body.level) && steps.company.outcome == "done"`, OnFailure: enrich.Skip, AtLeast: true},
		},
		Attributes: []flatAttribute{
			{Name: "custom:score", Value: "${{ steps.score.body.level }}", Mode: enrich.IfUnchanged, Truncate: true},
			{Name: "website", Value: "https://example.com/"},
			{Name: "custom:level", Value: "3"},
			{Name: "custom:plan", Value: "${{ steps.score.body.level > 2 ? 'pro' : 'free' }}", OneOf: []string{"free", "pro", "7"}},
			{Name: "custom:seen", Value: `${{ steps.score.body.level > 2 && user["custom:seen"] != "yes" }}`},
			{Name: "custom:from", Value: "${{ run.metadata.campaign }}"},
		},
		Secrets: []string{"SCORE"},
	}
	if diff := cmp.Diff(want, flatten(parse(t, "everything.yaml"))); diff != "" {
		t.Error(diff)
	}
}

func TestConfigsAreFilledFromTheFile(t *testing.T) {
	p := parse(t, "everything.yaml")
	score := p.Steps[1].Connector.(idle).config.(*httpConfig)
	got := []any{score.Method, score.Retries, score.Wait, score.Follow, score.Tags, score.NotFound, score.notMine,
		score.URL.Source(), score.Headers["x-number"].Source(), score.Headers["x-flag"].Source(), score.Headers["x-ratio"].Source()}
	want := []any{"PUT", 5, 250 * time.Millisecond, false, []string{"one"}, []int{404}, "",
		"https://api.example.com/${{ user.sub }}", "10", "true", "1.50"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	mail := p.Steps[2].Connector.(idle).config.(*sesConfig)
	data, err := mail.Data.Eval(t.Context(), expr.Vars{"steps": map[string]any{
		"score": map[string]any{"body": map[string]any{"items": []any{map[string]any{"id": "7"}}}}}})
	if err != nil {
		t.Fatal(err)
	}
	wantData := map[string]any{"name": "there", "text": "Hello there,\n  welcome to us.\n",
		"list": []any{int64(1), int64(-2), 2.5, true, "no", "plain", "7", map[string]any{}, []any{}}}
	if diff := cmp.Diff(wantData, data); diff != "" {
		t.Error(diff)
	}
}

func TestDefaultsOfAConfig(t *testing.T) {
	c := parse(t, "design.yaml").Steps[0].Connector.(idle).config.(*httpConfig)
	got := []any{c.Method, c.Retries, c.Wait, c.Follow, c.Tags, c.NotFound, c.Body}
	if diff := cmp.Diff([]any{"GET", 2, time.Second, true, []string(nil), []int{404}, (*expr.Tree)(nil)}, got, cmp.AllowUnexported(expr.Tree{})); diff != "" {
		t.Error(diff)
	}
}

func TestSmallAndWindowsFilesAreRead(t *testing.T) {
	p := parse(t, "attributes-only.yaml")
	if len(p.Steps) != 0 || len(p.Attributes) != 1 || p.Limits.CognitoWrites != 15 {
		t.Errorf("got %+v", flatten(p))
	}
	p = parse(t, "windows.yaml")
	body, err := p.Steps[0].Connector.(idle).config.(*httpConfig).Body.Eval(t.Context(), expr.Vars{"user": map[string]any{"email": "x"}})
	if err != nil || body != "x" {
		t.Errorf("got %q, %v", body, err)
	}
}

func TestStepsStandAfterWhatTheyNeed(t *testing.T) {
	source := `version: 1
pools: [eu-west-1_Ab12cd34E]
steps:
  - { id: f, uses: http, needs: [attributes], with: { url: "https://a.example" } }
  - { id: e, uses: http, needs: [d, b], with: { url: "https://a.example" } }
  - { id: a, uses: http, with: { url: "https://a.example" } }
  - { id: d, uses: http, needs: [b], with: { url: "https://a.example" } }
  - { id: b, uses: http, with: { url: "https://a.example" } }
  - { id: c, uses: http, needs: [f], with: { url: "https://a.example" } }
  - { id: g, uses: http, with: { url: "https://a.example" } }
attributes: { custom:x: "${{ default(steps.e.body.x, steps.d) }}" }
`
	p, err := pipefile.Parse("x", []byte(source), &pipefile.Options{Kinds: kinds()})
	if err != nil {
		t.Fatal(err)
	}
	order := ""
	for _, s := range p.Steps {
		order += s.ID
	}
	if order != "abdefcg" {
		t.Errorf("got %s", order)
	}
}

func TestFieldsDropWhatAShorterPathCovers(t *testing.T) {
	source := `version: 1
pools: [eu-west-1_Ab12cd34E]
steps:
  - { id: a, uses: http, with: { url: "https://a.example" } }
  - id: b
    uses: http
    needs: a
    if: steps.a.body.x.y == 1 && steps.a.outcome == "done"
    with: { url: "https://a.example/", query: { z: "${{ steps.a.list[0].q }}" } }
attributes: { custom:x: "${{ steps.a.body.x }}", custom:y: "${{ steps.a.body.z }}", custom:z: "${{ steps.a.body.x.q }}" }
`
	p, err := pipefile.Parse("x", []byte(source), &pipefile.Options{Kinds: kinds()})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"list", "body.x", "body.z"}, flatten(p).Steps[0].Fields); diff != "" {
		t.Error(diff)
	}
}
