// Package attach sets or clears the triggers of a user pool that another stack owns.
//
// UpdateUserPool resets every setting that a call leaves out (Amazon Cognito API reference, UpdateUserPool), so a trigger
// can't be set alone. This package reads the pool whole, changes the triggers, shows the difference, and writes all of it
// back; then it reads again and compares every setting.
//
// It promises: nothing is written if the pool has a setting that this program does not know, since that would be reset;
// if the pool changed since it was read; or if a trigger that is there belongs to another function and nobody said that
// it may be replaced. What was there before is in a Backup, from which it can be written back.
//
// It can't promise that nobody changes the pool between the last look and the write: Cognito has no conditional update.
package attach

import (
	"context"
	"errors"
	"fmt"
	"slices"

	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// Pools reads and writes pools: the SDK's client.
type Pools interface {
	DescribeUserPool(context.Context, *idp.DescribeUserPoolInput, ...func(*idp.Options)) (*idp.DescribeUserPoolOutput, error)
	UpdateUserPool(context.Context, *idp.UpdateUserPoolInput, ...func(*idp.Options)) (*idp.UpdateUserPoolOutput, error)
	GetUserPoolMfaConfig(context.Context, *idp.GetUserPoolMfaConfigInput, ...func(*idp.Options)) (*idp.GetUserPoolMfaConfigOutput, error)
	SetUserPoolMfaConfig(context.Context, *idp.SetUserPoolMfaConfigInput, ...func(*idp.Options)) (*idp.SetUserPoolMfaConfigOutput, error)
}

// Wanted says what the triggers shall be. A nil trigger stays as it is, an empty one is cleared.
type Wanted struct {
	PostConfirmation *string // ARN of a function, or of its alias
	PreSignUp        *string
	// Replace allows to put a function in the place of another one, or to clear one that is not named in Only.
	Replace bool
	// Only are the ARNs that may be cleared without Replace.
	Only []string
}

// Change is what would be written: a pool as it was read, and the call that writes all of it back with other triggers.
type Change struct {
	Before      Snapshot
	Differences []Difference // of the triggers; none means that there is nothing to do
	call        idp.UpdateUserPoolInput
	want        map[string]string // every setting, flattened, as it must be afterwards
}

// The errors that callers branch on.
var (
	// ErrOtherFunction says that a trigger belongs to another function.
	ErrOtherFunction = errors.New("the pool calls another function")
	// ErrUnknownSetting says that the pool has a setting that this program does not know.
	ErrUnknownSetting = errors.New("the pool has settings that this program does not know")
	// ErrMoved says that the pool changed since it was read. Nothing was written.
	ErrMoved = errors.New("the pool was changed by somebody else meanwhile")
	// ErrNotKept says that after the write a setting is not what it was.
	ErrNotKept = errors.New("settings are not what they were")
)

// Plan reads the pool and says what would change. It writes nothing.
func Plan(ctx context.Context, pools Pools, pool string, w Wanted) (*Change, error) {
	before, err := Look(ctx, pools, pool)
	if err != nil {
		return nil, err
	}
	c := &Change{Before: before, call: callOf(&before.Pool)}
	now := triggersOf(before.Pool.LambdaConfig)
	triggers := types.LambdaConfigType{}
	if before.Pool.LambdaConfig != nil {
		triggers = *before.Pool.LambdaConfig
	}
	c.call.LambdaConfig = &triggers
	for _, t := range []struct {
		name string
		want *string
		into **string
	}{{"PostConfirmation", w.PostConfirmation, &triggers.PostConfirmation}, {"PreSignUp", w.PreSignUp, &triggers.PreSignUp}} {
		if t.want == nil || *t.want == now[t.name] {
			continue
		}
		if now[t.name] != "" && !w.Replace && !slices.Contains(w.Only, now[t.name]) {
			return nil, fmt.Errorf("%w as %s: %s", ErrOtherFunction, t.name, now[t.name])
		}
		c.Differences = append(c.Differences, Difference{"LambdaConfig." + t.name, now[t.name], *t.want})
		*t.into = t.want
		if *t.want == "" {
			*t.into = nil
		}
	}
	c.want = before.settings()
	for _, d := range c.Differences {
		c.want[d.Setting] = d.After
		if d.After == "" {
			delete(c.want, d.Setting)
		}
	}
	return c, nil
}

// triggersOf gives the ARNs by the names of the two triggers that this project has.
func triggersOf(c *types.LambdaConfigType) map[string]string {
	all := map[string]string{"PostConfirmation": "", "PreSignUp": ""}
	if c == nil {
		return all
	}
	for name, arn := range map[string]*string{"PostConfirmation": c.PostConfirmation, "PreSignUp": c.PreSignUp} {
		if arn != nil {
			all[name] = *arn
		}
	}
	return all
}

// Apply writes the change, if the pool is still as it was when the change was planned, and compares every setting
// afterwards. *NotKept lists those that differ; ErrMoved says that nothing was written. A change without differences
// writes nothing.
func (c *Change) Apply(ctx context.Context, pools Pools) error {
	if len(c.Differences) == 0 {
		return nil
	}
	now, err := Look(ctx, pools, *c.Before.Pool.Id)
	if err != nil {
		return err
	}
	if moved := differences(c.Before.settings(), now.settings()); len(moved) > 0 || !now.modified().Equal(c.Before.modified()) {
		return ErrMoved
	}
	return write(ctx, pools, &c.call, c.Before, c.want)
}

// write makes the call and compares what came of it. Multi-factor settings that stand beside the pool are set again if
// the update took them away.
func write(ctx context.Context, pools Pools, call *idp.UpdateUserPoolInput, before Snapshot, want map[string]string) error {
	if _, err := pools.UpdateUserPool(ctx, call); err != nil {
		return fmt.Errorf("attach: update user pool: %w", err)
	}
	after, err := Look(ctx, pools, *call.UserPoolId)
	if err == nil && len(differences(before.factors(), after.factors())) > 0 {
		if _, err = pools.SetUserPoolMfaConfig(ctx, before.mfaCall()); err != nil {
			return fmt.Errorf("attach: set the pool's multi-factor settings again: %w", err)
		}
		after, err = Look(ctx, pools, *call.UserPoolId)
	}
	if err != nil {
		return fmt.Errorf("attach: look again after the write: %w", err)
	}
	if lost := differences(want, after.settings()); len(lost) > 0 {
		return &NotKept{lost}
	}
	return nil
}

// Restore writes a pool back as it is in a backup, triggers included.
func Restore(ctx context.Context, pools Pools, s Snapshot) error {
	if s.Pool.Id == nil {
		return errors.New("attach: restore: the backup names no pool")
	}
	call := callOf(&s.Pool)
	call.LambdaConfig = s.Pool.LambdaConfig
	return write(ctx, pools, &call, s, s.settings())
}

// NotKept is ErrNotKept with the settings that differ.
type NotKept struct{ Settings []Difference }

// Error names the settings, not their values.
func (n *NotKept) Error() string {
	text := ErrNotKept.Error() + ":"
	for _, d := range n.Settings {
		text += " " + d.Setting
	}
	return text
}

// Is tells that it is ErrNotKept.
func (n *NotKept) Is(err error) bool { return err == ErrNotKept }
