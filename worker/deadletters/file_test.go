package deadletters_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/deadletters"
)

var home = deadletters.Home{Region: "eu-west-1", Account: "123456789012", Pools: []string{pool}}

// exported is the file of a box.
func exported(t *testing.T, b *box, bodies bool) (string, deadletters.Exported) {
	t.Helper()
	var out bytes.Buffer
	done, err := deadletters.Export(t.Context(), b, &out, deadletters.Header{Region: home.Region, Account: home.Account, Queue: "dlq", At: sentAt, Bodies: bodies}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), done
}

func TestAnExport(t *testing.T) {
	t.Run("names nobody without bodies", func(t *testing.T) {
		b, _ := mixed()
		text, done := exported(t, b, false)
		if done.Letters != 17 || len(done.Receipts) != 17 || done.Cut || strings.Count(text, "\n") != 18 {
			t.Errorf("%+v\n%s", done, text)
		}
		for _, personal := range []string{"user of", `"sub`, "body\"", "hello", "receipt"} {
			if strings.Contains(text, personal) {
				t.Errorf("there is %q in it:\n%s", personal, text)
			}
		}
	})
	t.Run("is ASCII, whatever is in a body", func(t *testing.T) {
		odd := "\u202eé𝄞\x1b[31m\"\\\u2028"
		b := &box{letters: []worker.KeptLetter{alien("a", odd)}}
		text, _ := exported(t, b, true)
		if strings.ContainsFunc(text, func(r rune) bool { return r > 0x7E || r < 0x20 && r != '\n' }) {
			t.Errorf("%q", text)
		}
		if !strings.Contains(text, `\u202e\u00e9\ud834\udd1e\u001b[31m\"\\\u2028`) {
			t.Errorf("%s", text)
		}
	})
	t.Run("takes nothing away", func(t *testing.T) {
		b, _ := mixed()
		exported(t, b, true)
		if len(b.letters) != 17 {
			t.Errorf("left %v", b.ids())
		}
	})
	t.Run("ends with the first error of its file", func(t *testing.T) {
		b, _ := mixed()
		full := errors.New("no space left on device")
		done, err := deadletters.Export(t.Context(), b, &limited{500, full}, deadletters.Header{}, nil)
		if !errors.Is(err, full) || done.Letters > 3 {
			t.Errorf("%d letters, %v", done.Letters, err)
		}
	})
	t.Run("removes what is safe, and says what the queue kept", func(t *testing.T) {
		b, _ := mixed()
		_, done := exported(t, b, true)
		b.refuse = func(r string) bool { return r == "receipt alien" }
		removed, left, err := deadletters.Remove(t.Context(), b, done.Receipts)
		if err != nil || removed != 16 || left != 1 || len(b.letters) != 1 {
			t.Errorf("%d removed, %d left, %v", removed, left, err)
		}
		b.fail = errors.New("denied")
		if removed, left, err := deadletters.Remove(t.Context(), b, []string{"receipt alien"}); removed != 0 || left != 1 || !errors.Is(err, b.fail) {
			t.Errorf("%d removed, %d left, %v", removed, left, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if removed, left, err := deadletters.Remove(ctx, b, []string{"receipt alien"}); removed != 0 || left != 1 || !errors.Is(err, context.Canceled) {
			t.Errorf("%d removed, %d left, %v", removed, left, err)
		}
	})
}

// limited is a file on a disk that gets full.
type limited struct {
	room int
	full error
}

func (l *limited) Write(p []byte) (int, error) {
	if l.room -= len(p); l.room < 0 {
		return 0, l.full
	}
	return len(p), nil
}

func importer(runs ...worker.Run) (*deadletters.Importer, *outbox) {
	o := &outbox{}
	return &deadletters.Importer{Ledger: ledger(runs...).Records(), Sender: o, Home: home, Rate: 1e6}, o
}

// through imports a file: check, then send.
func through(t *testing.T, i *deadletters.Importer, text string) (deadletters.Report, error) {
	t.Helper()
	checked, err := i.Check(t.Context(), strings.NewReader(text))
	if err != nil {
		return checked, err
	}
	return i.Send(t.Context(), strings.NewReader(text), checked)
}

func TestAnImport(t *testing.T) {
	t.Run("sends what the worker would do something with", func(t *testing.T) {
		b, runs := mixed()
		text, _ := exported(t, b, true)
		i, o := importer(runs...)
		checked, err := i.Check(t.Context(), strings.NewReader(text))
		if err != nil || o.calls != 0 {
			t.Fatalf("%v after %d calls", err, o.calls)
		}
		done, err := i.Send(t.Context(), strings.NewReader(text), checked)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"open", "nobody"}, o.subs(t)); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
		if done.Sent != 2 || done.Due() != 2 || done.Letters != 17 || done.Aliens != 1 || done.Finished != 4 || done.Parked != 1 || done.Duplicates != 9 || done.Wrong != 0 {
			t.Errorf("%+v", done)
		}
		if diff := cmp.Diff([]string{message("parked", 0).Key()}, done.Keys); diff != "" {
			t.Errorf("parked (-want +got):\n%s", diff)
		}
	})
	t.Run("does not touch what the ledger can't read", func(t *testing.T) {
		text, _ := exported(t, &box{letters: []worker.KeptLetter{letter("a", "a", 0)}}, true)
		i, o := importer()
		i.Ledger = damaged{ledger().Records()}
		if done, err := through(t, i, text); err != nil || done.Damaged != 1 || o.calls != 0 {
			t.Errorf("%+v, %v", done, err)
		}
	})
	t.Run("ends while the ledger is away", func(t *testing.T) {
		text, _ := exported(t, &box{letters: []worker.KeptLetter{letter("a", "a", 0)}}, true)
		i, o := importer()
		l, down := ledger(), errors.New("down")
		l.Down(down)
		i.Ledger = l.Records()
		if _, err := through(t, i, text); !errors.Is(err, down) || o.calls != 0 {
			t.Error(err)
		}
	})
	t.Run("repeats what the queue refused, and ends when it goes on refusing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			text, _ := exported(t, &box{letters: []worker.KeptLetter{letter("a", "a", 0), letter("b", "b", 0)}}, true)
			i, o := importer()
			busy := errors.New("throttled")
			o.refuse = func(call int, body []byte) error {
				if call < 3 && bytes.Contains(body, []byte("user of a")) {
					return busy
				}
				return nil
			}
			if done, err := through(t, i, text); err != nil || done.Sent != 2 || o.calls != 3 {
				t.Errorf("%+v, %v", done, err)
			}
			i, o = importer()
			o.refuse = func(int, []byte) error { return busy }
			if done, err := through(t, i, text); !errors.Is(err, busy) || done.Sent != 0 || o.calls != 3 {
				t.Errorf("%+v, %v, %d calls", done, err, o.calls)
			}
		})
	})
	t.Run("refuses to go on with another file than was checked", func(t *testing.T) {
		text, _ := exported(t, &box{letters: []worker.KeptLetter{letter("a", "a", 0)}}, true)
		other, _ := exported(t, &box{letters: []worker.KeptLetter{letter("b", "b", 0)}}, true)
		i, o := importer()
		checked, err := i.Check(t.Context(), strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := i.Send(t.Context(), strings.NewReader(other), checked); !errors.Is(err, deadletters.ErrChanged) {
			t.Error(err)
		}
		before := o.calls
		if _, err := i.Send(t.Context(), strings.NewReader("x\n"), checked); !errors.Is(err, deadletters.ErrChanged) || o.calls != before {
			t.Error(err)
		}
	})
}

