package rehearse_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/secretenv"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/rehearse"
)

// refusing is a directory whose writes fail.
type refusing struct {
	worker.Directory
	err error
}

func (r refusing) Write(context.Context, string, string, []worker.Value) error { return r.err }

func TestAWriteThatFailsIsShownAsNotWritten(t *testing.T) {
	for _, c := range []struct {
		name, want string
		err        error
	}{
		{"for good", "parked access asked failed access false unclear canary-pro ",
			&enrich.Error{Kind: enrich.Permanent, Code: "access", Sent: true, Refused: true}},
		{"for now", "released too_many_requests asked  too_many_requests true unclear canary-pro ",
			&enrich.Error{Kind: enrich.Throttled, Code: "too_many_requests"}},
		{"because the pool refuses the attribute", "done  nothing found  false stay canary-basic attribute_rejected",
			&worker.Rejected{Attribute: "custom:plan", Code: "attribute_rejected"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			p := pipeline(nil, attribute(t, "custom:plan", "canary-pro", enrich.Overwrite))
			p.Pools = []string{w.pool}
			r, err := rehearse.Run(t.Context(), p, refusing{w.directory(), c.err}, secretenv.Store{}, w.message(), &rehearse.Options{Write: true})
			w.must(err)
			s, a := r.Steps[0], r.Attributes[0]
			got := fmt.Sprintf("%s %s %s %s %s %v %s %s %s", r.Outcome, r.Reason, s.Did, s.Outcome, s.Code, s.Again, a.Change, a.Would.Reveal(), a.Why)
			if got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}
