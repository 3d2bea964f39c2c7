// Package shipped_test holds what is shipped beside the programs against the programs and against each other: the
// Dockerfile, the systemd unit with its settings, the packages of a release.
//
// It promises that they name the same user, port, paths, flags and variables as the code does, that nothing of the
// sandbox is dropped unseen, and that a worker is never killed before its grace is over. Each promise is a rule with a
// name, and each rule is shown to notice a fault. It refuses to guess: what systemd, buildah and goreleaser think of their
// files is theirs to say, in make check-deploy-systemd, check-deploy-container and release-snapshot.
package shipped_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// files are what is shipped and what it is compared with, by path in the repository.
type files map[string]string

// The paths.
const (
	image    = "deploy/container/Dockerfile"
	ignored  = ".dockerignore"
	unit     = "deploy/systemd/postconfirm-worker.service"
	env      = "deploy/systemd/worker.env"
	secrets  = "deploy/systemd/secrets.conf"
	release  = "deploy/goreleaser.yaml"
	makefile = "Makefile"
	program  = "cmd/worker/main.go"
	modules  = "go.mod"
	twice    = "deploy/check/reproducible.sh"
)

func readAll(t *testing.T) files {
	t.Helper()
	f := files{}
	for _, path := range []string{image, ignored, unit, env, secrets, release, makefile, program, modules, twice} {
		data, err := os.ReadFile(filepath.Join("..", "..", path))
		if err != nil {
			t.Fatal(err)
		}
		f[path] = string(data)
	}
	return f
}

// lines gives the lines of a file that are no comments, with the ends of broken lines joined.
func (f files) lines(path string) (lines []string) {
	for line := range strings.Lines(strings.ReplaceAll(f[path], "\\\n", "")) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

// want asks for whole lines.
func (f files) want(path string, lines ...string) error {
	all := "\n" + strings.Join(f.lines(path), "\n") + "\n"
	for _, line := range lines {
		if !strings.Contains(all, "\n"+line+"\n") {
			return fmt.Errorf("%s has no line %q", path, line)
		}
	}
	return nil
}

// known asks the worker's program for each variable of ours that a file sets.
func (f files) known(path string) error {
	names := regexp.MustCompile(`POSTCONFIRM_[A-Z_]+`).FindAllString(strings.Join(f.lines(path), "\n"), -1)
	for _, name := range names {
		if !strings.Contains(f[program], `"`+name+`"`) {
			return fmt.Errorf("%s: the worker does not know %s", path, name)
		}
	}
	if len(names) == 0 {
		return fmt.Errorf("%s sets nothing", path)
	}
	return nil
}

// inspect names the first rule that does not hold.
func (f files) inspect() (string, error) {
	for _, r := range rules() {
		if err := r.check(f); err != nil {
			return r.name, err
		}
	}
	return "", nil
}

func TestWhatShipsFitsTheProgramsAndEachOther(t *testing.T) {
	f := readAll(t)
	for _, r := range rules() {
		t.Run(r.name, func(t *testing.T) {
			if err := r.check(f); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSeededFaultsAreNoticed(t *testing.T) {
	faults := []struct{ name, path, old, new, rule string }{
		{"the image runs as root", image, "USER 65532:65532", "USER 0:0", "image-user"},
		{"the image runs as a name, which Kubernetes can't judge", image, "USER 65532:65532", "USER nonroot", "image-user"},
		{"a later user", image, "EXPOSE 9464", "EXPOSE 9464\nUSER root", "image-user"},
		{"a ledger folder of somebody else", image, "--chown=65532:65532 ", "", "image-user"},
		{"an entrypoint in a shell", image, `ENTRYPOINT ["/usr/local/bin/postconfirm-worker"]`, "ENTRYPOINT /usr/local/bin/postconfirm-worker", "image-start"},
		{"another port", image, "EXPOSE 9464", "EXPOSE 8080", "image-start"},
		{"an emulated compiler", image, "--platform=${BUILDPLATFORM} ", "", "image-build"},
		{"a base that nobody can replace", image, "FROM ${BASE_IMAGE}", "FROM scratch", "image-build"},
		{"another compiler than the module's", image, "golang:1.26-", "golang:1.25-", "image-build"},
		{"paths in the program", image, "-trimpath ", "", "same-flags"},
		{"a commit in the program", release, "-buildvcs=false, ", "", "same-flags"},
		{"a function built otherwise", release, "lambda.norpc", "lambda.rpc", "same-flags"},
		{"history in the image's context", ignored, "*\n", "", "image-context"},
		{"a ledger in the image's context", ignored, "**/*.db\n", "", "image-context"},
		{"a user that stays", unit, "DynamicUser=yes", "DynamicUser=no", "sandbox"},
		{"a sandbox with a hole", unit, "ProtectSystem=strict\n", "", "sandbox"},
		{"executable memory", unit, "MemoryDenyWriteExecute=yes", "MemoryDenyWriteExecute=no", "sandbox"},
		{"a weaker filter", unit, "SystemCallFilter=~@privileged @resources\n", "", "sandbox"},
		{"killed before its grace is over", unit, "TimeoutStopSec=35", "TimeoutStopSec=20", "unit-stop"},
		{"a wrong setting tried for ever", unit, "RestartPreventExitStatus=2\n", "", "unit-stop"},
		{"a ledger where nothing can be written", env, "sqlite:/var/lib/postconfirm/", "sqlite:/srv/", "unit-files"},
		{"a variable of no worker", env, "POSTCONFIRM_DLQ_URL", "POSTCONFIRM_DLQ", "unit-files"},
		{"secrets in the environment file's place", secrets, "POSTCONFIRM_SECRETS_DIR=%d", "POSTCONFIRM_SECRETS_DIR=/etc", "unit-files"},
		{"a package without the unit", release, "dst: /usr/lib/systemd/system/postconfirm-worker.service", "dst: /srv/worker.service", "packages"},
		{"settings lost by an upgrade", release, "config|noreplace", "config", "packages"},
		{"settings that everybody reads", release, "mode: 0600", "mode: 0644", "packages"},
		{"an architecture less", release, "goarch: [amd64, arm64]", "goarch: [amd64]", "packages"},
		{"no bill of materials", release, "artifacts: binary", "artifacts: source", "packages"},
		{"a bill that another one overwrites", release, ".Env.artifactID", ".Binary", "packages"},
		{"a service that an upgrade stops", release, "preremove: deploy/systemd/preremove.sh", "preremove: deploy/systemd/postinstall.sh", "packages"},
	}
	whole := readAll(t)
	for _, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			f := files{}
			for path, text := range whole {
				f[path] = text
			}
			if !strings.Contains(f[fault.path], fault.old) {
				t.Fatalf("%s has no %q to break", fault.path, fault.old)
			}
			f[fault.path] = strings.Replace(f[fault.path], fault.old, fault.new, 1)
			if rule, err := f.inspect(); rule != fault.rule {
				t.Errorf("noticed by %q (%v), want %q", rule, err, fault.rule)
			}
		})
	}
}
