package fromenv_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/trigger/presignup/fromenv"
)

var update = flag.Bool("update", false, "write the golden file anew")

const signUp = `{"triggerSource":"PreSignUp_SignUp","userPoolId":"eu-west-1_Ab","userName":"annabella","callerContext":{"clientId":"4k2"},` +
	`"request":{"userAttributes":{"email":"ann@throwaway.example"}},"response":{"autoConfirmUser":false}}`

// folder is what would be in the zip.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"policy.yaml":         "version: 1\ndeny: [{ name: listed, domains-file: lists/throwaway.txt }]\n",
		"sub/policy.json":     `{"version": 1, "deny": [{"name": "listed", "domains-file": "../lists/throwaway.txt"}]}`,
		"lists/throwaway.txt": "throwaway.example\n", "bad.yaml": "version: 1\ndeny:\n  - nme: x\n    domains: [evil.com, \"*\"]\n",
		"asks.yaml":  "version: 1\nconfirm: [{ name: staff, domains: example.com }]\n",
		"large.yaml": strings.Repeat("#", 300<<10),
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func getenv(all map[string]string) func(string) string {
	return func(name string) string { return all[name] }
}

// TestWhereAPolicyComesFrom: a policy that asks nobody needs nothing but itself.
func TestWhereAPolicyComesFrom(t *testing.T) {
	dir := folder(t)
	for name, all := range map[string]map[string]string{
		"a file of the zip":          {"POSTCONFIRM_POLICY": "policy.yaml", "LAMBDA_TASK_ROOT": dir},
		"a file with its whole path": {"POSTCONFIRM_POLICY": filepath.Join(dir, "policy.yaml")},
		"JSON in a folder":           {"POSTCONFIRM_POLICY": " sub/policy.json\n", "LAMBDA_TASK_ROOT": dir},
		"the document itself":        {"POSTCONFIRM_POLICY": "version: 1\ndeny: [{ name: listed, domains: throwaway.example }]"},
		"the document itself, as JSON, with a list of the zip": {
			"POSTCONFIRM_POLICY": `{"version":1,"deny":[{"name":"listed","domains-file":"lists/throwaway.txt"}]}`, "LAMBDA_TASK_ROOT": dir},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			h, err := fromenv.Handler(getenv(all), &log)
			if err != nil {
				t.Fatal(err)
			}
			_, err = h.Invoke(t.Context(), []byte(signUp))
			var line struct{ Outcome, Rule string }
			if json.Unmarshal(log.Bytes(), &line) != nil || err == nil || line.Outcome != "deny" || line.Rule != "listed" {
				t.Errorf("%v, %s", err, log.String())
			}
		})
	}
}

// TestMistakesAreToldAllAtOnce fixes the words of every refusal.
func TestMistakesAreToldAllAtOnce(t *testing.T) {
	dir := folder(t)
	var all strings.Builder
	for _, tt := range []struct {
		name string
		env  map[string]string
	}{
		{"nothing is set", nil},
		{"a policy that asks the pool, without a Region", map[string]string{"POSTCONFIRM_POLICY": "asks.yaml", "LAMBDA_TASK_ROOT": dir}},
		{"no such file", map[string]string{"POSTCONFIRM_POLICY": "nowhere.yaml", "LAMBDA_TASK_ROOT": dir, "AWS_REGION": "eu-west-1"}},
		{"a folder", map[string]string{"POSTCONFIRM_POLICY": "sub", "LAMBDA_TASK_ROOT": dir, "AWS_REGION": "eu-west-1"}},
		{"too large", map[string]string{"POSTCONFIRM_POLICY": "large.yaml", "LAMBDA_TASK_ROOT": dir, "AWS_REGION": "eu-west-1"}},
		{"mistakes in the file, and in the endpoint", map[string]string{"POSTCONFIRM_POLICY": "bad.yaml", "LAMBDA_TASK_ROOT": dir,
			"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://ada:hunter2@127.0.0.1"}},
		{"mistakes in the document itself", map[string]string{"POSTCONFIRM_POLICY": "version: 1\nallow: []\n", "AWS_REGION": "eu-west-1"}},
	} {
		h, err := fromenv.Handler(getenv(tt.env), nil)
		if err == nil || h != nil {
			t.Fatalf("%s: accepted", tt.name)
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the secret is told: %v", tt.name, err)
		}
		all.WriteString("# " + tt.name + "\n" + strings.ReplaceAll(err.Error(), dir, "ZIP") + "\n")
	}
	path := filepath.Join("testdata", "mistakes.golden")
	if *update {
		if err := os.WriteFile(path, []byte(all.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), all.String()); diff != "" {
		t.Errorf("the words changed (-file +now):\n%s", diff)
	}
}
