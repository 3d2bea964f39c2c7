package trigger_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The trigger pays for every import at each cold start, so its floor is fixed: the standard library, the message and
// the lines.
func TestTheTriggerImportsTheMessageAndItsLinesAndNothingElse(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	const module = "github.com/postconfirm/postconfirm/"
	want := []string{module + "enrich/event", module + "trigger/lines", module + "trigger"}
	if diff := cmp.Diff(want, strings.Fields(string(out))); diff != "" {
		t.Error(diff)
	}
}
