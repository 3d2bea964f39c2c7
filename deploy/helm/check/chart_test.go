package check_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestTheChartIsSoundWithEachOfItsValuesFiles(t *testing.T) {
	files, err := valuesFiles()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			values, err := merged(file)
			if err != nil {
				t.Fatal(err)
			}
			if name, err := inspect(home, values); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			r, err := render(home, values)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, strings.TrimSuffix(filepath.Base(file), "-values.yaml"), r)
		})
	}
}

// golden compares manifests and notes with what a person has looked at.
func golden(t *testing.T, name string, r *rendered) {
	t.Helper()
	for path, got := range map[string]string{
		"testdata/" + name + ".yaml": strings.Join(r.manifests, "\n---\n") + "\n",
		"testdata/" + name + ".txt":  strings.TrimSpace(r.notes) + "\n",
	} {
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s has changed; look at it, then write it anew with -update:\n%s", path, diff)
		}
	}
}

func TestWhatCannotWorkIsRefused(t *testing.T) {
	tests := []struct{ name, file, set, want string }{
		{"two workers on a file", "sqlite", "replicas=2", "replicas"},
		{"a scaler on a file", "sqlite", "keda.enabled=true", "enabled"},
		{"shares of the budget on a file", "sqlite", "worker.parts=2", "parts"},
		{"a file with a table", "sqlite", "ledger.table=runs", "table"},
		{"a table without a name", "dynamodb", `ledger.table=""`, "table"},
		{"a ledger of another kind", "dynamodb", "ledger.kind=redis", "kind"},
		{"no queue", "sqlite", `queue.url=""`, "url"},
		{"a queue that is its own dead-letter queue", "sqlite", "queue.deadLetterUrl=https://sqs.eu-west-1.amazonaws.com/123456789012/postconfirm", "every dead letter would come back"},
		{"an image without a tag", "sqlite", `image.tag=""`, "image"},
		{"two pipelines", "sqlite", "pipeline.source=ssm:/p", "exactly one"},
		{"no pipeline", "dynamodb", `pipeline.source=""`, "exactly one"},
		{"two places of secrets", "sqlite", "secrets.source=ssm:/p/", "not both"},
		{"shares that are not as many as the workers", "dynamodb", "worker.parts=2", "as many as replicas"},
		{"shares among workers that come and go", "keda", "worker.parts=2", "fixed number"},
		{"a scaler without a Region", "keda", `region=""`, "region"},
		{"a scaler with more at the least than at the most", "keda", "keda.minReplicas=9", "maxReplicas"},
		{"a setting that is none", "sqlite", "replica=1", "replica"},
		{"a role that is none", "sqlite", "serviceAccount.roleArn=worker", "roleArn"},
		{"an account of nobody", "own", `serviceAccount.name=""`, "serviceAccount.name"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			values, err := merged(home+"/ci/"+test.file+"-values.yaml", test.set)
			if err != nil {
				t.Fatal(err)
			}
			if _, err = render(home, values); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got the error %v, want one about %q", err, test.want)
			}
		})
	}
}
