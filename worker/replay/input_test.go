package replay_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/replay"
)

func language(t *testing.T) *expr.Env {
	t.Helper()
	env, err := expr.NewEnv(enrich.Roots()...)
	if err != nil {
		t.Fatal(err)
	}
	return env
}

func texts(lines ...string) io.Reader { return strings.NewReader(strings.Join(lines, "\n")) }

func cmpText(a, b string) int { return strings.Compare(a, b) }

func TestRow100AFileOfKeys(t *testing.T) {
	a, b := person(1).Key(), person(2).Key()
	object := fmt.Sprintf(`{"pool":%q,"sub":%q,"generation":"0"}`, person(1).Pool, person(1).Sub)
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"C7-146 CRLF":                             {a + "\r\n" + b + "\r\n", []string{a, b}},
		"C7-146 a byte order mark":                {"\ufeff" + a + "\n" + b + "\n", []string{a, b}},
		"C7-146 no final newline":                 {a + "\n" + b, []string{a, b}},
		"empty lines and blanks":                  {"\n  " + a + "\t\n\n\n" + b + "\n\n", []string{a, b}},
		"C7-147 the same run 1,000 times":         {strings.Repeat(a+"\n", 500) + strings.Repeat(object+"\n", 500), []string{a}},
		"objects, as lists print them":            {`{"key":"` + a + `","state":"parked","steps":{"run":1}}` + "\n" + `{"level":"INFO","run":"` + b + `"}`, []string{a, b}},
		"who it is, without a generation":         {fmt.Sprintf(`{"pool":%q,"sub":%q}`, person(1).Pool, person(1).Sub), []string{a}},
		"who it is, and its key":                  {fmt.Sprintf(`{"pool":%q,"sub":%q,"key":%q}`, person(1).Pool, person(1).Sub, a), []string{a}},
		"a line as long as a line may be":         {a + strings.Repeat(" ", 60<<10) + "\n" + b, []string{a, b}},
		"both kinds":                              {a + "\n" + `{"key":"` + b + `"}`, []string{a, b}},
		"members of the same name further inside": {`{"key":"` + a + `","x":{"key":"y"},"y":[{"run":7}]}`, []string{a}},
	} {
		t.Run(name, func(t *testing.T) {
			refs, err := replay.ReadKeys("keys.txt", strings.NewReader(c.text))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range refs {
				got = append(got, r.Key())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	for name, c := range map[string]struct{ text, want string }{
		"C7-144 empty":                       {"", "keys.txt: there is no key in it"},
		"C7-144 nothing but a mark":          {"\ufeff\r\n\r\n", "keys.txt: there is no key in it"},
		"C7-146 UTF-16":                      {"\xff\xfea\x00\n\x00", "keys.txt:1: this is UTF-16: save it as UTF-8"},
		"C7-146 a NUL byte":                  {a + "\n" + a[:20] + "\x00\n", "keys.txt:2: there is a NUL byte in it"},
		"C7-146 no UTF-8":                    {a + "\n\xff\xff\n", "keys.txt:2: this is no UTF-8"},
		"C7-146 a line of 100 MB":            {"", "keys.txt:2: the line is longer than 65536 bytes; what follows was not read"},
		"a truncated key":                    {a + "\n" + b[:25], "keys.txt:2: this is no run key: one has 26 characters of a-v and 0-9"},
		"a truncated object":                 {a + "\n" + `{"key":"` + b, "keys.txt:2: the JSON ends too early, or is none"},
		"a key in capitals":                  {strings.ToUpper(a), "keys.txt:1: this is no run key: one has 26 characters of a-v and 0-9"},
		"a key with bits that it can't have": {a[:25] + "v", "keys.txt:1: this is no run key: its last character can't be"},
		"edited by hand":                     {a + ",\n" + b, "keys.txt:1: this is no run key: one has 26 characters of a-v and 0-9"},
		"two mistakes":                       {"x\n" + a + "\ny", "keys.txt:1: this is no run key: one has 26 characters of a-v and 0-9\nkeys.txt:3: this is no run key: one has 26 characters of a-v and 0-9"},
		"an object that names nobody":        {`{"state":"parked"}`, `keys.txt:1: this names no run: want "key", or "pool" and "sub"`},
		"an object that names two":           {`{"key":"` + a + `","key":"` + b + `"}`, `keys.txt:1: "key" stands twice, or is no text`},
		"a key of somebody else":             {fmt.Sprintf(`{"pool":%q,"sub":%q,"key":%q}`, person(1).Pool, person(1).Sub, b), "keys.txt:1: the key is not that of this pool, sub and generation"},
		"more behind the object":             {`{"key":"` + a + `"} x`, "keys.txt:1: there is more behind the JSON object"},
		"a list":                             {`["` + a + `"]`, "keys.txt:1: this is no run key: one has 26 characters of a-v and 0-9"},
		"C7-151 a path":                      {"../../etc/passwd", "keys.txt:1: this is no run key: one has 26 characters of a-v and 0-9"},
	} {
		t.Run(name+" is refused, and no key of the file is taken", func(t *testing.T) {
			from := io.Reader(strings.NewReader(c.text))
			if c.text == "" && strings.Contains(name, "100 MB") {
				from = io.MultiReader(strings.NewReader(a+"\n"), &endless{left: 100 << 20})
			}
			refs, err := replay.ReadKeys("keys.txt", from)
			var m *replay.KeyMistakes
			if !errors.As(err, &m) || refs != nil || m.Error() != c.want {
				t.Errorf("got %d keys, %v", len(refs), err)
			}
		})
	}
	t.Run("mistakes without end are told twenty at a time", func(t *testing.T) {
		_, err := replay.ReadKeys("keys.txt", strings.NewReader(strings.Repeat("x\n", 1000)))
		var m *replay.KeyMistakes
		if !errors.As(err, &m) || len(m.Lines) != 20 {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a gigabyte of the same key is read line by line", func(t *testing.T) {
		line := []byte(a + "\r\n")
		n := 1 << 30 / len(line) / 16 // a sixteenth of it, to be quick
		refs, err := replay.ReadKeys("keys.txt", io.LimitReader(&repeated{line: line}, int64(n*len(line))))
		if err != nil || len(refs) != 1 {
			t.Errorf("%d keys, %v", len(refs), err)
		}
	})
	t.Run("a file that can't be read on is no shorter file", func(t *testing.T) {
		broken := io.MultiReader(strings.NewReader(a+"\n"), brokenReader{})
		if refs, err := replay.ReadKeys("keys.txt", broken); err == nil || refs != nil {
			t.Errorf("got %d keys, %v", len(refs), err)
		}
	})
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("the disk is gone") }

// endless is a long line.
type endless struct{ left int }

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.left)
	e.left -= n
	copy(p, bytes.Repeat([]byte("x"), n))
	return n, nil
}

// repeated is one line, over and over.
type repeated struct {
	line []byte
	at   int
}

func (a *repeated) Read(p []byte) (int, error) {
	n := copy(p, a.line[a.at:])
	a.at = (a.at + n) % len(a.line)
	return n, nil
}

func FuzzKeys(f *testing.F) {
	f.Add([]byte(person(1).Key() + "\n" + `{"pool":"p","sub":"s"}`))
	f.Add([]byte("\ufeff{\"key\":1}\r\n\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		refs, err := replay.ReadKeys("f", bytes.NewReader(data))
		if (err == nil) != (len(refs) > 0) {
			t.Errorf("%d keys, %v", len(refs), err)
		}
		for _, r := range refs {
			if again, err := replay.ParseKey(r.Key()); err != nil || again.Key() != r.Key() {
				t.Errorf("%q: %v", r.Key(), err)
			}
		}
	})
}

func TestRow152Rates(t *testing.T) {
	for text, want := range map[string]struct {
		rate    float64
		clamped bool
	}{"": {7.5, false}, "5/s": {5, false}, "2.5": {2.5, false}, "15/s": {15, false}, "0.01/s": {0.01, false},
		"16/s": {15, true}, "1e9": {15, true}, "1e400/s": {15, true}} {
		rate, clamped, err := replay.ParseRate(text, 15)
		if err != nil || rate != want.rate || clamped != want.clamped {
			t.Errorf("%q: got %v, %v, %v", text, rate, clamped, err)
		}
	}
	for _, text := range []string{"0", "0/s", "-1", "-1/s", "-1e9", "NaN", "Inf", "+Inf", "-Inf", "fast", "5/m", "/s", "5 /s", "0x10", "1e-9", "1_0", "５"} {
		if rate, _, err := replay.ParseRate(text, 15); err == nil {
			t.Errorf("%q is taken for %v", text, rate)
		}
	}
}

func TestEdits(t *testing.T) {
	e, err := replay.ParseEdit([]string{"region=eu-west-1", "metadata.plan=pro", "metadata.ref=a=b", "metadata.old="})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(replay.Edit{Region: "eu-west-1", Metadata: map[string]string{"plan": "pro", "ref": "a=b", "old": ""}}, e); diff != "" {
		t.Error(diff)
	}
	for _, text := range []string{"region", "region=", "sub=x", "user=x", "pool=x", "metadata.=x", "metadata.k=" + strings.Repeat("v", 257), "metadata.\xff=x", "=x", ""} {
		if _, err := replay.ParseEdit([]string{text}); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
	t.Run("are in the message and in the run", func(t *testing.T) {
		w := newWorld(t, pipeline(t))
		w.put(person(0), func(r *worker.Run) {
			refused(r)
			r.Origin = worker.Origin{User: "ada", Region: "us-east-1", Metadata: map[string]string{"old": "x", "stays": "y"}}
		})
		p := w.plan(func(r *replay.Request) { r.Edit = e })
		w.run(p.ID, quick())
		want := map[string]string{"plan": "pro", "ref": "a=b", "stays": "y"}
		m := w.queue.messages(t)[person(0).Key()][0]
		if diff := cmp.Diff(want, m.Metadata); diff != "" || m.Region != "eu-west-1" || m.User != "ada" {
			t.Errorf("%s %+v", diff, m)
		}
		if diff := cmp.Diff(want, w.get(person(0)).Origin.Metadata); diff != "" {
			t.Error(diff)
		}
	})
}
