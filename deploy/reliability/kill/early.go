//go:build unix

package kill

import (
	"context"
	"fmt"
	"io"
	"log"
	"sync"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/sqlite"
)

// early looks into the ledger whenever a message is about to be deleted: does it hold an end for that run already? It
// reads beside the worker, as an operator may.
type early struct {
	path   string
	facts  *Facts
	mu     sync.Mutex
	reader *sqlite.Reader
	looked int
}

// check is called with the run's key, before the delete is carried out. A message that nobody holds any more has none.
func (e *early) check(run string) {
	if run == "" {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.reader == nil {
		var err error
		if e.reader, err = sqlite.OpenReader(e.path); err != nil {
			e.facts.tooEarly(fmt.Sprintf("run %s: the ledger can't be read at the delete: %v", run, err))
			return
		}
	}
	e.looked++
	r, ok, err := e.reader.Run(context.Background(), run)
	switch {
	case err != nil:
		e.facts.tooEarly(fmt.Sprintf("run %s: read at the delete: %v", run, err))
	case !ok || r.State == worker.Open, r.State == worker.Parked && !r.LetterSent:
		e.facts.tooEarly(fmt.Sprintf("run %s: deleted while %s", run, r.State))
	}
}

// rest closes the reader: the next life finds the ledger as the dead worker left it.
func (e *early) rest() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.reader != nil {
		_ = e.reader.Close() // it can't write
		e.reader = nil
	}
}

func (e *early) close() error {
	e.rest()
	return nil
}

// quiet drops what net/http says about connections of the dead.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
