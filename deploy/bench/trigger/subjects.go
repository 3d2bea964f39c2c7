package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The subjects, in the order of the tables.
const (
	subjectOurs   = "postconfirm's trigger"
	subjectNoop   = "Go, does nothing"
	subjectLoop   = "Go, bare net/http loop"
	subjectCommon = "Go, the common way"
	subjectNode   = "Node.js, client-sqs, esbuild"
	subjectPython = "Python, boto3"
)

// subject is one program that is measured.
type subject struct {
	name      string
	version   string // of what isn't Go
	argv      []string
	variables []string
	sends     bool // it puts the event on the queue
}

// workshop is where the subjects are made, and what they need.
type workshop struct {
	dir  string
	ca   authority
	stub *stub
}

// subjects builds all programs that this machine can run, and says what it leaves out.
func (w workshop) subjects(ctx context.Context, p plan, stderr io.Writer) (all []subject, err error) {
	roots, err := w.roots(stderr)
	if err != nil {
		return nil, err
	}
	system := []string{"SSL_CERT_FILE=" + roots, "SSL_CERT_DIR=" + w.dir + "/none"}
	overlay, err := w.overlay()
	if err != nil {
		return nil, err
	}
	for _, g := range []struct {
		name, folder string
		flags, env   []string
	}{
		{subjectOurs, "./cmd/trigger", []string{"-overlay", overlay}, nil},
		{subjectNoop, rivals + "noop", nil, nil},
		{subjectLoop, rivals + "loop", nil, system},
		{subjectCommon, rivals + "common", nil, system},
	} {
		program := filepath.Join(w.dir, filepath.Base(g.folder))
		if err := build(ctx, g.folder, program, g.flags); err != nil {
			return nil, err
		}
		all = append(all, subject{g.name, "", []string{program}, g.env, g.name != subjectNoop})
	}
	return append(all, w.foreign(ctx, p, roots, stderr)...), nil
}

// foreign are the rivals that aren't Go, as far as this machine has what they want.
func (w workshop) foreign(ctx context.Context, p plan, roots string, stderr io.Writer) (all []subject) {
	version, err := exec.CommandContext(ctx, "node", "--version").Output()
	if err == nil && p.Node != "" {
		env := []string{"NODE_EXTRA_CA_CERTS=" + filepath.Join(w.dir, "root.pem")}
		all = append(all, subject{subjectNode, strings.TrimSpace(string(version)), []string{"node", p.Node}, env, true})
	} else {
		fmt.Fprintln(stderr, "bench: NOT RUN: Node.js: it wants node and -node FILE")
	}
	const python = "/usr/bin/python3"
	version, err = exec.CommandContext(ctx, python, "-c", "import boto3; print(boto3.__version__)").Output()
	if err == nil {
		env := []string{"AWS_CA_BUNDLE=" + roots, "PYTHONDONTWRITEBYTECODE=1"}
		all = append(all, subject{subjectPython, strings.TrimSpace(string(version)), []string{python, rivals + "python/main.py"}, env, true})
	} else {
		fmt.Fprintln(stderr, "bench: NOT RUN: Python: "+python+" has no boto3")
	}
	return all
}

// rivals is their folder, from the module's root.
const rivals = "./deploy/bench/trigger/rivals/"

// build makes a Go program as README says that the trigger is made for Lambda, but for this machine.
func build(ctx context.Context, folder, program string, flags []string) error {
	args := append([]string{"build", "-tags", "lambda.norpc", "-trimpath", "-ldflags", "-s -w", "-o", program}, flags...)
	c := exec.CommandContext(ctx, "go", append(args, folder)...)
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w: %s", folder, err, out)
	}
	return nil
}

// roots writes the roots that the rivals know: the system's, if it has them in one of the usual places, and ours.
func (w workshop) roots(stderr io.Writer) (string, error) {
	var system []byte
	for _, file := range []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"} {
		if text, err := os.ReadFile(file); err == nil {
			system = append(text, '\n')
			break
		}
	}
	if system == nil {
		fmt.Fprintln(stderr, "bench: no file of the system's roots: the rivals read one root, and are faster than they would be")
	}
	file := filepath.Join(w.dir, "roots.pem")
	return file, errors.Join(
		os.WriteFile(filepath.Join(w.dir, "root.pem"), w.ca.root, 0o600), os.WriteFile(file, append(system, w.ca.root...), 0o600))
}

// overlay puts the stub's root beside those of Amazon that the trigger carries: the stub has to be one whom the trigger
// knows as it knows SQS, and nobody else can sign for Amazon.
func (w workshop) overlay() (string, error) {
	const carried = "trigger/sqsout/amazon.pem"
	path, err := filepath.Abs(carried)
	if err != nil {
		return "", err
	}
	amazon, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("it wants to be started from the module's root: %w", err)
	}
	replaced := filepath.Join(w.dir, "amazon.pem")
	if err := os.WriteFile(replaced, append(append(amazon, '\n'), w.ca.root...), 0o600); err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{path: replaced}})
	if err != nil {
		return "", err
	}
	file := filepath.Join(w.dir, "overlay.json")
	return file, os.WriteFile(file, text, 0o600)
}

// environment is what Lambda sets (AWS Lambda Developer Guide, defined runtime environment variables), and where SQS is.
func (w workshop) environment(s subject, api string) []string {
	return append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + api, "AWS_LAMBDA_FUNCTION_NAME=signup", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128", "_HANDLER=bootstrap", "AWS_REGION=eu-west-1", "AWS_DEFAULT_REGION=eu-west-1",
		"AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret", "AWS_SESSION_TOKEN=session", "TZ=:UTC", "LANG=en_US.UTF-8",
		"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + w.dir,
		"POSTCONFIRM_QUEUE_URL=" + w.stub.queue(), "AWS_ENDPOINT_URL_SQS=" + w.stub.url,
	}, s.variables...)
}
