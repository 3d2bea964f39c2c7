package cloudformation_test

import (
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/deploy/cloudformation"
	"github.com/postconfirm/postconfirm/trigger/presignup/fromenv"
	"github.com/postconfirm/postconfirm/trigger/sqsout"
	"github.com/postconfirm/postconfirm/worker/app"
)

// variables are a function's in a deployment, with Lambda's own; the queue's reference is its URL.
func variables(t *testing.T, function string, values map[string]string) (map[string]string, error) {
	t.Helper()
	whole, err := cloudformation.Read([]byte(read(t, "template.yaml")))
	if err != nil {
		t.Fatal(err)
	}
	all := deployments()[cloudformation.Everything]
	maps.Copy(all, values)
	resolved, err := whole.Resolve(all)
	if err != nil {
		return nil, err
	}
	out := map[string]string{"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "LAMBDA_TASK_ROOT": "../../trigger/presignup/examples"}
	environment, _ := resolved.Resources[function].Properties["Environment"].(map[string]any)
	given, _ := environment["Variables"].(map[string]any)
	for name, v := range given {
		if out[name] = fmt.Sprint(v); v == "<Queue>" {
			out[name] = "https://sqs.eu-west-1.amazonaws.com/111122223333/postconfirm"
		}
	}
	return out, nil
}

func TestTheTriggerStartsWithWhateverTheParametersAllow(t *testing.T) {
	for _, values := range []map[string]string{
		nil, {"TriggerBudget": "100ms"}, {"TriggerBudget": "999ms"}, {"TriggerBudget": "4s"}, {"TriggerBudget": "3.99s"}, {"TriggerOnError": "closed"},
		{"TriggerFairQueues": "client"}, {"TriggerMetadataKeys": "plan,campaign"},
	} {
		given, err := variables(t, "Trigger", values)
		if err != nil {
			t.Errorf("%v: %v", values, err)
			continue
		}
		if _, err := sqsout.FromEnvironment(func(name string) string { return given[name] }, io.Discard); err != nil {
			t.Errorf("%v: %v", values, err)
		}
	}
	for _, values := range []map[string]string{{"TriggerBudget": "99ms"}, {"TriggerBudget": "5s"}, {"TriggerBudget": "4.1s"}, {"TriggerBudget": "0.05s"}, {"TriggerOnError": "ajar"}} {
		if _, err := variables(t, "Trigger", values); err == nil {
			t.Errorf("%v is allowed, and the trigger would not start", values)
		}
	}
}

func TestThePreSignUpFunctionStarts(t *testing.T) {
	for _, policy := range []string{`{"version": 1, "deny": [{"name": "short", "username": {"shorter-than": 5}}]}`, "version: 1\ndeny:\n  - { name: short, username: { shorter-than: 5 } }\n"} {
		given, err := variables(t, "PreSignUpFunction", map[string]string{"PreSignUpPolicy": policy})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fromenv.Handler(func(name string) string { return given[name] }, io.Discard); err != nil {
			t.Errorf("%s: %v", policy, err)
		}
	}
}

// The worker looks at all its settings before it reads the pipeline file, which is not here: no other mistake is told.
func TestTheWorkerTakesItsSettings(t *testing.T) {
	for _, values := range []map[string]string{nil, {"Vault": "none"}, {"Vault": "ssm"}, {"WorkerMetrics": "off"}} {
		all := map[string]string{"PipelineSource": "layer"}
		maps.Copy(all, values)
		given, err := variables(t, "WorkerFunction", all)
		if err != nil {
			t.Fatal(err)
		}
		_, err = app.New(t.Context(), app.Settings{Lambda: true, Pipeline: given["POSTCONFIRM_PIPELINE"] + ".none", Queue: given["POSTCONFIRM_QUEUE_URL"],
			DeadLetters: given["POSTCONFIRM_DLQ_URL"], Ledger: given["POSTCONFIRM_LEDGER"], Secrets: given["POSTCONFIRM_SECRETS"], Metrics: given["POSTCONFIRM_METRICS"]})
		if err == nil || !strings.HasPrefix(err.Error(), "read pipeline: open /opt/pipeline.yaml.none") {
			t.Errorf("%v: %v", values, err)
		}
	}
}
