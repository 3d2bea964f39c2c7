package main_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"flag"
	"io"
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

// The largest binary for Lambda and the largest zip of it, in bytes: what is not in it needs no loading at a cold start.
// They are what was reached, 7,274,658 and 2,935,463, and a hundredth more.
const (
	maxSize = 7_350_000
	maxZip  = 2_965_000
)

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
	zipped := zipOf(t, path)
	t.Logf("%d bytes as a zip", len(zipped))
	if len(zipped) > maxZip {
		t.Errorf("%d bytes as a zip, at most %d are wanted", len(zipped), maxZip)
	}
	if !bytes.Equal(zipped, zipOf(t, path)) {
		t.Error("the same program makes another zip the second time")
	}
}

// zipOf packs a program as a function's package: the same bytes for the same program, whenever it is packed.
func zipOf(t *testing.T, path string) []byte {
	t.Helper()
	program, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	w.RegisterCompressor(zip.Deflate, func(to io.Writer) (io.WriteCloser, error) { return flate.NewWriter(to, flate.BestCompression) })
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	header.SetMode(0o755)
	entry, err := w.CreateHeader(header)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := entry.Write(program); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestWrongUseAndConfigurationEndWithTwoAndSayWhy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trigger")
	tool(t, nil, "build", "-o", path, tags, ".")
	for name, tt := range map[string]struct {
		environment []string
		says        []string
	}{
		"outside of Lambda": {nil, []string{"AWS_LAMBDA_RUNTIME_API", "postconfirm demo"}},
		"with a wrong configuration": {
			[]string{"AWS_LAMBDA_RUNTIME_API=127.0.0.1:1", "POSTCONFIRM_BUDGET=1m", "POSTCONFIRM_ON_ERROR=maybe"},
			[]string{"POSTCONFIRM_QUEUE_URL is not set", `POSTCONFIRM_BUDGET is "1m"`, `POSTCONFIRM_ON_ERROR is "maybe"`},
		},
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
