package app

import (
	"fmt"
	"strconv"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
)

// maxWorkers is the largest number of workers that the setting may name.
const maxWorkers = 1000

// checkWorkers reads the number of workers; 0 if it is not set.
func (s *Settings) checkWorkers() (int, error) {
	if s.Workers == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s.Workers)
	if err != nil || n < 1 || n > maxWorkers {
		return 0, fmt.Errorf("--workers is %q: want 1 to %d, the number of processes that share the pipeline's cognito-writes", s.Workers, maxWorkers)
	}
	return n, nil
}

// share fills in what the workers of a deployment have in common: an equal part of the write budget where their number
// is set, else slices of it where the ledger has them; and the hints about sick dependencies where it has those.
func (s *Settings) share(limits enrich.Limits, in store) {
	o := &s.Worker
	if o.Hints == nil {
		o.Hints = in.hints
	}
	n, _ := s.checkWorkers()
	switch {
	case o.Budget != nil:
	case n > 0:
		o.Budget = worker.NewPartBudget(limits.CognitoWrites, n, o.Now)
	case in.slices != nil:
		o.Budget = worker.NewSharedBudget(limits.CognitoWrites, in.slices, o.Now, o.Rand)
	}
}
