package terraform_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

var update = flag.Bool("update", false, "write the tables of README.md anew")

// mark is the line of README.md below which the tables are.
const mark = "<!-- made from the module: go test ./deploy/terraform -run README -update -->\n"

// tables are what README.md says of variables and outputs.
func tables(m *module) string {
	var b strings.Builder
	b.WriteString("\n| variable | default | |\n|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(m.variables)) {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, fallback(m, m.variables[name]), said(m, m.variables[name]))
	}
	b.WriteString("\n| output | |\n|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(m.outputs)) {
		fmt.Fprintf(&b, "| `%s` | %s |\n", name, said(m, m.outputs[name]))
	}
	return b.String()
}

func fallback(m *module, b *hclsyntax.Block) string {
	a := b.Body.Attributes["default"]
	if a == nil {
		return "required"
	}
	at := a.Expr.Range()
	return "`" + string(at.SliceBytes([]byte(m.files[at.Filename]))) + "`"
}

func said(m *module, b *hclsyntax.Block) string {
	v, wrong := b.Body.Attributes["description"].Expr.Value(nil)
	if wrong.HasErrors() {
		return wrong.Error()
	}
	return strings.ReplaceAll(v.AsString(), "|", `\|`)
}

func TestREADMESaysWhatTheModuleTakes(t *testing.T) {
	m, err := parse(on(t, "."))
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	above, below, found := strings.Cut(string(b), mark)
	if !found {
		t.Fatal("README.md has no mark")
	}
	if want := tables(m); *update {
		if err := os.WriteFile("README.md", []byte(above+mark+want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if diff := cmp.Diff(want, below); diff != "" {
		t.Errorf("README.md is old (go test ./deploy/terraform -run README -update):\n%s", diff)
	}
}