func TestC7_152_AnImportKeepsItsRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &box{}
		for i := range 100 {
			b.letters = append(b.letters, letter(numbered(i), numbered(i), 0))
		}
		text, _ := exported(t, b, true)
		for perSecond, want := range map[float64]time.Duration{10: 9 * time.Second, 2: 49 * time.Second, 0.5: 198 * time.Second} {
			i, o := importer()
			i.Rate = perSecond
			began := time.Now()
			if done, err := through(t, i, text); err != nil || done.Sent != 100 {
				t.Fatalf("%+v, %v", done, err)
			}
			if took := time.Since(began).Round(time.Second); took != want {
				t.Errorf("at %v/s it took %v, want %v (%d calls)", perSecond, took, want, o.calls)
			}
		}
	})
}

func TestB6_100_AFileEditedByHand(t *testing.T) {
	good, _ := exported(t, &box{letters: []worker.KeptLetter{letter("a", "a", 0), letter("b", "b", 0)}}, true)
	lines := strings.SplitAfter(good, "\n")
	header, first, second := lines[0], lines[1], lines[2]
	for name, tt := range map[string]struct {
		text  string
		sent  int
		wrong string // "" is none; else "line: text" of the first mistake
	}{
		"as it was":                      {good, 2, ""},
		"CRLF":                           {strings.ReplaceAll(good, "\n", "\r\n"), 2, ""},
		"a byte order mark":              {"\xef\xbb\xbf" + good, 2, ""},
		"no final newline":               {strings.TrimSuffix(good, "\n"), 2, ""},
		"empty lines":                    {header + "\n\n" + first + "\n" + second + "\n", 2, ""},
		"lines in another order":         {header + second + first, 2, ""},
		"two files in one":               {good + good, 2, ""},
		"a truncated line":               {good[:len(good)-20], 0, "3: this is no JSON object"},
		"a line that is no object":       {header + first + "[]\n", 0, "3: this is no JSON object"},
		"a member twice":                 {header + strings.Replace(first, `{"id"`, `{"id":"x","id"`, 1), 0, `2: "id" is there twice`},
		"a member of another case":       {header + strings.Replace(first, `"body"`, `"Body"`, 1), 0, "2: there is a member that no letter has"},
		"no body":                        {header + `{"id":"x"}`, 0, "2: there is no body"},
		"a body that is an object":       {header + `{"run":"x","body":{}}`, 0, "2: body is no string"},
		"a run that is a number":         {header + `{"run":1,"body":"{}"}`, 0, "2: run is no string"},
		"another person in the body":     {header + strings.Replace(first, `"sub\":\"a`, `"sub\":\"eve`, 1), 0, "2: run is not the key"},
		"a body that is broken":          {header + strings.Replace(first, `{\"v\":1`, `{\"v\":`, 1), 0, "2: the body is no message: body_undecodable"},
		"a NUL":                          {header + "\x00\n" + first, 0, "2: there is a NUL byte"},
		"not UTF-8":                      {header + "\xff\n" + first, 0, "2: the line is not UTF-8"},
		"no header":                      {first + second, 0, "1: there is no header"},
		"another kind of file":           {`{"postconfirm":"journal","v":1}` + "\n" + first, 0, "1: this is no file of dead letters"},
		"a later version of the file":    {strings.Replace(header, `"v":1`, `"v":2`, 1) + first, 0, "1: this file is of another version"},
		"a line longer than may be":      {header + `{"body":"` + strings.Repeat("x", deadletters.MaxLine) + "\"}\n" + first, 0, "2: the line is too long"},
		"a letter about no run":          {header + `{"id":"x","body":"hello"}` + "\n" + first, 1, ""},
		"instructions in place of lines": {header + "ignore the lines above; $(rm -rf /)\n" + first, 0, "2: this is no JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			i, o := importer()
			done, err := through(t, i, tt.text)
			if done.Sent != tt.sent || len(o.bodies) != tt.sent {
				t.Errorf("%d sent, %+v, %v", len(o.bodies), done, err)
			}
			if tt.wrong == "" {
				if err != nil || done.Wrong != 0 {
					t.Errorf("%+v, %v", done, err)
				}
				return
			}
			if !errors.Is(err, deadletters.ErrWrong) || len(done.Mistakes) == 0 {
				t.Fatalf("%+v, %v", done, err)
			}
			if got := fmt.Sprintf("%d: %s", done.Mistakes[0].Line, done.Mistakes[0].What); !strings.HasPrefix(got, tt.wrong) {
				t.Errorf("got %q, want %q", got, tt.wrong)
			}
		})
	}
	t.Run("leniently, what is good of it", func(t *testing.T) {
		i, o := importer()
		i.Lenient = true
		done, err := through(t, i, header+first+"nonsense\n"+second)
		if err != nil || done.Wrong != 1 || len(o.bodies) != 2 {
			t.Errorf("%+v, %v", done, err)
		}
	})
	t.Run("tells twenty mistakes and counts all", func(t *testing.T) {
		i, _ := importer()
		done, err := through(t, i, header+strings.Repeat("x\n", 1000))
		if !errors.Is(err, deadletters.ErrWrong) || done.Wrong != 1000 || len(done.Mistakes) != deadletters.MaxMistakes || done.Mistakes[19].Line != 21 {
			t.Errorf("%+v, %v", done, err)
		}
	})
}

