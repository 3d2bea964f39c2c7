package worker

import (
	"context"
	"errors"
	"time"
)

// Member is a user as the pool's list shows them: who, in which state, and when; no attribute. The list may be some moments
// old (Amazon Cognito API reference, ListUsers: eventually consistent).
type Member struct {
	Username string
	Sub      string
	Status   string    // CONFIRMED, EXTERNAL_PROVIDER, UNCONFIRMED, …
	Disabled bool      // an administrator turned the account off
	Created  time.Time // the pool's clock
	Modified time.Time // the last change of the user, the confirmation included
}

// Roll is a user pool's list of its users. Reading it makes nobody a monthly active user, as AdminGetUser does. Errors are
// *enrich.Error or ErrPlace.
type Roll interface {
	// Page reads the page at a place; "" is the first. A page may be short, or empty, and have a successor. filter is
	// ListUsers' own, "" for all. next is "" behind the last page.
	Page(ctx context.Context, pool, filter, place string) (members []Member, next string, err error)
}

// ErrPlace says that a place in a list is not known any more: places live for a while only.
var ErrPlace = errors.New("the place in the list is not valid any more")

// Feed puts messages on the queue.
type Feed interface {
	// Feed sends up to ten bodies. failed are the positions of those that the queue did not take, in order; beside an
	// error, any of them may have arrived.
	Feed(ctx context.Context, bodies [][]byte) (failed []int, err error)
}
