// Package cmd_test guards the house: which package may know which.
package cmd_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/postconfirm/postconfirm/"

// floors say what each package may import of this module; "a/..." is a and everything below. What DESIGN.md draws, this
// table holds.
var floors = []struct {
	packages string
	may      []string
}{
	{"enrich/event", nil},
	{"enrich/onewrite", nil},
	{"enrich/nearest", nil},
	{"enrich/expr", []string{"enrich/nearest"}},
	{"enrich/yamldoc", []string{"enrich/nearest"}},
	{"enrich", []string{"enrich/event", "enrich/expr"}},
	{"enrich/awsfault", []string{"enrich"}},
	{"enrich/secretenv", []string{"enrich"}},
	{"enrich/pipefile", []string{"enrich", "enrich/expr", "enrich/nearest", "enrich/yamldoc"}},
	{"enrich/connect", []string{"enrich", "enrich/expr"}},
	{"enrich/connect/http", []string{"enrich", "enrich/expr", "enrich/connect", "enrich/connect/oauth"}},
	{"enrich/connect/hubspot", []string{"enrich", "enrich/expr", "enrich/connect"}},
	{"enrich/connect/ses", []string{"enrich", "enrich/expr", "enrich/awsfault", "enrich/connect", "enrich/connect/ses/mailtag"}},
	{"enrich/connect/ses/mailtag", nil},
	{"enrich/connect/ses/pretend", nil},
	{"enrich/connect/webhook", []string{"enrich", "enrich/expr", "enrich/connect"}},
	{"enrich/connect/sql", []string{"enrich", "enrich/expr", "enrich/connect"}},
	{"enrich/connect/all", []string{"enrich", "enrich/connect", "enrich/connect/http", "enrich/connect/hubspot", "enrich/connect/salesforce", "enrich/connect/ses", "enrich/connect/sql", "enrich/connect/webhook"}},
	{"enrich/connect/reference", []string{"enrich", "enrich/connect", "enrich/pipefile"}},
	{"enrich/connect/oauth", []string{"enrich", "enrich/connect"}},
	{"enrich/connect/salesforce", []string{"enrich", "enrich/expr", "enrich/connect", "enrich/connect/oauth"}},
	{"enrich/enrichtest", []string{"enrich", "enrich/expr", "enrich/connect", "enrich/enrichtest/pretend"}},
	{"enrich/enrichtest/pretend", nil},
	{"trigger/lines", []string{"enrich/event"}},
	{"trigger", []string{"enrich/event", "trigger/lines"}},
	{"trigger/sqsout", []string{"trigger", "trigger/lambdaenv"}},
	{"trigger/lambdaenv", []string{"enrich/onewrite"}},
	{"trigger/presignup", []string{"enrich/event", "trigger/lines"}},
	{"trigger/presignup/policyfile", []string{"trigger/presignup", "enrich/nearest", "enrich/yamldoc"}},
	{"trigger/presignup/listusers", []string{"trigger/presignup", "trigger/lambdaenv"}},
	{"trigger/presignup/fromenv", []string{"trigger/lambdaenv", "trigger/presignup", "trigger/presignup/listusers", "trigger/presignup/policyfile"}},
	{"worker", []string{"enrich", "enrich/event", "enrich/expr"}},
	{"worker/amazon", []string{"worker", "enrich/awsfault", "enrich/onewrite"}},
	{"worker/amazon/sources", []string{"enrich"}},
	{"worker/mailevents", []string{"worker", "enrich/event", "enrich/connect/ses/mailtag"}},
	{"worker/meter", []string{"worker", "enrich"}},
	{"worker/record", []string{"worker"}},
	{"worker/dynamo", []string{"worker", "worker/record", "enrich", "enrich/awsfault"}},
	{"worker/sqlite", []string{"worker", "worker/record"}},
	{"worker/retention", []string{"worker"}},
	{"worker/audit", []string{"worker"}},
	{"worker/linefile", nil},
	{"worker/deadletters", []string{"worker", "worker/linefile", "worker/paced", "enrich/event"}},
	{"worker/resolve", []string{"worker", "enrich/event"}},
	{"worker/journal", []string{"worker", "worker/linefile", "worker/paced", "enrich/event"}},
	{"worker/paced", nil},
	{"worker/inspect", []string{"worker", "worker/audit", "enrich", "enrich/event"}},
	{"worker/reconcile", []string{"worker", "enrich", "enrich/event"}},
	{"worker/replay", []string{"worker", "worker/audit", "enrich", "enrich/event"}},
	{"worker/rehearse", []string{"worker", "enrich", "enrich/event", "enrich/expr"}},
	{"worker/workertest", []string{"worker", "enrich"}},
	{"worker/workertest/fake", []string{"worker"}},
	{"worker/app", []string{"worker", "worker/retention", "worker/mailevents", "worker/reconcile", "worker/meter", "worker/dynamo", "worker/amazon", "worker/amazon/sources", "worker/sqlite", "enrich", "enrich/connect", "enrich/connect/all", "enrich/pipefile", "enrich/secretenv"}},
	{"deploy/localcloud", []string{"deploy/localcloud/awsjson"}}, // the fake shares no code with what it serves
	{"deploy/localcloud/awsjson", nil},
	{"deploy/localcloud/sqs", []string{"deploy/localcloud/awsjson"}},
	{"deploy/localcloud/cognito", []string{"deploy/localcloud/awsjson", "deploy/localcloud/function"}},
	{"deploy/localcloud/function", nil},
	{"deploy/attach", nil},
	{"deploy/cloudformation", []string{"deploy/iam"}},
	{"deploy/iam", nil},
	{"deploy/iam/derive", []string{"deploy/iam"}},
	{"deploy/runbooks", nil},
	{"deploy/zips", nil},
	{"deploy/bom", nil},
	{"deploy/shipped", nil}, // tests of what is shipped beside the programs
	{"deploy/sizing", nil},
	{"deploy/terraform", nil}, // the module, and tests that compare it with the templates
	{"deploy/onebox/pretend", nil},
	{"deploy/onebox", []string{"deploy/examples", "deploy/localcloud/...", "deploy/onebox/pretend", "enrich", "enrich/connect", "enrich/connect/ses/pretend", "worker", "worker/amazon", "worker/app"}},
	{"deploy/examples/...", nil}, // pipeline files and their tests
	{"deploy/reliability/mutants", nil},
	{"deploy/simulation", []string{"deploy/localcloud/...", "enrich/...", "worker/..."}}, // a proof: nobody imports it
	{"deploy/bench/...", []string{"deploy/...", "enrich/...", "worker/..."}},
	{"deploy/reliability/failpoint", []string{"worker"}},
	{"deploy/reliability/kill", []string{"deploy/localcloud/...", "deploy/reliability/failpoint", "enrich/event", "worker", "worker/amazon", "worker/sqlite"}},
	{"deploy/reliability", []string{"deploy/reliability/kill"}},
	{"cmd/trigger", []string{"trigger/sqsout"}},
	{"cmd/presignup", []string{"trigger/presignup/fromenv"}},
	{"cmd/worker", []string{"worker/app"}},
	{"cmd/...", []string{"deploy/...", "enrich/...", "trigger/...", "worker/..."}},
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json", module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := d.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestEveryPackageKeepsToItsFloor(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		may, known := floorOf(name)
		if !known {
			t.Errorf("%s has no floor: add it to the table and to DESIGN.md", name)
			continue
		}
		for _, imported := range p.Imports {
			if inner, ours := strings.CutPrefix(imported, module); ours && !allowed(inner, may) {
				t.Errorf("%s imports %s, which its floor does not allow", name, inner)
			}
		}
	}
}

