package sqlite_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/sqlite"
)

// sample is a ledger as bytes, by the ends of its files' names, and what is in it.
type sample struct {
	files map[string][]byte
	runs  map[string]worker.Run
	// papers by their names, all of one drawer, and the groups of the runs that are in trouble
	papers map[string]worker.Paper
	groups []worker.Group
}

// take makes a sample: of a ledger that was closed, or of one that was killed with everything in its log.
func take(t *testing.T, runs int, killed bool) sample {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.db")
	l := open(t, path, nil)
	s := sample{files: map[string][]byte{}, runs: map[string]worker.Run{}, papers: map[string]worker.Paper{}}
	for i := range runs {
		if err := errors.Join(finish(t.Context(), l, i), s.trouble(t, l, i)); err != nil {
			t.Fatal(err)
		}
		r, _, err := l.Run(t.Context(), person(i).Key())
		if err != nil {
			t.Fatal(err)
		}
		s.runs[r.Key] = r
	}
	var err error
	if s.groups, err = l.Groups(t.Context(), worker.Filter{}, worker.Trend{}); err != nil {
		t.Fatal(err)
	}
	if !killed {
		shut(t, l)
	}
	for _, end := range []string{"", "-wal", ".mark"} {
		data, err := os.ReadFile(path + end)
		if err != nil && !(errors.Is(err, os.ErrNotExist) && end == "-wal" && !killed) {
			t.Fatal(err)
		}
		s.files[end] = data
	}
	return s
}

// trouble parks every sixth run, and puts a paper beside it.
func (s sample) trouble(t *testing.T, l *sqlite.Ledger, i int) error {
	if i%6 != 1 {
		return nil
	}
	r, _, err := l.Run(t.Context(), person(i).Key())
	if err != nil {
		return err
	}
	r.State, r.Reason, r.Domain = worker.Parked, []string{"http_422", "too_old"}[i%2], "0a1b2c3d"
	p := worker.Paper{Drawer: "plans", Name: r.Key, Body: []byte(strings.Repeat("paper", i))}
	if p.Version, err = l.PutPaper(t.Context(), p); err != nil {
		return err
	}
	s.papers[p.Name] = p
	return l.Amend(t.Context(), r)
}

// listed tells whether lists, groups and papers are those of the sample, or damage was said.
func (s sample) listed(t *testing.T, l *sqlite.Ledger, ok func(string, error) bool) bool {
	t.Helper()
	right, parked := true, 0
	for _, r := range s.runs {
		if r.State == worker.Parked {
			parked++
		}
	}
	for _, f := range []worker.Filter{{State: worker.Parked, Limit: 1000}, {Domain: "0a1b2c3d", Limit: 1000}, {Troubled: true, Since: start(), Limit: 1000}} {
		list, err := l.List(t.Context(), f)
		right = !ok("list", err) || len(list) == parked && right
	}
	groups, err := l.Groups(t.Context(), worker.Filter{}, worker.Trend{})
	right = !ok("groups", err) || cmp.Equal(groups, s.groups) && right
	for name, want := range s.papers {
		got, found, err := l.Paper(t.Context(), "plans", name)
		if ok("paper", err) && (!found || !cmp.Equal(got, want)) {
			t.Fatalf("silently another paper: found %v, version %d", found, got.Version)
		}
	}
	return right
}

// put writes the sample to a new place, with one file changed.
func (s sample) put(t *testing.T, end string, change func([]byte) []byte) string {
	t.Helper()
	return s.putIn(t, t.TempDir(), end, change)
}

