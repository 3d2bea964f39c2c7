package journal

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/paced"
)

// MaxRate is the most users per second that an import sends. Each costs one ListUsers, of which an account has 30 a second
// in a Region, not adjustable, and others need some (Amazon Cognito developer guide, "Quotas in Amazon Cognito", UserList).
const MaxRate = 20

// DefaultSettle is how old a record must be to be missed: by then its message was received, if it ever was sent and the
// worker is well.
const DefaultSettle = 15 * time.Minute

// MaxNear is how many places of texts that are nearly records are told; all are counted.
const MaxNear = 20

// The errors of an import.
var (
	ErrForeign = errors.New("there are records of other user pools: nothing was sent")
	ErrNone    = errors.New("there is no record of the trigger in the file")
)

// Finder looks runs up in the ledger.
type Finder interface {
	// Find reads one run; ok is false if the ledger does not know it. A run that is damaged is a worker.ErrDamaged.
	Find(ctx context.Context, id worker.Identity) (r worker.Run, ok bool, err error)
}

// Names finds the user names of a pool.
type Names interface {
	// Username is that of the user with this sub; ok is false if there is none.
	Username(ctx context.Context, pool, sub string) (name string, ok bool, err error)
}

// Importer enqueues the users of a journal whom the ledger does not know.
type Importer struct {
	Ledger       Finder
	Names        Names
	Sender       paced.Sender
	Format       Format           // Auto
	Pools        []string         // whose users are meant
	AllowForeign bool             // those of other pools, too
	Settle       time.Duration    // DefaultSettle
	Since, Until time.Time        // only records of this span; the zero Time is no bound
	Rate         float64          // users per second, at most MaxRate; 10
	Now          func() time.Time // time.Now
	Progress     func(Report)     // told after each line or event, on the same goroutine; may be nil
}

// Report is what an import found, and did.
type Report struct {
	Lines      int   // or events
	Records    int   // of the trigger
	Near       int   // texts that are nearly records: cut off, or changed on their way
	NearAt     []int // where the first of them are
	Foreign    int   // records of other pools
	Outside    int   // records that are not of the span
	Young      int   // records that are younger than Settle
	Duplicates int   // further records of a user
	Known      int   // users whose run the ledger has, whatever became of it
	Damaged    int   // users whose run the ledger can't read
	Missing    int   // users whom the ledger does not know
	Gone       int   // of those, users whom the pool does not know: deleted since
	Sent       int   // of those, messages that the queue has
}

// Look reads a journal, joins it with the ledger, and sends nothing. Records of other pools are ErrForeign unless they are
// allowed, no record at all is ErrNone; the Report says more in both cases. The pool is not asked.
func (i *Importer) Look(ctx context.Context, file io.Reader) (Report, error) {
	r, err := i.pass(ctx, file, nil)
	switch {
	case err != nil:
		return r, err
	case r.Foreign > 0 && !i.AllowForeign:
		return r, ErrForeign
	case r.Records == 0:
		return r, ErrNone
	}
	return r, nil
}

// Send enqueues who is missing, as of now, into the generation of the onboarding, after the pool has told their names. It
// may be interrupted and called again: who was sent is known by then, or is sent once more, which is harmless. Records of
// other pools are passed over unless they are allowed.
func (i *Importer) Send(ctx context.Context, file io.Reader) (Report, error) {
	perSecond := min(cmp.Or(max(i.Rate, 0), 10), MaxRate)
	s := &sending{Importer: i, post: paced.New(i.Sender, perSecond), pace: rate.NewLimiter(rate.Limit(perSecond), 1)}
	r, err := i.pass(ctx, file, s)
	if err == nil {
		err = s.post.Flush(ctx)
	}
	r.Sent = s.post.Sent
	return r, err
}

// pass goes through the file once.
func (i *Importer) pass(ctx context.Context, file io.Reader, s *sending) (r Report, err error) {
	now := time.Now
	if i.Now != nil {
		now = i.Now
	}
	p := &passing{Importer: i, out: s, report: &r, seen: map[[16]byte]bool{}, old: now().Add(-cmp.Or(i.Settle, DefaultSettle))}
	err = read(file, i.Format, func(n int, record Record, ok, near bool) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		r.Lines++
		switch {
		case ok:
			err = p.record(ctx, record)
		case near:
			if r.Near++; len(r.NearAt) < MaxNear {
				r.NearAt = append(r.NearAt, n)
			}
		}
		if i.Progress != nil {
			i.Progress(r)
		}
		return err
	})
	return r, err
}

// passing is one pass.
type passing struct {
	*Importer
	out    *sending // nil: only a look
	report *Report
	seen   map[[16]byte]bool // users, by a digest of their run keys
	old    time.Time         // records after this are too young
}

// record takes one record: once for each user, and only who is missing.
func (p *passing) record(ctx context.Context, record Record) error {
	r := p.report
	r.Records++
	switch {
	case !p.AllowForeign && !slices.Contains(p.Pools, record.Pool):
		r.Foreign++
		return nil
	case record.At.Before(p.Since), !p.Until.IsZero() && !record.At.Before(p.Until):
		r.Outside++
		return nil
	case record.At.After(p.old):
		r.Young++
		return nil
	}
	sum := sha256.Sum256([]byte(record.Run))
	key := [16]byte(sum[:16])
	if p.seen[key] {
		r.Duplicates++
		return nil
	}
	p.seen[key] = true
	_, known, err := p.Ledger.Find(ctx, worker.Identity{Pool: record.Pool, Sub: record.Sub, Generation: event.Onboarding})
	switch {
	case errors.Is(err, worker.ErrDamaged):
		r.Damaged++
		return nil
	case err != nil:
		return fmt.Errorf("journal: find run: %w", err)
	case known:
		r.Known++
		return nil
	}
	r.Missing++
	if p.out == nil {
		return nil
	}
	return p.out.send(ctx, record, r)
}

// sending is what an import sends with.
type sending struct {
	*Importer
	post *paced.Post
	pace *rate.Limiter // of the questions to the pool
}

// send asks the pool for the user's name and enqueues the user.
func (s *sending) send(ctx context.Context, record Record, r *Report) error {
	if err := s.pace.Wait(ctx); err != nil {
		return cmp.Or(ctx.Err(), err)
	}
	var name string
	var there bool
	err := paced.Try(ctx, func(ctx context.Context) (err error) {
		name, there, err = s.Names.Username(ctx, record.Pool, record.Sub)
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("journal: %w", err)
	case !there:
		r.Gone++
		return nil
	}
	m := event.Message{Pool: record.Pool, Region: record.Region, User: name, Sub: record.Sub, Generation: event.Onboarding,
		Source: event.SourceSignup, Client: record.Client, At: record.At}
	err = s.post.Add(ctx, m.Encode())
	r.Sent = s.post.Sent
	return err
}
