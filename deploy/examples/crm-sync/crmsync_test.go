package crmsync_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/all"
	"github.com/postconfirm/postconfirm/enrich/pipefile"
)

func file(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("pipeline.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// withSalesforce replaces the step crm by the one in the comment.
func withSalesforce(text string) string {
	head, rest, _ := strings.Cut(text, "version: 1\n")
	_, block, _ := strings.Cut(head, "replace the step crm:\n#\n")
	var step strings.Builder
	for line := range strings.Lines(block) {
		step.WriteString(strings.TrimPrefix(line, "# "))
	}
	before, after, _ := strings.Cut(rest, "  - id: crm\n")
	_, after, _ = strings.Cut(after, "  - id: tell\n")
	return "version: 1\n" + before + step.String() + "\n  - id: tell\n" + after
}

func TestTheExampleHasNothingToMend(t *testing.T) {
	kinds := all.Kinds(connect.NewClient(nil))
	for name, text := range map[string]string{"hubspot": file(t), "salesforce": withSalesforce(file(t))} {
		warnings, err := pipefile.Lint("pipeline.yaml", []byte(text), &pipefile.Options{Kinds: kinds})
		if err != nil || len(warnings) > 0 {
			t.Errorf("%s: %v %v", name, err, warnings)
		}
		p, err := pipefile.Parse("pipeline.yaml", []byte(text), &pipefile.Options{Kinds: kinds})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		classes := map[string]enrich.Class{}
		for _, s := range p.Steps {
			classes[s.Uses] = s.Class
		}
		if classes["http"] != enrich.Read || classes[name] != enrich.Idempotent || classes["webhook"] != enrich.Keyed {
			t.Errorf("%s: classes %v", name, classes)
		}
		if !p.AfterWrite("tell") || p.AfterWrite("crm") || !slices.Contains(p.Sources(), "crm") {
			t.Errorf("%s: the news must go out behind the write, and the write must wait for the CRM", name)
		}
	}
}
