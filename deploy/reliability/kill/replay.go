//go:build unix

package kill

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"syscall"
	"time"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/sqlite"
)

// The places at which a `replay run` dies, beside any moment.
const (
	MessageComes = "message.comes" // runs are reopened, their messages have left and never arrive
	MessageSent  = "message.sent"  // the queue has the messages, and has not answered
)

// ReplayTally is what a replay under kills came to.
type ReplayTally struct {
	Kills   map[string]int // by place
	Pairs   int            // lives with a second `replay run` of the same plan beside it
	Unhurt  int            // lives that ended by themselves before they were killed
	Wakes   int            // messages that were sent: one for each run, and those that were sent again
	Verdict                // of the worker's ledger and the world
	Took    time.Duration
}

// Replay parks so many runs, mends their vendor, plans their replay and kills the operator's program while it runs the
// plan, beside a worker at work: at any moment, and between reopening and sending. Now and then two run the plan at once.
// Then it lets it end, and judges: each run reopened once, each effect once, every count the same.
func Replay(ctx context.Context, o Options, runs, kills int) (t ReplayTally, err error) {
	began := time.Now()
	w, err := NewWorld(ctx, o)
	if err != nil {
		return t, err
	}
	defer func() { _ = w.Close() }()
	if err := w.troubled(ctx, runs); err != nil {
		return t, err
	}
	p, err := w.plan(ctx, runs)
	if err != nil {
		return t, err
	}
	w.Facts.mended()
	v, err := w.start(w.orders())
	if err != nil {
		return t, err
	}
	v.ready()
	t.Kills = map[string]int{}
	// most of the runs are replayed under kills: a life lasts so long that they suffice for all
	life := time.Duration(float64(runs)/25/float64(kills)*0.8*float64(time.Second)) + operatorStart
	for done := 0; done < kills; done++ {
		if err := w.replayLife(p, life, &t); err != nil {
			return t, err
		}
		if o.tell("replay: %d of %d kills", done+1, kills); t.Unhurt > kills/4 {
			return t, fmt.Errorf("kill: the plan came to its end after %d kills", done+1)
		}
	}
	if err := w.finish(p, v); err != nil {
		return t, err
	}
	if err := w.drain(ctx, &Tally{}); err != nil {
		return t, err
	}
	if t.Verdict, err = w.judge(ctx, crashes); err == nil {
		err = w.judgeReplay(ctx, p, runs, &t)
	}
	t.Wakes, t.Took = w.Facts.woke(), time.Since(began)
	return t, err
}

// operatorStart is about what the operator's program needs until it does something.
const operatorStart = 150 * time.Millisecond

// troubled confirms people whom the lookup refuses, and lets the worker park them.
func (w *World) troubled(ctx context.Context, n int) error {
	for left := n; left > 0; left -= 10 {
		if _, err := w.feed(ctx, min(10, left), func(int) string { return refused }); err != nil {
			return err
		}
	}
	return w.drain(ctx, &Tally{})
}

// operator prepares the operator's program.
func (w *World) operator(args ...string) *exec.Cmd {
	cmd := exec.Command(w.options.Operator, append([]string{"replay"}, args...)...)
	cmd.Env = []string{"AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL=" + w.url, "HOME=" + w.dir, "AWS_ACCESS_KEY_ID=local",
		"AWS_SECRET_ACCESS_KEY=local", "AWS_EC2_METADATA_DISABLED=true", "POSTCONFIRM_WHO=the proof",
		"POSTCONFIRM_LEDGER=sqlite:" + w.Ledger, "POSTCONFIRM_QUEUE_URL=" + w.queue, "POSTCONFIRM_PIPELINE=" + w.file}
	return cmd
}

// plan plans the replay of all that are parked, and gives the plan's id.
func (w *World) plan(ctx context.Context, runs int) (id string, err error) {
	cmd := w.operator("plan", "--why", "they are killed", "--json")
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("kill: plan: %w\n%s", err, said.String())
	}
	var p struct {
		ID      string `json:"id"`
		Entries int    `json:"entries"`
	}
	if err := json.Unmarshal(out, &p); err != nil || p.Entries != runs {
		return "", fmt.Errorf("kill: the plan has %d entries, want %d: %w", p.Entries, runs, err)
	}
	return p.ID, ctx.Err()
}

