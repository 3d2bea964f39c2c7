package main

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write the golden texts of the scripts anew")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"postconfirm": func() {
			os.Exit(start(os.Args[1:], os.Stdout, os.Stderr))
		},
		"seed": seed, "unsure": unsure,
	})
}

// TestScripts runs the command lines of the docs as a user would.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			e.Values[boxKey{}] = &scriptBox{}
			e.Values[crowdsKey{}] = &crowds{}
			readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
			if err != nil {
				return err
			}
			_, rest, _ := strings.Cut(string(readme), "```yaml\n")
			pipeline, _, _ := strings.Cut(rest, "```")
			return os.WriteFile(filepath.Join(e.WorkDir, "readme.yaml"), []byte(pipeline), 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"users": users, "scene": scene, "box": box, "vendor": vendor, "vendors": vendors, "attribute": attribute,
			"expand": expand, "status": status, "steady": steady, "spoil": spoil, "hold": holdLedger, "trouble": trouble, "noted": noted,
			"missed": missed, "await": await, "holds": holds,
			"crowd": startCrowd, "mend": mend, "called": called, "follow": follow, "states": states, "plan": plan, "keys": keys, "swap": swap,
			"trimmed": trimmed, "reshape": reshape, "lost": lost, "awaited": awaited, "enriched": enriched, "stopped": stopped, "unread": unreadOutput},
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

// expand FILE puts the variables of the script into a file.
func expand(ts *testscript.TestScript, _ bool, args []string) {
	text := os.Expand(ts.ReadFile(args[0]), ts.Getenv)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// status N PROGRAM ARGUMENT… is exec for a program that has to end with the exit code N.
func status(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	var ended *exec.ExitError
	if !errors.As(err, &ended) || strconv.Itoa(ended.ExitCode()) != args[0] {
		ts.Fatalf("ended with %v, want exit code %s", err, args[0])
	}
}
