package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// process is this program again, in another role: it reads one JSON value, answers with one or two, and ends.
type process struct {
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	answers *json.Decoder
	stderr  bytes.Buffer
}

// start starts a process in a role and gives it its task.
func start(ctx context.Context, role string, task any) (*process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	p := &process{cmd: exec.CommandContext(ctx, program)}
	p.cmd.Env = append(os.Environ(), roleVariable+"="+role)
	p.cmd.Stderr = &p.stderr
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.answers = json.NewDecoder(stdout)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", role, err)
	}
	if err := json.NewEncoder(p.stdin).Encode(task); err != nil {
		p.kill()
		return nil, fmt.Errorf("give %s its task: %w", role, err)
	}
	return p, nil
}

// hear waits for an answer.
func (p *process) hear(answer any) error {
	if err := p.answers.Decode(answer); err != nil {
		p.kill()
		return fmt.Errorf("no answer (%w) %s", err, strings.TrimSpace(p.stderr.String()))
	}
	return nil
}

// tell ends the input of the process.
func (p *process) tell() { _ = p.stdin.Close() }

// end waits until the process has ended by itself.
func (p *process) end() error {
	p.tell()
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(p.stderr.String()))
	}
	return nil
}

// kill ends the process if it still runs.
func (p *process) kill() {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	}
}