func TestC7_144_AFileWithoutALetter(t *testing.T) {
	header, _ := exported(t, &box{}, true)
	for name, text := range map[string]string{"empty": "", "empty lines": "\n\r\n", "a header": header} {
		i, o := importer()
		if _, err := through(t, i, text); !errors.Is(err, deadletters.ErrEmpty) || o.calls != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestC7_146_AFileInUTF16(t *testing.T) {
	i, o := importer()
	if _, err := through(t, i, "\xff\xfe{\x00}\x00"); err == nil || o.calls != 0 {
		t.Error(err)
	}
}

func TestC7_147_ARunAThousandTimesIsSentOnce(t *testing.T) {
	b := &box{}
	for i := range 1000 {
		b.letters = append(b.letters, letter(numbered(i), "a", i%3))
	}
	text, _ := exported(t, b, true)
	i, o := importer()
	done, err := through(t, i, text)
	if err != nil || len(o.bodies) != 1 || done.Duplicates != 999 || done.New != 1 {
		t.Errorf("%+v, %v, %d sent", done, err, len(o.bodies))
	}
}

func TestC7_148_AFileFromAnotherEnvironment(t *testing.T) {
	good, _ := exported(t, &box{letters: []worker.KeptLetter{letter("a", "a", 0), letter("b", "b", 0)}}, true)
	header, letters, _ := strings.Cut(good, "\n")
	for name, tt := range map[string]struct {
		text  string
		pools []string
		wrong int // lines
	}{
		"another pool":                     {good, []string{"eu-west-1_Other"}, 2},
		"no pool at all":                   {good, nil, 2},
		"another region":                   {strings.Replace(header, "eu-west-1", "us-east-1", 1) + "\n" + letters, home.Pools, 3},
		"another account":                  {strings.Replace(header, home.Account, "210987654321", 1) + "\n" + letters, home.Pools, 3},
		"no header":                        {letters, home.Pools, 2},
		"a header without an account":      {strings.Replace(header, "account", "accounts", 1) + "\n" + letters, home.Pools, 3},
		"ours, and then one that is not":   {good + strings.Replace(header, "eu-west-1", "us-east-1", 1) + "\n" + letters, home.Pools, 3},
		"one that is not, and then one of": {strings.Replace(header, "eu-west-1", "us-east-1", 1) + "\n" + letters + good, home.Pools, 3},
	} {
		t.Run(name, func(t *testing.T) {
			i, o := importer()
			i.Home.Pools = tt.pools
			if done, err := through(t, i, tt.text); !errors.Is(err, deadletters.ErrWrong) || done.Wrong != tt.wrong || o.calls != 0 {
				t.Errorf("%+v, %v", done, err)
			}
			i.AllowForeign = true
			if done, err := through(t, i, tt.text); err != nil || done.Wrong != 0 || len(o.bodies) != 2 {
				t.Errorf("allowed: %+v, %v", done, err)
			}
		})
	}
	t.Run("sends nothing of it leniently either", func(t *testing.T) {
		i, o := importer()
		i.Lenient = true
		if _, err := through(t, i, strings.Replace(good, "eu-west-1", "us-east-1", 1)); !errors.Is(err, deadletters.ErrEmpty) || o.calls != 0 {
			t.Errorf("%v, %d calls", err, o.calls)
		}
	})
}

func TestC7_153_AnImportThatIsInterrupted(t *testing.T) {
	b := &box{}
	for i := range 300 {
		b.letters = append(b.letters, letter(numbered(i), numbered(i), 0))
	}
	text, _ := exported(t, b, true)
	l, o := ledger(), &outbox{}
	i := &deadletters.Importer{Ledger: l.Records(), Sender: o, Home: home, Rate: 1e6}
	checked, err := i.Check(t.Context(), strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for cut := range 12 {
		ctx, cancel := context.WithCancel(t.Context())
		o.refuse = func(call int, _ []byte) error {
			if call == o.calls && call%3 == 0 {
				cancel()
			}
			return nil
		}
		done, err := i.Send(ctx, strings.NewReader(text), checked)
		cancel()
		for _, sub := range o.subs(t) { // the worker does its work meanwhile
			l.Put(run(sub, worker.Done, 0))
		}
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) || done.Sent > 30 || cut == 11 {
			t.Fatalf("cut %d: %+v, %v", cut, done, err)
		}
	}
	if subs := o.subs(t); len(subs) != 300 {
		t.Errorf("%d messages for 300 runs", len(subs))
	}
}

// repeated is a file of this header and so many of one line.
type repeated struct {
	line string
	left int
}

func (r *repeated) Read(p []byte) (n int, err error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	for n+len(r.line) <= len(p) && r.left > 0 {
		n += copy(p[n:], r.line)
		r.left--
	}
	return n, nil
}

func TestB6_100_ALargeFileIsNotHeldInMemory(t *testing.T) {
	text, _ := exported(t, &box{letters: []worker.KeptLetter{letter("a", "a", 0)}}, true)
	header, line, _ := strings.Cut(text, "\n")
	i, _ := importer()
	heap := uint64(0)
	i.Progress = func(r deadletters.Report) {
		if r.Lines%20_000 == 0 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			heap = max(heap, m.HeapAlloc)
		}
	}
	const lines = 60_000
	r, err := i.Check(t.Context(), io.MultiReader(strings.NewReader(header+"\n"), &repeated{line, lines}))
	if err != nil || r.Letters != lines || r.Duplicates != lines-1 {
		t.Fatalf("%+v, %v", r, err)
	}
	if heap == 0 || heap > 16<<20 {
		t.Errorf("%d bytes are held", heap)
	}
}

func FuzzImport(f *testing.F) {
	text := `{"postconfirm":"dead-letters","v":1,"region":"eu-west-1","account":"123456789012","bodies":true}` + "\n"
	f.Add(text + `{"run":"x","body":"{\"v\":1}"}`)
	f.Add(text + `{"body":"hello"}` + "\r\n\x00")
	f.Add("\xff\xfe")
	f.Fuzz(func(t *testing.T, file string) {
		i, o := importer()
		r, err := i.Check(t.Context(), strings.NewReader(file))
		if o.calls != 0 || r.Wrong < len(r.Mistakes) || err == nil && r.Wrong > 0 {
			t.Fatalf("%+v, %v", r, err)
		}
		if err != nil {
			return
		}
		done, err := i.Send(t.Context(), strings.NewReader(file), r)
		if err != nil || done.Sent != r.Due() {
			t.Fatalf("%+v, %v", done, err)
		}
		for _, sub := range o.subs(t) {
			if sub == "" {
				t.Error("nobody was sent")
			}
		}
	})
}
