package pipefile_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/enrich/pipefile"
)

type everyType struct {
	Text  string                    `pipe:"text,required" doc:"one"`
	Truth bool                      `pipe:"truth" default:"true"`
	Count int                       `pipe:"count"`
	Codes []int                     `pipe:"codes,step" default:"[404]"`
	Words []string                  `pipe:"words"`
	Wait  time.Duration             `pipe:"wait"`
	One   *expr.Template            `pipe:"one"`
	Args  []*expr.Template          `pipe:"args"`
	Named map[string]*expr.Template `pipe:"named"`
	Tree  *expr.Tree                `pipe:"tree"`
	Odd   chan int                  `pipe:"odd"`
	Other string
}

func (c *everyType) Connector() (enrich.Connector, error) { return idle{enrich.Read, c}, nil }

func TestFieldsDescribeWhatTheFileMayFill(t *testing.T) {
	got, err := pipefile.Fields(&everyType{})
	if err != nil {
		t.Fatal(err)
	}
	want := []pipefile.Field{
		{Name: "text", Doc: "one", Type: "text", Required: true},
		{Name: "truth", Type: "true or false", Default: "true"},
		{Name: "count", Type: "whole number"},
		{Name: "codes", Type: "list of whole numbers", Default: "[404]", Step: true},
		{Name: "words", Type: "list of texts"},
		{Name: "wait", Type: "duration, such as 10s"},
		{Name: "one", Type: "text with expressions"},
		{Name: "args", Type: "list of texts with expressions"},
		{Name: "named", Type: "map of texts with expressions"},
		{Name: "tree", Type: "any value with expressions in it"},
		{Name: "odd"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := pipefile.Fields(nil); err == nil {
		t.Error("no configuration at all is described")
	}
}

// A list keeps its nulls: the third argument of a query must not become the second.
func TestAListOfTemplatesKeepsItsPlaces(t *testing.T) {
	type listed struct {
		enrich.Config
		Args []*expr.Template `pipe:"args"`
	}
	var made *listed
	kinds := []enrich.Kind{{Name: "x", Config: func() enrich.Config {
		made = &listed{Config: &everyType{}}
		return made
	}}}
	_, err := pipefile.Parse("f", []byte("version: 1\npools: [eu-west-1_Ab12cd34E]\nsteps:\n  - id: a\n    uses: x\n"+
		"    with: { args: [\"${{ user.email }}\", 7, \"${{ user.name }}\"] }\n"), &pipefile.Options{Kinds: kinds})
	if err != nil {
		t.Fatal(err)
	}
	var got []any
	for _, arg := range made.Args {
		v, err := arg.Eval(t.Context(), expr.Vars{"user": map[string]any{"name": "Ann"}})
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, v)
	}
	if diff := cmp.Diff([]any{nil, "7", "Ann"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
