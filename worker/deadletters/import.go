package deadletters

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/linefile"
	"github.com/postconfirm/postconfirm/worker/paced"
)

// MaxMistakes is how many mistakes of a file are told; all are counted.
const MaxMistakes = 20

// MaxParked is how many keys of parked runs an import remembers.
const MaxParked = 100_000

// The errors of an import.
var (
	ErrEmpty   = errors.New("there is no letter in the file")
	ErrWrong   = errors.New("the file has mistakes: nothing of it was sent")
	ErrChanged = errors.New("the file has changed since it was checked")
)

// Home is the environment that letters must be from.
type Home struct {
	Region, Account string   // of the queue
	Pools           []string // user pools
}

// Importer sends the messages of a file of letters to the worker's queue.
type Importer struct {
	Ledger       Finder
	Sender       paced.Sender
	Home         Home
	AllowForeign bool         // take letters from another environment, and files without a header
	Lenient      bool         // pass over lines with mistakes, where the whole file is refused otherwise
	Rate         float64      // messages per second; 10
	Progress     func(Report) // told now and then, on the same goroutine; may be nil
}

// Mistake is what is wrong with a line.
type Mistake struct {
	Line int    `json:"line"`
	What string `json:"what"`
}

// Report is what an import found, and did. The runs are counted once each.
type Report struct {
	Lines      int
	Letters    int       // without mistakes
	Aliens     int       // letters that are no message of ours: they are not sent
	Duplicates int       // further letters of a run
	Mistakes   []Mistake // the first of them
	Wrong      int       // lines with mistakes
	New        int       // runs that the ledger does not know: their messages are sent
	Open       int       // runs that are open: sent, too
	Finished   int       // done, gone or replaced: not sent, the worker would drop them
	Parked     int       // runs that are parked: not sent, the worker drops copies of before a reopening
	Keys       []string  // of the parked runs, the first MaxParked
	Damaged    int       // runs that the ledger can't read: not sent
	Sent       int
	digest     [sha256.Size]byte
}

// Due is how many messages there are to send.
func (r Report) Due() int { return r.New + r.Open }

// Check reads a whole file, joins it with the ledger and sends nothing. A file with mistakes is ErrWrong unless lenient,
// one without a letter ErrEmpty; the Report says more in both cases.
func (i *Importer) Check(ctx context.Context, file io.Reader) (Report, error) {
	r, err := i.read(ctx, file, nil)
	switch {
	case err != nil:
		return r, err
	case r.Wrong > 0 && !i.Lenient:
		return r, ErrWrong
	case r.Letters == 0:
		return r, ErrEmpty
	}
	return r, nil
}

// Send sends what Check found in the same file, from its beginning, at the rate. It ends with the first message that
// can't be sent in three tries. Killed or interrupted, it may be called again: what was sent is finished or open by
// then, and a second message of an open run is harmless.
func (i *Importer) Send(ctx context.Context, file io.Reader, checked Report) (Report, error) {
	p := paced.New(i.Sender, cmp.Or(max(i.Rate, 0), 10))
	r, err := i.read(ctx, file, p)
	if err == nil {
		err = p.Flush(ctx)
	}
	r.Sent = p.Sent
	if err == nil && r.digest != checked.digest {
		err = ErrChanged
	}
	return r, err
}

// read goes through a file; with a post, it sends.
func (i *Importer) read(ctx context.Context, file io.Reader, p *paced.Post) (r Report, err error) {
	all := sha256.New()
	one := &reading{Importer: i, report: &r, post: p, seen: map[[16]byte]bool{}}
	err = linefile.Each(io.TeeReader(file, all), MaxLine, func(n int, line []byte, wrong error) error {
		r.Lines = n
		if err := ctx.Err(); err != nil {
			return err
		}
		err := one.line(ctx, line, wrong)
		if i.Progress != nil {
			i.Progress(r)
		}
		return err
	})
	r.digest = sum(all)
	return r, err
}

func sum(h hash.Hash) (s [sha256.Size]byte) {
	copy(s[:], h.Sum(nil))
	return s
}

// reading is one pass through a file.
type reading struct {
	*Importer
	report *Report
	post   *paced.Post
	headed bool              // there was a header
	away   bool              // the last header names another environment
	seen   map[[16]byte]bool // runs, by a digest of their keys
}

// line takes one line, which may be wrong by itself.
func (d *reading) line(ctx context.Context, line []byte, wrong error) error {
	if wrong == nil && len(line) == 0 {
		return nil
	}
	var l parsed
	if wrong == nil {
		l, wrong = parse(line)
	}
	if wrong == nil {
		wrong = d.foreign(l)
	}
	if wrong != nil {
		return d.mistake(wrong)
	}
	if l.header != nil {
		return nil
	}
	m, alien, err := l.message()
	switch {
	case err != nil:
		return d.mistake(err)
	case alien:
		d.report.Letters++
		d.report.Aliens++
		return nil
	case !d.AllowForeign && !slices.Contains(d.Home.Pools, m.Pool):
		return d.mistake(errors.New("the letter is from another user pool"))
	}
	return d.letter(ctx, m)
}

// mistake counts one. Once sending has begun, a file that was checked has none.
func (d *reading) mistake(what error) error {
	if d.post != nil && !d.Lenient {
		return ErrChanged
	}
	d.report.Wrong++
	if len(d.report.Mistakes) < MaxMistakes {
		d.report.Mistakes = append(d.report.Mistakes, Mistake{d.report.Lines, what.Error()})
	}
	return nil
}

// foreign says what makes a line one from elsewhere, as far as headers tell: a file may be several, one after the other.
func (d *reading) foreign(l parsed) error {
	if h := l.header; h != nil {
		d.headed = true
		d.away = h.Region != d.Home.Region || h.Account != d.Home.Account
	}
	switch {
	case d.AllowForeign:
		return nil
	case !d.headed:
		return errors.New("there is no header above this letter that says where it is from")
	case d.away:
		return errors.New("this is from another account or region")
	}
	return nil
}

// letter takes one message: once for each run, and only if the worker would do something with it.
func (d *reading) letter(ctx context.Context, m event.Message) error {
	d.report.Letters++
	key := sha256.Sum256([]byte(m.Key()))
	if short := [16]byte(key[:16]); d.seen[short] {
		d.report.Duplicates++
		return nil
	} else {
		d.seen[short] = true
	}
	r, ok, err := d.Ledger.Find(ctx, worker.Identity{Pool: m.Pool, Sub: m.Sub, Generation: m.Generation})
	switch {
	case errors.Is(err, worker.ErrDamaged):
		d.report.Damaged++
		return nil
	case err != nil:
		return fmt.Errorf("import: find run: %w", err)
	case !ok:
		d.report.New++
	case r.State == worker.Open:
		d.report.Open++
	case r.State == worker.Parked:
		if d.report.Parked++; len(d.report.Keys) < MaxParked {
			d.report.Keys = append(d.report.Keys, r.Key)
		}
		return nil
	default:
		d.report.Finished++
		return nil
	}
	if d.post == nil {
		return nil
	}
	err = d.post.Add(ctx, m.Encode())
	d.report.Sent = d.post.Sent
	return err
}
