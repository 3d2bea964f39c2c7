package worker

import (
	"context"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
)

// errSuspect says that another suspect has its turn.
var errSuspect = &enrich.Error{Kind: enrich.Throttled, Code: "suspect_waits"}

// aside is how long a suspect waits before its turn begins: those that were claimed in the same moment have given their
// leases back by then.
const aside = time.Second

// isolate keeps one crash loop from parking its neighbours. A crash is charged to every run that was under way, so who
// has one left could be the cause or have stood beside it. Such suspects are worked on one at a time; the others give
// their leases back meanwhile, and the next crash is charged to the one that had its turn. leave ends the turn.
func (w *Worker) isolate(waits context.Context, crashes int) (leave func(), err error) {
	if crashes == 0 || crashes < w.options.Crashes-1 {
		return func() {}, nil
	}
	select {
	case w.suspect <- struct{}{}:
	default:
		return nil, errSuspect
	}
	leave = func() { <-w.suspect }
	timer := time.NewTimer(aside)
	defer timer.Stop()
	select {
	case <-timer.C:
		return leave, nil
	case <-waits.Done():
		leave()
		return nil, context.Cause(waits)
	}
}
