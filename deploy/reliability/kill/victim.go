//go:build unix

package kill

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/postconfirm/postconfirm/deploy/reliability/failpoint"
)

// Build compiles the worker with its failpoints into dir and gives its path. go is the Go command.
func Build(ctx context.Context, goCommand, dir string) (string, error) {
	return build(ctx, goCommand, filepath.Join(dir, "worker-with-failpoints"), "./cmd/worker", "-tags", "failpoints")
}

// BuildOperator does so with the operator's program.
func BuildOperator(ctx context.Context, goCommand, dir string) (string, error) {
	return build(ctx, goCommand, filepath.Join(dir, "postconfirm"), "./cmd/postconfirm")
}

func build(ctx context.Context, goCommand, program, source string, flags ...string) (string, error) {
	cmd := exec.CommandContext(ctx, goCommand, append(append([]string{"build", "-trimpath", "-o", program}, flags...), source)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("kill: build %s: %w\n%s", source, err, out)
	}
	return program, nil
}

// victim is one life of the worker: a process.
type victim struct {
	cmd     *exec.Cmd
	began   time.Time
	journal *journal
	ended   chan struct{} // closed when the process is gone and waited for
	hit     sync.Once
	byHand  string // guarded by hit
}

// start starts the worker on the world.
func (w *World) start(orders failpoint.Orders, more ...string) (*victim, error) {
	args := append([]string{"--pipeline", w.file, "--queue", w.queue, "--dlq", w.dlq, "--ledger", "sqlite:" + w.Ledger,
		"--allow-loopback", "--in-flight", strconv.Itoa(w.options.InFlight)}, more...)
	v := &victim{cmd: exec.Command(w.options.Program, args...), journal: newJournal(), ended: make(chan struct{})}
	v.cmd.Env = []string{"AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL=" + w.url, "HOME=" + w.dir, "GOGC=400",
		"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "AWS_EC2_METADATA_DISABLED=true", orders.Variable()}
	v.cmd.Stderr = v.journal
	v.began = time.Now()
	if err := v.cmd.Start(); err != nil {
		return nil, fmt.Errorf("kill: start the worker: %w", err)
	}
	go func() {
		_ = v.cmd.Wait() // its state is read by those who wait for ended
		close(v.ended)
	}()
	return v, nil
}

// kill is kill -9, and remembers whose it was. A second one does nothing.
func (v *victim) kill(place string) {
	v.hit.Do(func() {
		if v.cmd.Process.Signal(syscall.SIGKILL) == nil {
			v.byHand = place
		}
	})
}

// place is where the harness killed it; "" if it died of itself.
func (v *victim) place() string {
	v.hit.Do(func() {})
	return v.byHand
}

func (v *victim) signal(s os.Signal) { _ = v.cmd.Process.Signal(s) }

// wait tells whether the process ended within d.
func (v *victim) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-v.ended:
		return true
	case <-timer.C:
		return false
	}
}

// ready waits until it has started, or is gone: before that, no signal is safe.
func (v *victim) ready() {
	select {
	case <-v.journal.started:
	case <-v.ended:
	}
}

// killed tells whether it ended by SIGKILL.
func (v *victim) killed() bool {
	status, ok := v.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// unborn tells whether SIGTERM ended it before it could listen to signals: it had said nothing and done nothing.
func (v *victim) unborn() bool {
	status, ok := v.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGTERM && v.journal.tail() == ""
}

// journal is what the worker writes to standard error: its milestones and its last words.
type journal struct {
	started  chan struct{}
	stopping chan struct{}
	mu       sync.Mutex
	text     []byte
	at       time.Time // of the last milestone
}

func newJournal() *journal {
	return &journal{started: make(chan struct{}), stopping: make(chan struct{})}
}

// Write takes what comes.
func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text = append(j.text, p...)
	fresh := j.text[max(0, len(j.text)-len(p)-len("worker: stopping")):] // the words may come in two pieces
	j.milestone(fresh, "worker: started", j.started)
	j.milestone(fresh, "worker: stopping", j.stopping)
	if len(j.text) > 16<<10 {
		j.text = append([]byte(nil), j.text[len(j.text)-4<<10:]...)
	}
	return len(p), nil
}

func (j *journal) milestone(p []byte, words string, reached chan struct{}) {
	if !bytes.Contains(p, []byte(words)) {
		return
	}
	select {
	case <-reached:
	default:
		j.at = time.Now()
		close(reached)
	}
}

// tail are the last words.
func (j *journal) tail() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(j.text)), "\n")
	return strings.Join(lines[max(0, len(lines)-12):], "\n")
}
