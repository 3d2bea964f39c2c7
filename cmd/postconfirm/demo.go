package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/deploy/onebox"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
)

// demoOptions are the flags of demo.
type demoOptions struct {
	sceneName string
	users     int
	once      bool
	outage    string
	json      bool
}

// The demo's times.
const (
	outageLength = 6 * time.Second  // after the last sign-up
	patience     = 60 * time.Second // for the last user, after the last sign-up, and a tenth of a second for each
	demoRetry    = time.Second      // first pause through the queue, shorter than the worker's default to be watched
)

func demoCommand(std streams) *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Watch users sign up and be enriched, with nothing else installed",
		Long: "Starts a local cloud, the trigger, a worker and pretend vendors on this machine; signs users up through the\n" +
			"AWS SDK; shows each one's way. Then stays up for your own AWS client, until Ctrl-C.\n\n" + sceneHelp(),
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
	f.StringVar(&o.sceneName, "scene", onebox.Quick, "the `scene` to play: "+strings.Join(sceneNames(), ", "))
	f.BoolVar(&o.once, "once", false, "end after the last user; exit code 0 only if all were enriched")
	f.IntVar(&o.users, "users", 5, "how many `people` sign up, 1 to 500")
	f.StringVar(&o.outage, "outage", "", "a `vendor` of the scene that is down while people sign up, and for six seconds more")
	f.BoolVar(&o.json, "json", false, "one JSON object for each user, and one with totals at the end")
	return cmd
}

// performance is one run of the demo.
type performance struct {
	demoOptions
	scene  onebox.Scene
	box    *onebox.Box
	watch  *watch
	view   view
	people map[string]*result // by run key
	totals totals
}

func demo(ctx context.Context, std streams, o demoOptions) (err error) {
	s := &performance{demoOptions: o, scene: sceneOf(o.sceneName), watch: newWatch(o.users), people: map[string]*result{}, view: newView(std, o)}
	program, err := triggerArgs()
	if err != nil {
		return err
	}
	s.box, err = onebox.Start(ctx, onebox.Options{Trigger: program, Scene: o.sceneName, Retry: demoRetry, Observer: s.watch,
		Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.box.Close()) }()
	s.view.started(s.box, s.scene)
	if err := s.play(ctx); err != nil {
		return err
	}
	s.view.ended(s)
	if !o.once {
		s.view.staying(s.box)
		<-ctx.Done()
		return nil
	}
	return s.judge()
}

// play signs everybody up, and waits until everybody's run is final.
func (s *performance) play(ctx context.Context) error {
	if s.outage != "" {
		s.box.Vendors.SetDown(s.outage, true)
		s.view.said(s.outage + " is down: " + s.scene.Down(s.outage))
	}
	defer s.count()
	began := time.Now()
	for _, p := range s.scene.People(s.users) {
		if err := s.signUp(ctx, p); err != nil {
			return err
		}
	}
	s.totals.SignUps = milliseconds(time.Since(began))
	end := time.After(patience + time.Duration(s.users)*time.Second/10)
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
func (s *performance) signUp(ctx context.Context, p onebox.Person) error {
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
func (s *performance) finished(ctx context.Context, f final) error {
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

// count asks the vendors at the end.
func (s *performance) count() {
	s.totals.Vendors, s.totals.Users = s.box.Vendors.Counts(), s.users
	if s.scene.Name != onebox.Quick {
		s.totals.Scene, s.totals.Got = s.scene.Name, gotOf(s.box)
	}
}

func (s *performance) judge() error {
	switch {
	case s.totals.Got.wrong(s.totals.Vendors) != nil:
		return &problem{err: s.totals.Got.wrong(s.totals.Vendors), code: exitFailed}
	case s.totals.Enriched == s.users:
		return nil
	case s.totals.Enriched == 0:
		return &problem{err: errors.New("nobody was enriched"), code: exitFailed}
	}
	return &problem{err: fmt.Errorf("%d of %d users were enriched", s.totals.Enriched, s.users), code: exitPartly}
}
