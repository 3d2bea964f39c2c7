package inspect

import (
	"context"
	"time"

	"github.com/postconfirm/postconfirm/worker/audit"
)

// AuditQuery chooses entries of the audit log. Every part that is not zero must match.
type AuditQuery struct {
	Since, Until time.Time // at or after; before
	Who          string
	Action       string // the command, such as "replay run"
	Plan         string
	Run          string
	Step         string
	State        string // begun, done, partly, failed, refused
	After        string // only entries behind this one
	Limit        int    // at most so many; 0 is no limit
}

func (q AuditQuery) matches(e audit.Entry) bool {
	for _, part := range [][2]string{{q.Who, e.Who}, {q.Action, e.Action}, {q.Plan, e.Plan}, {q.Run, e.Run}, {q.Step, e.Step}, {q.State, e.State}} {
		if part[0] != "" && part[0] != part[1] {
			return false
		}
	}
	return !e.At.Before(q.Since) && (q.Until.IsZero() || e.At.Before(q.Until))
}

// entries is a log as it is read, of which audit.Log is one.
type entries interface {
	List(ctx context.Context, after string, limit int) ([]audit.Entry, error)
}

// auditPage is how many entries are read at a time.
const auditPage = 100

// Audit calls f with the entries of a query, the oldest first, and keeps a page of them at a time. more tells whether
// the limit ended the list while others follow. An entry's id begins with its time, so those before Since are not
// read. It ends with the first error of f.
func Audit(ctx context.Context, log entries, q AuditQuery, f func(audit.Entry) error) (more bool, err error) {
	after := q.After
	if from := audit.Before(q.Since); !q.Since.IsZero() && from > after {
		after = from
	}
	for given := 0; ; {
		page, err := log.List(ctx, after, auditPage)
		for _, e := range page {
			after = e.ID
			switch {
			case ctx.Err() != nil:
				return false, ctx.Err()
			case !q.Until.IsZero() && !e.At.Before(q.Until):
				return false, nil
			case !q.matches(e):
				continue
			case q.Limit > 0 && given >= q.Limit:
				return true, nil
			}
			given++
			if err := f(e); err != nil {
				return false, err
			}
		}
		if err != nil || len(page) < auditPage {
			return false, err
		}
	}
}
