package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/localcloud/function"
)

// build makes a program of this repository for this machine.
func build(t *testing.T, program string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bootstrap")
	tool(t, []string{"CGO_ENABLED=0"}, "build", "-o", path, tags, program)
	return path
}

// output keeps what a program prints. It comes through a pipe, so that it may come later than the answer.
type output struct {
	mu    sync.Mutex
	b     bytes.Buffer
	wrote chan struct{} // one is in it after a write
}

func newOutput() *output { return &output{wrote: make(chan struct{}, 1)} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.wrote <- struct{}{}:
	default:
	}
	return o.b.Write(p)
}

// take waits for what has n times the text in it, and begins anew.
func (o *output) take(t *testing.T, n int, text string) string {
	t.Helper()
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	for {
		o.mu.Lock()
		if printed := o.b.String(); strings.Count(printed, text) >= n {
			o.b.Reset()
			o.mu.Unlock()
			return printed
		}
		o.mu.Unlock()
		select {
		case <-o.wrote:
		case <-limit.C:
			t.Fatalf("want %d times %s", n, text)
		}
	}
}

// deployed runs the built program as Lambda would, with a policy of the examples in its zip.
func deployed(t *testing.T, program, policy string) (*function.Process, *output) {
	t.Helper()
	examples, err := filepath.Abs("../../trigger/presignup/examples")
	if err != nil {
		t.Fatal(err)
	}
	out := newOutput()
	f := function.New([]string{program}, &function.Options{Name: "presignup", Dir: examples, Output: out,
		Environment: map[string]string{"POSTCONFIRM_POLICY": policy, "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}})
	t.Cleanup(func() { _ = f.Close() })
	return f, out
}

// documented are the test events of the developer guide's page on this trigger, and what they come to there.
var documented = []struct {
	name, policy, event string
	response            map[string]bool
	refusal             string
}{
	{
		name: "auto-confirm users from a registered domain", policy: "registered-domain.yaml",
		event:    `{"request":{"userAttributes":{"email":"testuser@example.com","custom:domain":"example.com"}},"response":{}}`,
		response: map[string]bool{"autoConfirmUser": true},
	},
	{
		name: "the same, from another domain", policy: "registered-domain.yaml",
		event:    `{"request":{"userAttributes":{"email":"testuser@example.org","custom:domain":"example.org"}},"response":{}}`,
		response: map[string]bool{},
	},
	{
		name: "auto-confirm and auto-verify all users", policy: "everybody.yaml",
		event:    `{"request":{"userAttributes":{"email":"user@example.com","phone_number":"+12065550100"}},"response":{}}`,
		response: map[string]bool{"autoConfirmUser": true, "autoVerifyEmail": true, "autoVerifyPhone": true},
	},
	{
		name: "the same, of somebody without a telephone number", policy: "everybody.yaml",
		event:    `{"request":{"userAttributes":{"email":"user@example.com"}},"response":{}}`,
		response: map[string]bool{"autoConfirmUser": true, "autoVerifyEmail": true},
	},
	{
		name: "deny sign-up if the user name has fewer than five characters", policy: "short-names.yaml",
		event: `{"userName":"rroe","response":{}}`, refusal: "Cannot register users with username less than the minimum length of 5",
	},
	{
		name: "the same, of somebody with five", policy: "short-names.yaml",
		event: `{"userName":"rroe5","response":{}}`, response: map[string]bool{},
	},
}

// TestTheExamplesOfTheDocumentation feeds the test events of the developer guide's page on this trigger to the built
// program, with the three examples of that page as policies: the results are the documented ones.
func TestTheExamplesOfTheDocumentation(t *testing.T) {
	program := build(t, ".")
	for _, tt := range documented {
		t.Run(tt.name, func(t *testing.T) {
			f, out := deployed(t, program, tt.policy)
			answer, err := f.Invoke(t.Context(), []byte(tt.event))
			if tt.refusal != "" {
				var refused *function.Error
				if !errors.As(err, &refused) || refused.Message != tt.refusal || refused.Unwrap() != nil {
					t.Fatalf("%s, %v", answer, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var before, after map[string]any
			if json.Unmarshal([]byte(tt.event), &before) != nil || json.Unmarshal(answer, &after) != nil {
				t.Fatalf("%s", answer)
			}
			response := map[string]any{}
			for flag := range tt.response {
				response[flag] = true
			}
			before["response"] = response
			if diff := cmp.Diff(before, after); diff != "" {
				t.Error(diff)
			}
			if line := out.take(t, 1, "outcome"); strings.Count(line, "\n") != 1 || !strings.Contains(line, `"rehearsal":"yes"`) || strings.Contains(line, "@") {
				t.Errorf("printed %s", line)
			}
		})
	}
}

// TestAWrongPolicyFailsTheStart and not a sign-up: Lambda refuses the function before its first event.
func TestAWrongPolicyFailsTheStart(t *testing.T) {
	program := build(t, ".")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "policy.yaml"), []byte("version: 1\ndeny: [{ name: x }]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, out := deployed(t, program, filepath.Join(dir, "policy.yaml"))
	_, err := f.Invoke(t.Context(), []byte(`{}`))
	if !errors.Is(err, function.ErrExit) {
		t.Error(err)
	}
	out.take(t, 1, "policy.yaml:2:8: the rule has no condition")
}
