package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/mailevents"
)

// eventsInFlight is how many events of SES are handled at once: each is a read of the ledger, and seldom a write.
const eventsInFlight = 4

// checkEvents looks at the queue of SES's events, as checkQueue does at the worker's.
func (s *Settings) checkEvents(ctx context.Context, a *App) (amazon.About, error) {
	if s.SESEvents == "" {
		return amazon.About{}, nil
	}
	limit := s.Worker.MaxAge
	if limit == 0 {
		limit = maxAge
	}
	about, err := amazon.InspectQueue(ctx, a.Clients.SQS, s.SESEvents)
	switch {
	case errors.Is(err, amazon.ErrNoQueue):
		return about, &Usage{fmt.Errorf("the queue of SES's events %s does not exist", s.SESEvents)}
	case err != nil:
		a.Warnings = append(a.Warnings, "the queue of SES's events could not be inspected: "+err.Error())
		return amazon.About{Visibility: leastVisibility}, nil
	case about.Retention < limit+24*time.Hour:
		a.Warnings = append(a.Warnings, fmt.Sprintf("the queue of SES's events keeps them for %v, but a run may be worked on for %v: "+
			"an event could expire before its run ends. Set MessageRetentionPeriod to 1209600 (14 days)", about.Retention, limit))
	}
	if about.MaxReceives > 0 && about.MaxReceives < 1000 {
		a.Warnings = append(a.Warnings, fmt.Sprintf("maxReceiveCount of the queue of SES's events is %d: an event comes back while its run is open. "+
			"Set it to 1000", about.MaxReceives))
	}
	return about, nil
}

// collect makes the reader of SES's events; none without their queue. Its messages have the visibility that the face
// gives them: a daemon's is asked for, a function's is the queue's.
func (a *App) collect(s Settings, about amazon.About) []amazon.Source {
	if s.SESEvents == "" {
		return nil
	}
	var o amazon.QueueOptions
	if s.Lambda {
		o.Visibility = about.Visibility
	}
	v := mailevents.Options{Log: s.Log, Now: s.Worker.Now}
	if a.numbers.Meter != nil {
		v.Observer = a.numbers.Meter
	}
	return []amazon.Source{{Queue: amazon.NewQueue(a.Clients.SQS, s.SESEvents, &o), Handler: mailevents.New(a.store.effects, &v)}}
}

// poll makes the daemons beside the worker's: one for each source.
func poll(sources []amazon.Source, s Settings) (daemons []*worker.Daemon) {
	for _, source := range sources {
		daemons = append(daemons, worker.NewDaemon(source.Queue, source.Handler, &worker.DaemonOptions{InFlight: eventsInFlight, Pollers: 1,
			Grace: s.Grace, Log: s.Log.With("queue", "ses-events")}))
	}
	return daemons
}
