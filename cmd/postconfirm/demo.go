package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/deploy/onebox"
	"github.com/postconfirm/postconfirm/deploy/onebox/pretend"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
)

// demoOptions are the flags of demo.
type demoOptions struct {
	users  int
	once   bool
	outage string
	json   bool
}

// The demo's times.
const (
	outageLength = 6 * time.Second  // after the last sign-up
	patience     = 60 * time.Second // for the last user, after the last sign-up
	demoRetry    = time.Second      // first pause through the queue, shorter than the worker's default to be watched
)

func demoCommand(std streams) *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Watch users sign up and be enriched, with nothing else installed",
		Long: "Starts a local cloud, the trigger, a worker and three pretend vendors on this machine; signs users up through\n" +
			"the AWS SDK; shows each one's way. Then stays up for your own AWS client, until Ctrl-C.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return demo(cmd.Context(), std, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&o.once, "once", false, "end after the last user; exit code 0 only if all were enriched")
	f.IntVar(&o.users, "users", 5, "how many `people` sign up, 1 to 500")
	f.StringVar(&o.outage, "outage", "", "the `vendor` that is down while people sign up: "+strings.Join(pretend.Names(), ", "))
	f.BoolVar(&o.json, "json", false, "one JSON object for each user, and one with totals at the end")
	return cmd
}

func (o demoOptions) check() error {
	if o.users < 1 || o.users > 500 {
		return &problem{err: fmt.Errorf("--users is %d: want 1 to 500", o.users), next: "postconfirm demo --users 5", code: exitUsage}
	}
	if o.outage != "" && !slices.Contains(pretend.Names(), o.outage) {
		return &problem{err: fmt.Errorf("--outage %q is no vendor of the demo", o.outage),
			hint: "vendors are " + strings.Join(pretend.Names(), ", "), next: "postconfirm demo --outage company", code: exitUsage}
	}
	return nil
}

// scene is one run of the demo.
type scene struct {
	demoOptions
	box    *onebox.Box
	watch  *watch
	view   view
	people map[string]*result // by run key
	totals totals
}

func demo(ctx context.Context, std streams, o demoOptions) (err error) {
	s := &scene{demoOptions: o, watch: newWatch(o.users), people: map[string]*result{}, view: newView(std, o)}
	program, err := triggerArgs()
	if err != nil {
		return err
	}
	s.box, err = onebox.Start(ctx, onebox.Options{Trigger: program, Retry: demoRetry, Observer: s.watch,
		Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.box.Close()) }()
	s.view.started(s.box)
	if err := s.play(ctx); err != nil {
		return err
	}
	s.view.ended(s.totals)
	if !o.once {
		s.view.staying(s.box)
		<-ctx.Done()
		return nil
	}
	return s.judge()
}

// play signs everybody up, and waits until everybody's run is final.
func (s *scene) play(ctx context.Context) error {
	if s.outage != "" {
		s.box.Vendors.SetDown(s.outage, true)
		s.view.said(s.outage + " is down: every call gets 503")
	}
	defer func() { s.totals.Vendors, s.totals.Users = s.box.Vendors.Counts(), s.users }()
	began := time.Now()
	for _, p := range onebox.People(s.users) {
		if err := s.signUp(ctx, p); err != nil {
			return err
		}
	}
	s.totals.SignUps = milliseconds(time.Since(began))
	end := time.After(patience)
	back := time.After(outageLength)
	if s.outage == "" {
		back = nil
	}
	for s.totals.Finished < s.users {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-end:
			return nil
		case <-back:
			s.box.Vendors.SetDown(s.outage, false)
			s.view.said(s.outage + " is back")
		case v := <-s.watch.said:
			if err := s.finished(ctx, v); err != nil {
				return err
			}
		}
	}
	return nil
}

// signUp is one person's way until the confirmation has come back.
func (s *scene) signUp(ctx context.Context, p onebox.Person) error {
	sub, err := s.box.SignUp(ctx, p)
	if err != nil {
		return err
	}
	r := &result{User: p.Email, Run: event.RunKey(s.box.Pool.ID, sub, event.Onboarding), person: p}
	if r.Before, err = s.box.Attributes(ctx, p); err != nil {
		return err
	}
	s.people[r.Run] = r
	r.confirmed = time.Now()
	if err := s.box.Confirm(ctx, p); err != nil {
		return err
	}
	r.ConfirmMS = milliseconds(time.Since(r.confirmed))
	s.totals.SlowestConfirm = max(s.totals.SlowestConfirm, r.ConfirmMS)
	s.view.confirmed(r)
	return nil
}

// finished takes what the worker said of a run: a first failure is told, a final state ends the person's way.
func (s *scene) finished(ctx context.Context, f final) error {
	r := s.people[f.verdict.Run]
	switch {
	case r == nil || r.Outcome != "":
		return nil // somebody else's, or a duplicate
	case !f.verdict.Delete:
		if f.deliveries == 1 {
			s.view.retried(r, f)
		}
		return nil
	}
	var err error
	if r.After, err = s.box.Attributes(ctx, r.person); err != nil {
		return err
	}
	r.Outcome, r.Reason, r.Deliveries = f.verdict.Outcome.String(), f.verdict.Reason, f.deliveries
	r.EnrichedMS = milliseconds(f.at.Sub(r.confirmed))
	r.Steps = f.steps
	s.totals.Finished++
	if f.verdict.Outcome == worker.Completed {
		s.totals.Enriched++
	}
	s.view.enriched(r)
	return nil
}

func (s *scene) judge() error {
	switch {
	case s.totals.Enriched == s.users:
		return nil
	case s.totals.Enriched == 0:
		return &problem{err: errors.New("nobody was enriched"), code: exitFailed}
	}
	return &problem{err: fmt.Errorf("%d of %d users were enriched", s.totals.Enriched, s.users), code: exitPartly}
}

// result is one user's line with --json.
type result struct {
	User       string            `json:"user"`
	Run        string            `json:"run"`
	Outcome    string            `json:"outcome"`
	Reason     string            `json:"reason,omitempty"`
	ConfirmMS  float64           `json:"confirm_ms"`  // of the ConfirmSignUp call, the trigger within
	EnrichedMS float64           `json:"enriched_ms"` // from that call to the end of the run
	Deliveries int               `json:"deliveries"`  // of the message
	Steps      []stepResult      `json:"steps"`
	Before     map[string]string `json:"attributes_before"`
	After      map[string]string `json:"attributes_after"`

	person    onebox.Person
	confirmed time.Time
}

type stepResult struct {
	ID    string  `json:"id"`
	Uses  string  `json:"uses"`
	State string  `json:"state"`
	Code  string  `json:"code,omitempty"`
	Calls int     `json:"calls"` // tries of all deliveries
	MS    float64 `json:"ms"`    // of the last delivery's tries
}

// totals is the last line with --json.
type totals struct {
	Users          int                      `json:"users"`
	Finished       int                      `json:"finished"`
	Enriched       int                      `json:"enriched"`
	SignUps        float64                  `json:"signups_ms"` // for all of them, one after the other
	SlowestConfirm float64                  `json:"slowest_confirm_ms"`
	Vendors        map[string]pretend.Count `json:"vendors"`
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Round(100*time.Microsecond)) / float64(time.Millisecond)
}
