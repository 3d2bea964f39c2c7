// Package inspect looks into a ledger for operators: which runs are there, what they have in common, and what happened to
// one of them. The command line and a console show what it finds; it draws nothing itself.
//
// A [Row] is one run as a list shows it, joined with its dead letters; a letter whose run the ledger does not know is a
// row of its own, in the state [NoRun]. A [Group] is the runs that share state and cause, with the command that comes
// next. A [Detail] is everything about one run: its timeline, its steps, its attributes, its open effects.
//
// It promises: nothing is changed, no letter is taken away, and memory stays flat over millions of runs. A run that is
// damaged is counted, and keeps nobody else from being seen.
//
// It refuses personal values: what steps answered, user names and metadata print as their lengths, in text and in JSON,
// unless they are asked for. E-mail domains are hashes.
package inspect

import (
	"context"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
)

// NoRun is the state of a row that is a dead letter without a run: the ledger does not know it, can't read it, or the
// letter is no message. It is no state of a run; in a Query it asks for such rows only.
const NoRun worker.RunState = "no-run"

// CodeNotInLedger is the code of a letter that is a message, says no reason, and whose run the ledger does not know.
const CodeNotInLedger = "not_in_ledger"

// Letters is the dead-letter queue. Each calls f with letters, each once, at most limit, and takes none away.
type Letters interface {
	Each(ctx context.Context, limit int, f func(worker.KeptLetter) error) error
}

// Inspector looks. It is safe for concurrent use if its parts are.
type Inspector struct {
	Index   worker.Index
	Audit   entries          // the operators' log, for who settled a step; nil: nobody is named
	Letters Letters          // nil: dead letters are not looked at
	Codes   []enrich.Code    // of the connectors, for explanations; may be nil
	Page    int              // runs read at a time; 500
	Now     func() time.Time // time.Now
}

// MaxLetters is how many dead letters are looked at if a query does not say.
const MaxLetters = 10_000

func (i *Inspector) now() time.Time {
	if i.Now == nil {
		return time.Now()
	}
	return i.Now()
}

func (i *Inspector) page() int {
	if i.Page <= 0 {
		return 500
	}
	return i.Page
}
