package all_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/all"
	"github.com/postconfirm/postconfirm/enrich/pipefile"
)

func TestEveryPageIsWhole(t *testing.T) {
	for _, kind := range all.Kinds(connect.NewClient(nil)) {
		p := kind.Page
		if p.Example == "" || len(p.Result) == 0 || len(p.Codes) == 0 || len(p.Limits) == 0 {
			t.Errorf("%s: its page has %d bytes of example, %d results, %d codes, %d limits", kind.Name, len(p.Example), len(p.Result), len(p.Codes), len(p.Limits))
		}
		if len(p.Permissions) == 0 && slices.Contains([]string{"hubspot", "salesforce", "ses", "sql", "webhook"}, kind.Name) {
			t.Errorf("%s: its page does not say what its key or role must be allowed to do", kind.Name)
		}
		for _, code := range p.Codes {
			if !strings.HasSuffix(code.Doc, ".") && !strings.HasSuffix(code.Doc, ")") && !strings.HasSuffix(code.Doc, "`") {
				t.Errorf("%s: what it says of %s is no sentence: %q", kind.Name, code.Code, code.Doc)
			}
		}
	}
}

func TestEveryExampleIsFreeOfMistakesAndWarnings(t *testing.T) {
	kinds := all.Kinds(connect.NewClient(nil))
	for _, kind := range kinds {
		t.Run(kind.Name, func(t *testing.T) {
			file := pipelineOf(kind.Page.Example)
			warnings, err := pipefile.Lint("example", []byte(file), &pipefile.Options{Kinds: kinds})
			if err != nil || len(warnings) > 0 {
				t.Fatalf("mistakes: %v\nwarnings: %v\n%s", err, warnings, file)
			}
			pipeline, err := pipefile.Parse("example", []byte(file), &pipefile.Options{Kinds: kinds})
			if err != nil {
				t.Fatal(err)
			}
			if uses := strings.Count(file, "uses: "+kind.Name+"\n"); uses == 0 || uses != len(pipeline.Steps) {
				t.Errorf("%d of %d steps are of this connector", uses, len(pipeline.Steps))
			}
			broken := strings.Replace(file, "uses: "+kind.Name+"\n", "uses: "+kind.Name+"x\n", 1)
			if _, err := pipefile.Lint("example", []byte(broken), &pipefile.Options{Kinds: kinds}); err == nil {
				t.Error("another connector's name is no mistake")
			}
		})
	}
}

// pipelineOf makes a file of the steps of an example.
func pipelineOf(steps string) string {
	return "version: 1\npools: [eu-west-1_Ab12cd34E]\nsteps:" + strings.ReplaceAll(steps, "\n", "\n  ") + "\nattributes: {}\n"
}
