package app

import (
	"context"
	"fmt"
	"time"

	"github.com/postconfirm/postconfirm/worker/retention"
)

// forever is the setting that keeps the answers of ended runs.
const forever = "forever"

// keepAnswers reads how long the answers of steps stay in the ledger after their run's end; 0 is for ever.
func (s *Settings) keepAnswers() (time.Duration, error) {
	switch s.KeepAnswers {
	case "":
		return 30 * 24 * time.Hour, nil
	case forever:
		return 0, nil
	}
	d, err := time.ParseDuration(s.KeepAnswers)
	if err != nil || d < time.Hour {
		return 0, fmt.Errorf("--keep-answers is %q: want a time of an hour or more, such as 720h (30 days), or %s", s.KeepAnswers, forever)
	}
	return d, nil
}

// sweep erases old answers beside the daemon until ctx ends. A Lambda function has no time of its own for it: see
// `postconfirm ledger sweep`.
func (a *App) sweep(ctx context.Context) {
	if a.keep == 0 || a.store.ended == nil {
		return
	}
	retention.New(a.store.ended, &retention.Options{Keep: a.keep, Log: a.log}).Run(ctx)
}
