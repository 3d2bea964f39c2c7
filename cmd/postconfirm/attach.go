package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/deploy/attach"
	"github.com/postconfirm/postconfirm/worker/amazon"
)

// attachOptions are the flags of attach and detach.
type attachOptions struct {
	trigger, presignup string
	restore, backup    string
	replace, yes, json bool
	detach             bool
}

func attachCommand(std streams) *cobra.Command {
	var o attachOptions
	cmd := &cobra.Command{
		Use:   "attach POOL --trigger ARN [--presignup ARN]",
		Short: "Set the triggers of a user pool that another stack owns",
		Long: "UpdateUserPool resets every setting that a call leaves out. So attach reads the pool whole, shows what would change,\n" +
			"asks, writes everything back with the triggers, and compares every setting afterwards. What was there before goes\n" +
			"to a backup file, from which --restore writes it back.\n\n" +
			"Nothing is written if the pool changed meanwhile, if it has a setting that this version does not know, or if it calls\n" +
			"another function there and --replace is not given. It needs cognito-idp:DescribeUserPool, GetUserPoolMfaConfig,\n" +
			"UpdateUserPool, SetUserPoolMfaConfig, and iam:PassRole for the pool's SMS role if it has one.\n\n" +
			"Cognito must be allowed to call the function; the templates see to it. A stack that owns the pool should set the\n" +
			"triggers itself: its next update would take them away.\n\n" +
			"Exit codes: 0 done or nothing to do, 1 failed, 2 wrong use, 3 written, but a setting is not what it was.",
		Example: "  postconfirm attach eu-west-1_Ab12cd34E --trigger arn:aws:lambda:eu-west-1:111122223333:function:postconfirm-trigger:live\n" +
			"  postconfirm attach eu-west-1_Ab12cd34E --restore postconfirm-eu-west-1_Ab12cd34E-20260102T030405Z.json",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), std, args[0]) },
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&o.restore, "restore", "", "write everything back from this backup `file`")
	cmd.Flags().BoolVar(&o.replace, "replace", false, "put the function in the place of another one")
	return cmd
}

func detachCommand(std streams) *cobra.Command {
	o := attachOptions{detach: true}
	cmd := &cobra.Command{
		Use:   "detach POOL --trigger ARN [--presignup ARN]",
		Short: "Clear the triggers of a user pool that another stack owns",
		Long: "Clears the triggers that are exactly the given functions, with the same care as attach; others stay. Detach before the\n" +
			"functions are deleted: a pool whose trigger is gone fails every sign-up.\n\n" +
			"Exit codes: 0 done or nothing to do, 1 failed, 2 wrong use, 3 written, but a setting is not what it was.",
		Example: "  postconfirm detach eu-west-1_Ab12cd34E --trigger arn:aws:lambda:eu-west-1:111122223333:function:postconfirm-trigger:live",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), std, args[0]) },
	}
	o.flags(cmd)
	return cmd
}

func (o *attachOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.trigger, "trigger", "", "`ARN` of the post-confirmation function, or of its alias")
	f.StringVar(&o.presignup, "presignup", "", "`ARN` of the pre sign-up function, or of its alias")
	f.StringVar(&o.backup, "backup", "", "where what was there before is kept; a new `file` in this folder")
	f.BoolVar(&o.yes, "yes", false, "write without asking")
	f.BoolVar(&o.json, "json", false, "one JSON object with what changes")
}

