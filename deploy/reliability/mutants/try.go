package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// mutant is one promise broken: in a file, one place changed, and where the proof is that must fail.
type mutant struct {
	name     string // the promise, as a sentence
	file     string // below the module's root
	old, new string // old stands in the file exactly once
	proof    string // -run pattern
	in       string // package of the proof
}

// try makes the mutant and runs its proof.
func (m mutant) try(ctx context.Context) result {
	dir, err := os.MkdirTemp("", "mutant-")
	if err != nil {
		return result{"BROKEN", err.Error(), "", 2}
	}
	defer func() { _ = os.RemoveAll(dir) }()
	overlay, err := m.overlay(dir)
	if err != nil {
		return result{"BROKEN", err.Error(), "", 2}
	}
	command := exec.CommandContext(ctx, "go", "test", "-overlay", overlay, "-count=1", "-timeout=300s", "-run", m.proof, m.in)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	output, err := command.CombinedOutput()
	return judge(string(output), err != nil)
}

// overlay writes the changed copy and the file that tells the compiler of it.
func (m mutant) overlay(dir string) (string, error) {
	source, err := os.ReadFile(m.file)
	if err != nil {
		return "", fmt.Errorf("read %s (run this at the module's root): %w", m.file, err)
	}
	if n := strings.Count(string(source), m.old); n != 1 {
		return "", fmt.Errorf("its place is %d times in %s, not once", n, m.file)
	}
	changed := filepath.Join(dir, filepath.Base(m.file))
	if err := os.WriteFile(changed, []byte(strings.Replace(string(source), m.old, m.new, 1)), 0o600); err != nil {
		return "", err
	}
	original, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]map[string]string{"Replace": {original: changed}})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, text, 0o600)
}