// putIn is put in a folder where an earlier sample may be.
func (s sample) putIn(t *testing.T, dir, end string, change func([]byte) []byte) string {
	t.Helper()
	path := filepath.Join(dir, "ledger.db")
	for _, name := range []string{"", "-wal", "-shm", ".mark", ".lock"} {
		if err := os.Remove(path + name); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	for name, data := range s.files {
		if name == end {
			data = change(append([]byte(nil), data...))
		}
		if name == "-wal" && len(data) == 0 {
			continue
		}
		if err := os.WriteFile(path+name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// outcome tells whether the damage was said: false is a ledger in which all is right. Anything else fails the test.
func (s sample) outcome(t *testing.T, path string) (said bool) {
	t.Helper()
	before := contents(t, path)
	l, err := sqlite.Open(path, nil)
	if err != nil {
		clean(t, "open", err)
		if contents(t, path) != before {
			t.Fatalf("open said %v, and changed what a person may still mend", err)
		}
		return true
	}
	defer func() { _ = l.Close() }()
	ok := func(what string, err error) bool {
		if err != nil {
			clean(t, what, err)
			said = true
		}
		return err == nil
	}
	for key, want := range s.runs {
		got, found, err := l.Run(t.Context(), key)
		if ok("run", err) && (!found || !cmp.Equal(got, want)) {
			t.Fatalf("silently wrong: found %v\n%s", found, cmp.Diff(want, got))
		}
		if key[0] > '7' { // claims and digests of a third will do
			continue
		}
		got, err = l.Claim(t.Context(), want.Identity, "a", start(), start())
		if ok("claim", err) && !cmp.Equal(got, want) {
			t.Fatalf("claim gave another run:\n%s", cmp.Diff(want, got))
		}
		written, err := l.Written(t.Context(), want.Pool, want.Sub)
		if ok("written", err) && !cmp.Equal(written, want.Written) {
			t.Fatalf("silently wrong: written %v, want %v", written, want.Written)
		}
	}
	right := s.listed(t, l, ok)
	n, err := l.Verify(t.Context())
	if err == nil && !right {
		t.Fatal("lists or groups are wrong, and nothing was said")
	}
	if ok("verify", err) && n != len(s.runs) {
		t.Fatalf("verify counts %d runs, want %d", n, len(s.runs))
	}
	return said
}

// contents are the file and its log.
func contents(t *testing.T, path string) string {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(path + "-wal")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(file) + "\n-wal\n" + string(log)
}

// clean demands that damage is called damage.
func clean(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, sqlite.ErrDamaged) {
		t.Fatalf("%s: got %v, want ErrDamaged", what, err)
	}
}

func TestNoDamageIsSilent(t *testing.T) {
	trials := rounds(60)
	closed, killed := take(t, 150, false), take(t, 80, true)
	flip := func(r *rand.Rand, b []byte) []byte { b[r.IntN(len(b))] ^= 1 << r.IntN(8); return b }
	for _, c := range []struct {
		name   string
		of     sample
		end    string
		change func(*rand.Rand, []byte) []byte
		least  int // of the trials must have been said; the others hit what nobody reads
	}{
		{"one bit of the file", closed, "", flip, trials * 8 / 10},
		{"one bit of its first page", closed, "", func(r *rand.Rand, b []byte) []byte { flip(r, b[:4096]); return b }, trials * 8 / 10},
		{"one bit of the log after a kill", killed, "-wal", flip, trials * 8 / 10},
		{"one bit of the log's header", killed, "-wal", func(r *rand.Rand, b []byte) []byte { flip(r, b[:32]); return b }, trials * 8 / 10},
		{"one bit of the mark", killed, ".mark", flip, 0},
		{"a file that ends early", closed, "", func(r *rand.Rand, b []byte) []byte { return b[:r.IntN(len(b))] }, trials * 8 / 10},
		{"a log that ends early", killed, "-wal", func(r *rand.Rand, b []byte) []byte { return b[:r.IntN(len(b))] }, trials * 8 / 10},
		{"a page of zeros", closed, "", func(r *rand.Rand, b []byte) []byte { clear(b[r.IntN(len(b)/4096)*4096:][:4096]); return b }, trials * 8 / 10},
		{"a page of zeros in the log", killed, "-wal", func(r *rand.Rand, b []byte) []byte { clear(b[r.IntN(len(b)/4096)*4096:][:4096]); return b }, trials * 8 / 10},
		{"noise", closed, "", func(r *rand.Rand, b []byte) []byte {
			for range 1000 {
				flip(r, b)
			}
			return b
		}, trials},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, said := rand.New(rand.NewPCG(1, 2)), 0
			for range trials {
				path := c.of.put(t, c.end, func(b []byte) []byte { return c.change(r, b) })
				if c.of.outcome(t, path) {
					said++
				}
			}
			t.Logf("%d of %d trials said so, 0 were silently wrong", said, trials)
			if said < c.least {
				t.Errorf("only %d of %d were noticed: does the test still hit what it should?", said, trials)
			}
		})
	}
}

func TestVerifyFindsAPageInTheWrongPlace(t *testing.T) {
	// The page's own checksum is right, so a read may not notice; that the whole doesn't fit together is seen here.
	const trials = 60
	s, r, said := take(t, 150, false), rand.New(rand.NewPCG(1, 2)), 0
	for range trials {
		path := s.put(t, "", func(b []byte) []byte {
			page := 1 + r.IntN(len(b)/4096-2)
			copy(b[(page+1)*4096:], b[page*4096:][:4096])
			return b
		})
		l, err := sqlite.OpenReader(path)
		if err == nil {
			_, err = l.Verify(t.Context())
			_ = l.Close()
		}
		if err == nil && !s.outcome(t, path) {
			continue // one empty page for another: all is right
		}
		clean(t, "verify", err)
		said++
	}
	if said < trials*8/10 {
		t.Errorf("only %d of %d were noticed: does the test still hit what it should?", said, trials)
	}
}