// floorOf finds the entry for a package: its own, or that of a folder above it.
func floorOf(name string) (may []string, known bool) {
	for _, f := range floors {
		if f.packages == name {
			return f.may, true
		}
	}
	for _, f := range floors {
		if covers(f.packages, name) {
			return f.may, true
		}
	}
	return nil, false
}

func allowed(imported string, may []string) bool {
	return slices.ContainsFunc(may, func(m string) bool { return covers(m, imported) })
}

// covers reads "a/b" as that package, and "a/b/..." as it and everything below.
func covers(pattern, name string) bool {
	folder, all := strings.CutSuffix(pattern, "/...")
	return name == folder || all && strings.HasPrefix(name, folder+"/")
}

func TestNobodyImportsCommandsAndFakesNeverImportTesting(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		for _, imported := range p.Imports {
			if strings.HasPrefix(imported, module+"cmd") {
				t.Errorf("%s imports the command %s", name, imported)
			}
			if imported == "testing" && name != "worker/workertest" && name != "enrich/enrichtest" {
				t.Errorf("%s imports testing outside of a test", name)
			}
		}
	}
}

func TestTheDomainNeedsNoLibraryButItsLanguage(t *testing.T) {
	free := []string{"enrich", "enrich/event", "enrich/onewrite", "enrich/nearest", "trigger", "trigger/lines", "deploy/localcloud", "deploy/localcloud/awsjson",
		"deploy/localcloud/sqs", "deploy/localcloud/cognito", "deploy/localcloud/function", "deploy/onebox/pretend"}
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		for _, imported := range p.Imports {
			outside := strings.Contains(strings.Split(imported, "/")[0], ".") && !strings.HasPrefix(imported, module)
			if outside && slices.Contains(free, name) {
				t.Errorf("%s imports %s; it does with the standard library", name, imported)
			}
		}
	}
}