// replayLife runs the plan and kills it. The place is drawn; now and then another one runs beside it, and is killed
// a little later.
func (w *World) replayLife(id string, mean time.Duration, t *ReplayTally) error {
	place := [...]string{Moment, Moment, Moment, MessageComes, MessageSent}[w.rand.IntN(5)]
	first, err := w.replayer(id)
	if err != nil {
		return err
	}
	if place != Moment {
		x := &trap{place: place, victim: first}
		x.left.Store(int64(1 + w.rand.IntN(2)))
		w.trap.Store(x)
	}
	var second *victim
	if w.rand.IntN(4) == 0 {
		if second, err = w.replayer(id); err != nil {
			return err
		}
		t.Pairs++
	}
	first.wait(time.Duration(w.rand.Int64N(int64(2 * mean))))
	first.kill(Moment)
	<-first.ended
	w.trap.Store(nil)
	if second != nil {
		second.wait(time.Duration(w.rand.Int64N(int64(mean))))
		second.kill(Moment)
		<-second.ended
	}
	if !first.killed() {
		if t.Unhurt++; !first.cmd.ProcessState.Success() {
			return fmt.Errorf("kill: replay run failed (%s):\n%s", first.cmd.ProcessState, first.journal.tail())
		}
		return nil
	}
	t.Kills[first.place()]++
	return nil
}

// replayer starts a `replay run`.
func (w *World) replayer(id string) (*victim, error) {
	v := &victim{cmd: w.operator("run", id, "--rate", "25/s", "--wait", "0s"), journal: newJournal(), ended: make(chan struct{})}
	v.cmd.Stderr, v.cmd.Stdout = v.journal, v.journal
	if err := v.cmd.Start(); err != nil {
		return nil, fmt.Errorf("kill: start replay run: %w", err)
	}
	go func() {
		_ = v.cmd.Wait() // its state is read by those who wait for ended
		close(v.ended)
	}()
	return v, nil
}

// sending is called when messages of an operator arrive. It is true if the one who sent them dies of it.
func (w *World) sending() (lost bool) {
	w.spring(MessageComes)
	t := w.trap.Load()
	return t != nil && t.place == MessageComes && t.left.Load() == 0
}

// finish lets the plan come to its end, looks that another running of it does nothing, and stops the worker.
func (w *World) finish(id string, v *victim) error {
	for range 2 {
		r, err := w.replayer(id)
		if err != nil {
			return err
		}
		<-r.ended
		if !r.cmd.ProcessState.Success() {
			return fmt.Errorf("kill: replay run failed (%s) although nobody killed it:\n%s", r.cmd.ProcessState, r.journal.tail())
		}
	}
	before := w.Facts.woke()
	out, err := w.operator("run", id).CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("nothing was done")) || w.Facts.woke() != before {
		return fmt.Errorf("kill: a plan at its end was run again: %w, %d more messages:\n%s", err, w.Facts.woke()-before, out)
	}
	v.signal(syscall.SIGTERM)
	<-v.ended
	w.early.rest()
	return nil
}

// judgeReplay holds runs and counts against each other.
func (w *World) judgeReplay(ctx context.Context, id string, runs int, t *ReplayTally) error {
	wrong := func(format string, values ...any) {
		t.Violations = append(t.Violations, fmt.Sprintf(format, values...))
	}
	reopened := 0
	err := w.each(ctx, func(r worker.Run) {
		if reopened += r.Reopens; r.Reopens != 1 || r.Plan != id {
			wrong("run %s: reopened %d times, last by %q", r.Key, r.Reopens, r.Plan)
		}
	})
	if err != nil {
		return err
	}
	ledger, err := sqlite.OpenReader(w.Ledger)
	if err != nil {
		return err
	}
	defer func() { _ = ledger.Close() }()
	paper, _, err := ledger.Paper(ctx, "plan", id)
	if err != nil {
		return err
	}
	var p struct {
		State  string         `json:"state"`
		Counts map[string]int `json:"counts"`
	}
	if err := json.Unmarshal(paper.Body, &p); err != nil {
		return err
	}
	if p.State != "sent" || len(p.Counts) != 1 || p.Counts["reopened"] != runs || reopened != runs {
		wrong("the plan is %s and counts %v; %d of %d were reopened", p.State, p.Counts, reopened, runs)
	}
	if w.Facts.woke() < runs {
		wrong("%d messages for %d runs", w.Facts.woke(), runs)
	}
	return nil
}
