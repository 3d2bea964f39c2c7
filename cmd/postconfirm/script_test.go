package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"postconfirm": func() {
			os.Exit(run(context.Background(), os.Args[1:], streams{os.Stdout, os.Stderr}))
		},
	})
}

// TestScripts runs the command lines of the docs as a user would.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
			if err != nil {
				return err
			}
			_, rest, _ := strings.Cut(string(readme), "```yaml\n")
			pipeline, _, _ := strings.Cut(rest, "```")
			return os.WriteFile(filepath.Join(e.WorkDir, "readme.yaml"), []byte(pipeline), 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"users": users},
	})
}

// users FILE N checks the JSON lines of a demo: N users, each enriched by its steps and asked once, and the totals.
func users(ts *testscript.TestScript, _ bool, args []string) {
	var n int
	ts.Check(json.Unmarshal([]byte(args[1]), &n))
	lines := strings.Split(strings.TrimSpace(ts.ReadFile(args[0])), "\n")
	if len(lines) != n+1 {
		ts.Fatalf("%d lines, want one for each of %d users and one with totals", len(lines), n)
	}
	for _, line := range lines[:n] {
		var r result
		ts.Check(json.Unmarshal([]byte(line), &r))
		if r.User == "" || r.Run == "" || len(r.Steps) != 4 || r.Before["custom:crm_id"] != "" || r.After["custom:crm_id"] == "" {
			ts.Fatalf("not enriched: %s", line)
		}
	}
	var last struct{ Totals totals }
	ts.Check(json.Unmarshal([]byte(lines[n]), &last))
	for name, c := range last.Totals.Vendors {
		if c.Repeated != 0 || c.Answered != n {
			ts.Fatalf("%s answered %d times and was asked again %d times", name, c.Answered, c.Repeated)
		}
	}
	if last.Totals.Enriched != n {
		ts.Fatalf("totals: %s", lines[n])
	}
}
