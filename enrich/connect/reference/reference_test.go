package reference_test

import (
	"context"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect/reference"
)

type plain struct {
	Key   string `pipe:"key,required" doc:"One | two."`
	Codes []int  `pipe:"codes,step" default:"[404]" doc:"What is not there."`
}

func (p *plain) Connector() (enrich.Connector, error) { return step{}, nil }

type step struct{}

func (step) Run(context.Context, enrich.Call) (enrich.Result, error) { return nil, nil }
func (step) Class() enrich.Class                                     { return enrich.Idempotent }

func kind(page enrich.Page) enrich.Kind {
	return enrich.Kind{Name: "plain", Doc: "Does nothing.", Config: func() enrich.Config { return &plain{} }, Page: page}
}

func TestAConnectorThatSaysNothingHasAPage(t *testing.T) {
	got, err := reference.Page(kind(enrich.Page{}))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"# plain\n\nDoes nothing.\n", "one that says nothing is unsafe",
		`| ` + "`key`" + ` | text | **required** | One \| two. |`, "| `codes` | list of whole numbers | `[404]` | What is not there. Stands beside `with`, not under it. |"} {
		if !strings.Contains(string(got), want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	for _, never := range []string{"## Example", "## Result", "## Codes", "## Limits", "## Permissions", "\n\n\n"} {
		if strings.Contains(string(got), never) {
			t.Errorf("%q is in\n%s", never, got)
		}
	}
}

func TestEverythingThatAConnectorSaysIsOnItsPage(t *testing.T) {
	got, err := reference.Page(kind(enrich.Page{
		Result: []enrich.Term{{Name: "id", Doc: "Its number."}}, HTTP: true,
		Codes:  []enrich.Code{{Code: "odd", Kind: enrich.Permanent, Doc: "It is odd."}},
		Limits: []string{"Ten a second."}, Permissions: []string{"`ses:SendEmail`"},
		Example: "- id: a\n  uses: plain\n  with: { key: x }\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"**Class:** idempotent.", "| `id` | Its number. |", "| `odd` | permanent | It is odd. |", "CONNECTORS.md#codes",
		"- Ten a second.", "## Permissions\n\n- `ses:SendEmail`\n", "```yaml\nsteps:\n  - id: a\n    uses: plain\n"} {
		if !strings.Contains(string(got), want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}

type mute struct {
	Key string `pipe:"key"`
}

func (*mute) Connector() (enrich.Connector, error) { return step{}, nil }

func TestAPageThatWouldMisleadIsRefused(t *testing.T) {
	for name, bad := range map[string]enrich.Kind{
		"an example with a mistake":     kind(enrich.Page{Example: "- id: a\n  uses: plain\n"}),
		"a text of two lines":           kind(enrich.Page{Limits: []string{"a\nb"}}),
		"an option without a sentence":  {Name: "mute", Config: func() enrich.Config { return &mute{} }},
		"no configuration that can be":  {Name: "none", Config: func() enrich.Config { return nil }},
		"an example of other connector": kind(enrich.Page{Example: "- id: a\n  uses: other\n"}),
	} {
		if page, err := reference.Page(bad); err == nil {
			t.Errorf("%s: got\n%s", name, page)
		}
	}
}

func TestTheIndexSaysWhatWasNotMeasured(t *testing.T) {
	weights, err := reference.ReadWeights([]byte(`{"go":"go1","platform":"a/b","worker":23400000,"connectors":{"plain":1230}}`))
	if err != nil {
		t.Fatal(err)
	}
	other := kind(enrich.Page{})
	other.Name = "zeta"
	got, err := reference.Index([]enrich.Kind{kind(enrich.Page{Class: "read or unsafe."}), other}, weights)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| [plain](plain/REFERENCE.md) | Does nothing. | read or unsafe | 1 kB |", "| not measured |", "(23.4 MB", "go1, a/b", "`dns`"} {
		if !strings.Contains(string(got), want) && !strings.Contains(string(got), strings.TrimPrefix(want, "(")) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if _, err := reference.ReadWeights([]byte("x")); err == nil {
		t.Error("garbage is read")
	}
}
