package check_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const readiness = `          readinessProbe:
            httpGet: { path: /readyz, port: metrics }
            periodSeconds: 5
            timeoutSeconds: 5
            failureThreshold: 3
`

// TestSeededFaultsAreNoticed breaks the chart, one fault at a time, and wants the check of that name to see it.
func TestSeededFaultsAreNoticed(t *testing.T) {
	faults := []struct{ name, file, old, new, values, check string }{
		{"runs as root", "deployment.yaml", "runAsNonRoot: true", "runAsNonRoot: false", "sqlite", "pod-security"},
		{"runs as somebody else", "deployment.yaml", "runAsUser: 65532", "runAsUser: 1000", "sqlite", "pod-security"},
		{"keeps capabilities", "deployment.yaml", "{ drop: [ALL] }", "{ drop: [NET_RAW] }", "sqlite", "pod-security"},
		{"no seccomp", "deployment.yaml", "seccompProfile: { type: RuntimeDefault }", "", "sqlite", "pod-security"},
		{"writable files", "deployment.yaml", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "dynamodb", "read-only"},
		{"a token of the cluster", "deployment.yaml", "automountServiceAccountToken: false", "automountServiceAccountToken: true", "dynamodb", "read-only"},
		{"no readiness probe", "deployment.yaml", readiness, "", "keda", "probes"},
		{"a field given twice", "deployment.yaml", "readinessProbe:", "livenessProbe:", "keda", "decode"},
		{"a probe of another path", "deployment.yaml", "/readyz", "/ready", "keda", "probes"},
		{"a probe without its endpoint", "deployment.yaml", "POSTCONFIRM_METRICS, value: \"0.0.0.0:", "POSTCONFIRM_METRICS, value: \"127.0.0.1:", "keda", "probes"},
		{"grace too short", "deployment.yaml", "{{ add .Values.worker.graceSeconds 10 }}", "30", "keda", "grace"},
		{"two workers on a file", "deployment.yaml", "replicas: {{ .Values.replicas }}", "replicas: 2", "sqlite", "one-file-one-worker"},
		{"a rolling update of a file", "deployment.yaml", "type: Recreate", "type: RollingUpdate", "sqlite", "one-file-one-worker"},
		{"a ledger that goes with the release", "ledger.yaml", "resource-policy: keep", "resource-policy: delete", "sqlite", "one-file-one-worker"},
		{"a variable of no worker", "deployment.yaml", "POSTCONFIRM_DLQ_URL", "POSTCONFIRM_DLQ", "dynamodb", "settings"},
		{"a flag of no worker", "deployment.yaml", "--pollers=", "--poller=", "dynamodb", "settings"},
		{"secrets elsewhere", "deployment.yaml", "value: /run/secrets/postconfirm", "value: /run/secrets", "sqlite", "mounts"},
		{"a budget for other pods", "poddisruptionbudget.yaml", `{{- include "postconfirm.selector" . | nindent 6 }}`, "app: other", "dynamodb", "selectors"},
		{"a budget that stops a drain", "poddisruptionbudget.yaml", "maxUnavailable: 1", "minAvailable: 1", "sqlite", "selectors"},
		{"an open way out", "networkpolicy.yaml", ", except: [169.254.0.0/16]", "", "dynamodb", "network"},
		{"one direction only", "networkpolicy.yaml", "[Ingress, Egress]", "[Ingress]", "dynamodb", "network"},
		{"a scaler of something else", "keda.yaml", "scaleTargetRef:\n    name: ", "scaleTargetRef:\n    name: other-", "keda", "scaler"},
		{"two who count", "deployment.yaml", "if not .Values.keda.enabled", "if true", "keda", "scaler"},
		{"hidden messages counted", "keda.yaml", `scaleOnInFlight: "false"`, `scaleOnInFlight: "true"`, "keda", "scaler"},
		{"an unknown field", "deployment.yaml", "periodSeconds: 20", "periodSecond: 20", "dynamodb", "decode"},
		{"a field of the wrong type", "poddisruptionbudget.yaml", "maxUnavailable: 1", "maxUnavailable: [1]", "dynamodb", "decode"},
		{"a template that ends early", "service.yaml", "{{- end }}", "", "keda", "lint"},
		{"a schema that knows less", "../values.schema.json", `"graceSeconds"`, `"graceSecond"`, "keda", "lint"},
	}
	for _, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "postconfirm")
			if err := os.CopyFS(dir, os.DirFS(home)); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "templates", fault.file)
			data, err := os.ReadFile(path)
			if err != nil || !strings.Contains(string(data), fault.old) {
				t.Fatalf("%s has no %q to break (%v)", fault.file, fault.old, err)
			}
			if err := os.WriteFile(path, []byte(strings.Replace(string(data), fault.old, fault.new, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			values, err := merged(home + "/ci/" + fault.values + "-values.yaml")
			if err != nil {
				t.Fatal(err)
			}
			if name, err := inspect(dir, values); name != fault.check {
				t.Errorf("noticed by %q (%v), want %q", name, err, fault.check)
			}
		})
	}
}
