package main_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write deps.golden anew")

// tags leaves out the Lambda library's old RPC mode, as the deployed binary does.
const tags = "-tags=lambda.norpc"

// maxSize is the largest binary for Lambda, in bytes: what is not in it needs no loading at a cold start.
const maxSize = 8_300_000

// tool runs the go command for a target and returns what it printed.
func tool(t *testing.T, target []string, arguments ...string) string {
	t.Helper()
	command := exec.Command("go", arguments...)
	command.Env = append(os.Environ(), target...)
	var complaint bytes.Buffer
	command.Stderr = &complaint
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(arguments, " "), err, complaint.String())
	}
	return string(out)
}

func arm64() []string { return []string{"GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0"} }

// TestTheDependenciesAreTheGoldenList makes each new dependency a line that somebody has to want.
func TestTheDependenciesAreTheGoldenList(t *testing.T) {
	got := strings.Fields(tool(t, arm64(), "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", tags, "."))
	slices.Sort(got)
	if *update {
		if err := os.WriteFile("deps.golden", []byte(strings.Join(got, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("deps.golden")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Fields(string(want)), got); diff != "" {
		t.Errorf("the dependencies changed (-golden +now); if they are meant, run the test with -update:\n%s", diff)
	}
	if slices.Contains(got, "github.com/aws/aws-sdk-go-v2/config") {
		t.Error("the SDK's config package is in it: it loads sts, sso and the metadata service at every cold start")
	}
}

func TestTheBinaryForLambdaIsSmall(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bootstrap")
	tool(t, arm64(), "build", "-trimpath", "-ldflags", "-s -w", "-o", path, tags, ".")
	file, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes for linux/arm64", file.Size())
	if file.Size() > maxSize {
		t.Errorf("%d bytes, at most %d are wanted", file.Size(), maxSize)
	}
}

func TestWrongUseAndConfigurationEndWithTwoAndSayWhy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "presignup")
	tool(t, nil, "build", "-o", path, tags, ".")
	for name, tt := range map[string]struct {
		environment []string
		says        []string
	}{
		"outside of Lambda": {nil, []string{"AWS_LAMBDA_RUNTIME_API", "presignup simulate"}},
		"with a wrong policy": {
			[]string{"AWS_LAMBDA_RUNTIME_API=127.0.0.1:1", "AWS_ENDPOINT_URL=nowhere", "POSTCONFIRM_POLICY=version: 1\nconfirm: [{ nam: x, domains: \"*\" }]"},
			[]string{"POSTCONFIRM_POLICY:2:13: unknown key \"nam\"", "POSTCONFIRM_POLICY:2:30: \"*\" is no domain"},
		},
		"with nothing": {[]string{"AWS_LAMBDA_RUNTIME_API=127.0.0.1:1"}, []string{"POSTCONFIRM_POLICY is not set"}},
	} {
		t.Run(name, func(t *testing.T) {
			command := exec.Command(path)
			command.Env = append([]string{}, tt.environment...)
			var complaint bytes.Buffer
			command.Stderr = &complaint
			out, err := command.Output()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 2 || len(out) > 0 {
				t.Errorf("ended with %v, printed %q", err, out)
			}
			for _, words := range tt.says {
				if !strings.Contains(complaint.String(), words) {
					t.Errorf("no %q in\n%s", words, complaint.String())
				}
			}
		})
	}
}
