package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// Corrupt is the reason of a run that Salvage parked.
const Corrupt = "ledger_corrupt"

// Salvaged is what became of a damaged ledger.
type Salvaged struct {
	Identity string   // of the new ledger
	Sound    int      // runs taken over as they were
	Parked   []string // keys of runs that were parked, since what is known of them is not the last that was
	Papers   int      // taken over as they were
	Torn     []string // papers, as DRAWER/NAME, of which only the name is left
	Pages    int      // damaged, of file and log
	// Missing is how many runs the old ledger counted that can't be found at all; -1 if its counts can't be read.
	Missing int
	// Behind tells that commits are missing whose runs nobody can name: every open run was parked for it.
	Behind bool
}

// Salvage reads every run of a damaged ledger that can be read, page by page, and writes a new one at to, which must
// not exist yet. The old one is only read, and no worker may hold it.
//
// A run whose checksum is right is taken over as it is. One of which only the identity can be read is parked in the new
// ledger with the reason Corrupt: nobody knows which of its effects happened, so none is repeated until a person has
// looked. So are all open runs if commits are missing, since each may be older than it says. A run of which nothing is
// left can't be known: if its message comes again, it begins anew, effects included.
//
// Papers whose checksum is right are taken over too; the others are named. If commits are missing, a paper may be older
// than the last that was.
//
// It holds runs and papers in memory. now is when parked runs are parked. The error is *Held, *Unusable, or that of the new
// file, which is removed then.
func Salvage(ctx context.Context, from, to string, now time.Time) (*Salvaged, error) {
	from, err := place(from, false)
	if err != nil && !errors.Is(err, ErrDamaged) {
		return nil, err
	}
	if err := unheld(from); err != nil {
		return nil, err
	}
	w, err := readWreck(ctx, from)
	if err != nil {
		return nil, err
	}
	if len(w.runs) == 0 {
		return nil, &Unusable{Path: from, Problem: "no run can be found in it", Next: "check the path; if it is the right file, put a backup in its place", Err: ErrDamaged}
	}
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return nil, &Unusable{Path: to, Problem: "there is something already", Next: "name a new file"}
	}
	return w.write(ctx, to, now)
}

// unheld refuses a ledger that a worker has. It leaves no lock file where there is none.
func unheld(path string) error {
	file, err := os.OpenFile(path+".lock", os.O_RDWR, 0)
	if err != nil {
		return nil // there is no worker, or we may not know
	}
	defer func() { _ = file.Close() }()
	if errors.Is(tryLock(file), errLocked) {
		return holder(path, file)
	}
	return nil
}

// write makes the new ledger.
func (w *wreck) write(ctx context.Context, to string, now time.Time) (_ *Salvaged, err error) {
	s := &Salvaged{Pages: w.damaged, Missing: -1, Behind: w.behind}
	if w.counted >= 0 {
		s.Missing = max(0, int(w.counted)-len(w.runs))
	}
	l, err := Open(to, nil)
	if err != nil {
		return nil, err
	}
	s.Identity = l.Identity()
	defer func() {
		if err = errors.Join(err, l.Close()); err != nil {
			for _, end := range []string{"", "-wal", "-shm", ".lock", ".mark"} {
				_ = os.Remove(l.Path() + end)
			}
		}
	}()
	for keys := range slices.Chunk(slices.Sorted(maps.Keys(w.runs)), 500) {
		var rows []row
		for _, key := range keys {
			v, parked, err := w.runs[key].salvaged(w, now)
			if err != nil {
				return nil, err
			}
			if rows = append(rows, v); parked {
				s.Parked = append(s.Parked, key)
			} else {
				s.Sound++
			}
		}
		if err := l.writer.do(ctx, func(s *statements) error { return s.addAll(rows) }); err != nil {
			return nil, fmt.Errorf("sqlite: salvage: %w", err)
		}
	}
	s.Papers, s.Torn, err = w.writePapers(ctx, l)
	return s, err
}

func (s *statements) addAll(rows []row) error {
	for _, v := range rows {
		if err := s.add(v); err != nil {
			return err
		}
	}
	return nil
}

// salvaged is the row for the new ledger.
func (f found) salvaged(w *wreck, now time.Time) (v row, parked bool, err error) {
	if f.sound && !(w.behind && f.row.state == string(worker.Open)) {
		return f.row, false, nil
	}
	r := worker.Run{Identity: f.row.identity(), Key: f.row.key, FirstSeen: now, Fence: 1}
	if f.sound {
		if r, err = f.row.run(); err != nil {
			return row{}, false, err
		}
	}
	r.State, r.Reason, r.Owner, r.Updated, r.LeaseUntil, r.LetterSent = worker.Parked, Corrupt, "", now, time.Time{}, false
	v, err = rowOf(r)
	return v, true, err
}