var (
	poolID      = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]+_[0-9A-Za-z]+$`)
	functionARN = regexp.MustCompile(`^arn:aws[a-z-]*:lambda:([a-z0-9-]+):[0-9]{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9$_-]+)?$`)
)

// check refuses what can't be meant: a function of another Region is one that a pool can't call.
func (o *attachOptions) check(pool string) error {
	if !poolID.MatchString(pool) {
		return &problem{err: fmt.Errorf("%q is no pool id", pool), hint: "one looks like eu-west-1_Ab12cd34E", code: exitUsage}
	}
	region, _, _ := strings.Cut(pool, "_")
	given := 0
	for flag, arn := range map[string]string{"--trigger": o.trigger, "--presignup": o.presignup} {
		if arn == "" {
			continue
		}
		given++
		m := functionARN.FindStringSubmatch(arn)
		switch {
		case m == nil:
			return &problem{err: fmt.Errorf("%s %q is no ARN of a Lambda function", flag, arn),
				hint: "one looks like arn:aws:lambda:eu-west-1:111122223333:function:postconfirm-trigger:live", code: exitUsage}
		case m[1] != region:
			return &problem{err: fmt.Errorf("%s is a function in %s, and the pool is in %s", flag, m[1], region),
				hint: "a pool calls functions of its own Region only", code: exitUsage}
		}
	}
	if (given == 0) == (o.restore == "") {
		return &problem{err: errors.New("give the functions with --trigger and --presignup, or a backup with --restore"), next: "postconfirm attach --help", code: exitUsage}
	}
	return nil
}

func (o *attachOptions) run(ctx context.Context, std streams, pool string) error {
	if err := o.check(pool); err != nil {
		return err
	}
	region, _, _ := strings.Cut(pool, "_")
	clients, err := amazon.Connect(ctx, &amazon.ConnectOptions{Region: region})
	if err != nil {
		return &problem{err: err, code: exitUsage}
	}
	talk := std
	if o.json {
		talk.out = std.err
	}
	if o.restore != "" {
		return o.writeBack(ctx, talk, clients.Cognito, pool)
	}
	c, err := attach.Plan(ctx, clients.Cognito, pool, o.wanted())
	if err != nil {
		return o.explain(err)
	}
	if o.json {
		_ = json.NewEncoder(std.out).Encode(map[string]any{"pool": pool, "differences": append([]attach.Difference{}, c.Differences...)})
	}
	if len(c.Differences) == 0 {
		fmt.Fprintln(talk.out, "nothing to do: the pool is so already")
		return nil
	}
	showDifference(talk.out, pool, c.Differences)
	if !o.agreed(talk) {
		fmt.Fprintln(talk.out, "nothing was changed; --yes writes without asking")
		return nil
	}
	if err := o.keep(talk, pool, &c.Before); err != nil {
		return err
	}
	if err := o.explain(c.Apply(ctx, clients.Cognito)); err != nil {
		return err
	}
	fmt.Fprintln(talk.out, "written; every other setting is what it was")
	return nil
}

func (o *attachOptions) wanted() attach.Wanted {
	w := attach.Wanted{Replace: o.replace}
	empty := ""
	set := func(arn *string) *string {
		switch {
		case *arn == "":
			return nil
		case o.detach:
			w.Only = append(w.Only, *arn)
			return &empty
		}
		return arn
	}
	w.PostConfirmation, w.PreSignUp = set(&o.trigger), set(&o.presignup)
	return w
}

// showDifference writes the difference as a person reads one.
func showDifference(w io.Writer, pool string, all []attach.Difference) {
	fmt.Fprintln(w, pool)
	for _, d := range all {
		fmt.Fprintln(w, "  "+d.Setting)
		for _, side := range []struct{ mark, value string }{{"-", d.Before}, {"+", d.After}} {
			if side.value != "" {
				fmt.Fprintln(w, "  "+side.mark+" "+side.value)
			}
		}
	}
}

// agreed asks, if somebody is there to answer.
func (o *attachOptions) agreed(std streams) bool {
	if o.yes {
		return true
	}
	in, err := os.Stdin.Stat()
	if err != nil || in.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	fmt.Fprint(std.out, "write this? [y/N] ")
	answer, _ := bufio.NewReader(os.Stdin).ReadString('\n')
	return strings.EqualFold(strings.TrimSpace(answer), "y")
}

// keep writes the backup, for its owner only, and over nothing that is there.
func (o *attachOptions) keep(std streams, pool string, s *attach.Snapshot) error {
	name := o.backup
	if name == "" {
		name = "postconfirm-" + pool + "-" + time.Now().UTC().Format("20060102T150405Z") + ".json"
	}
	text, err := s.Encode()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return &problem{err: fmt.Errorf("keep a backup: %w", err), hint: "nothing was changed", next: "name another file with --backup", code: exitFailed}
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return &problem{err: fmt.Errorf("keep a backup: %w", err), hint: "nothing was changed", code: exitFailed}
	}
	fmt.Fprintln(std.out, "backup: "+name)
	return nil
}

// explain adds what to do to the errors of package attach.
func (o *attachOptions) explain(err error) error {
	switch {
	case errors.Is(err, attach.ErrNotKept):
		return &problem{err: err, hint: "the pool was written, and these settings differ from before", next: "postconfirm attach POOL --restore BACKUP", code: exitPartly}
	case errors.Is(err, attach.ErrMoved):
		return &problem{err: err, hint: "nothing was changed", next: "look who it was, and run this again", code: exitFailed}
	case errors.Is(err, attach.ErrUnknownSetting):
		return &problem{err: err, hint: "writing the pool would reset them; nothing was changed", next: "use a newer postconfirm, or set the trigger in the console", code: exitFailed}
	case errors.Is(err, attach.ErrOtherFunction) && o.detach:
		return &problem{err: err, hint: "nothing was changed: detach clears only the functions that it is given", code: exitFailed}
	case errors.Is(err, attach.ErrOtherFunction):
		return &problem{err: err, hint: "nothing was changed: a pool calls one function for each trigger", next: "add --replace if that one is no longer needed", code: exitFailed}
	}
	return err
}

// writeBack restores a backup.
func (o *attachOptions) writeBack(ctx context.Context, std streams, pools attach.Pools, pool string) error {
	data, err := os.ReadFile(o.restore)
	if err != nil {
		return &problem{err: err, code: exitUsage}
	}
	s, err := attach.Decode(data)
	if err != nil {
		return &problem{err: err, code: exitUsage}
	}
	if *s.Pool.Id != pool {
		return &problem{err: fmt.Errorf("the backup is of %s", *s.Pool.Id), code: exitUsage}
	}
	now, err := attach.Look(ctx, pools, pool)
	if err != nil {
		return o.explain(err)
	}
	all := attach.Compare(now, s)
	if len(all) == 0 {
		fmt.Fprintln(std.out, "nothing to do: the pool is so already")
		return nil
	}
	showDifference(std.out, pool, all)
	if !o.agreed(std) {
		fmt.Fprintln(std.out, "nothing was changed; --yes writes without asking")
		return nil
	}
	if err := o.keep(std, pool, &now); err != nil {
		return err
	}
	if err := o.explain(attach.Restore(ctx, pools, s)); err != nil {
		return err
	}
	fmt.Fprintln(std.out, "written back")
	return nil
}
