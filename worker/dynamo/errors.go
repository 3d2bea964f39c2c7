package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/awsfault"
	"github.com/postconfirm/postconfirm/worker"
)

// ErrDamaged says that an item is not what was written. It wraps worker.ErrDamaged.
var ErrDamaged = fmt.Errorf("the item is %w", worker.ErrDamaged)

// ErrClosed says that the ledger was closed before.
var ErrClosed = errors.New("the ledger is closed")

// Unusable says why a table can't be opened as a ledger, and what to do.
type Unusable struct {
	Table   string
	Problem string // what is the matter
	Next    string // the next step for a person: where a command helps, the command
	Err     error  // the cause, classified, or nil
}

// Error gives table, problem, cause and next step.
func (u *Unusable) Error() string {
	cause := ""
	if u.Err != nil {
		cause = " (" + u.Err.Error() + ")"
	}
	return fmt.Sprintf("dynamo: open %q: %s%s; %s", u.Table, u.Problem, cause, u.Next)
}

// Unwrap gives the cause.
func (u *Unusable) Unwrap() error { return u.Err }

// RecordError says that one run is not as it was written. It is ErrDamaged too. Other runs are not affected.
type RecordError struct {
	Key     string // run key, "" if even that can't be told
	Problem string
}

// Error gives key and problem.
func (r *RecordError) Error() string { return "run " + r.Key + ": " + r.Problem }

// Unwrap is ErrDamaged.
func (r *RecordError) Unwrap() error { return ErrDamaged }

// TooLarge says that a run does not fit into an item. Nothing was sent. It is a permanent failure.
type TooLarge struct {
	Key  string // run key
	Size int    // bytes, as DynamoDB counts them
}

// Error gives key, size and limit.
func (t *TooLarge) Error() string {
	return fmt.Sprintf("run %s: %d bytes are more than fits into an item of DynamoDB (%d)", t.Key, t.Size, maxItem)
}

// Unwrap is the failure that it is.
func (t *TooLarge) Unwrap() error {
	return &enrich.Error{Kind: enrich.Permanent, Code: "record_too_large"}
}

// classify says what may be done about an error of the SDK. Whose context ended finds the context's error in it.
func classify(ctx context.Context, err error) *enrich.Error {
	f := awsfault.Of(err)
	if ended := ctx.Err(); ended != nil && f.Unknown() {
		f.Err = ended
	}
	return f
}
