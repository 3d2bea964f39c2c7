package worker

import (
	"context"
	"errors"
	"strings"
)

// MaxPaper is the longest body of a paper, in bytes.
const MaxPaper = 256 << 10

// Paper is something that an operator's command keeps beside the runs: a plan, an entry of the audit log, how far a walk
// has come. Its drawer and name are ours, of a-z, A-Z, 0-9 and -_.: only; together they are its key.
type Paper struct {
	Drawer, Name string
	Version      int64 // grows with every change; 0 is a paper that is not stored yet
	Body         []byte
}

// ErrPaperMoved says that somebody else changed the paper meanwhile, or had made it before.
var ErrPaperMoved = errors.New("the paper was changed by somebody else")

// Papers is where papers are kept: in the ledger's own store, so that all operators and all workers see the same. It is
// safe for concurrent use, by many processes too. An implementation passes the suite in worker/workertest.
type Papers interface {
	// PutPaper stores p over the version it has, durably when it returns nil, and gives its new version; else
	// ErrPaperMoved. Whoever lost the answer and tries again may meet its own change as ErrPaperMoved.
	PutPaper(ctx context.Context, p Paper) (version int64, err error)
	// Paper reads a paper; ok is false if there is none.
	Paper(ctx context.Context, drawer, name string) (p Paper, ok bool, err error)
	// Papers reads a drawer's papers with names behind after, in the order of their bytes, at most limit (100 if it is
	// not positive). Fewer than limit are the last.
	Papers(ctx context.Context, drawer, after string, limit int) ([]Paper, error)
	// DropPaper removes a paper, whatever its version; one that is not there is no error.
	DropPaper(ctx context.Context, drawer, name string) error
}

// CheckPaper says what keeps a paper from being stored: its drawer or name (1 to 200 letters, digits and -_.:), or its
// length.
func CheckPaper(p Paper) error {
	for _, name := range []string{p.Drawer, p.Name} {
		if name == "" || len(name) > 200 || strings.Trim(name, paperLetters) != "" {
			return errors.New("a paper's drawer and name have 1 to 200 of a-z, A-Z, 0-9 and -_.: only")
		}
	}
	if len(p.Body) > MaxPaper {
		return errors.New("a paper has at most 256 KiB")
	}
	return nil
}

const paperLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:"
