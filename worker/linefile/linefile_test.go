package linefile_test

import (
	"errors"
	"io"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/worker/linefile"
)

// read gives each line as "number text" or "number mistake".
func read(r io.Reader, most int) (got []string, err error) {
	err = linefile.Each(r, most, func(n int, line []byte, err error) error {
		what := string(line)
		if err != nil {
			what = "! " + err.Error()
		}
		got = append(got, strconv.Itoa(n)+" "+what)
		return nil
	})
	return got, err
}

func TestC7_146_AFileFromAnySystem(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	for name, tt := range map[string]struct {
		text string
		want []string
	}{
		"empty":                    {"", nil},
		"a byte order mark only":   {"\xef\xbb\xbf", nil},
		"one line":                 {"a\n", []string{"1 a"}},
		"no final newline":         {"a\nb", []string{"1 a", "2 b"}},
		"CRLF":                     {"a\r\nb\r\n", []string{"1 a", "2 b"}},
		"a byte order mark":        {"\xef\xbb\xbfa\nb", []string{"1 a", "2 b"}},
		"empty lines are lines":    {"\n\na", []string{"1 ", "2 ", "3 a"}},
		"a carriage return inside": {"a\rb\n", []string{"1 a\rb"}},
		"NUL":                      {"a\x00\nb\n", []string{"1 ! " + linefile.ErrNUL.Error(), "2 b"}},
		"not UTF-8":                {"a\xff\nb\n", []string{"1 ! " + linefile.ErrNotUTF8.Error(), "2 b"}},
		"as long as may be":        {strings.Repeat("y", 100) + "\r\nb", []string{"1 " + strings.Repeat("y", 100), "2 b"}},
		"too long":                 {"a\n" + long + "\nb", []string{"1 a", "2 ! " + linefile.ErrLong.Error(), "3 b"}},
		"too long, at the end":     {"a\n" + long, []string{"1 a", "2 ! " + linefile.ErrLong.Error()}},
	} {
		t.Run(name, func(t *testing.T) {
			for reader, r := range map[string]io.Reader{"whole": strings.NewReader(tt.text), "by bytes": iotest.OneByteReader(strings.NewReader(tt.text))} {
				got, err := read(r, 100)
				if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
					t.Errorf("%s: %v (-want +got):\n%s", reader, err, diff)
				}
			}
		})
	}
}

func TestC7_146_UTF16IsRefused(t *testing.T) {
	for name, text := range map[string]string{"little-endian with its mark": "\xff\xfe{\x00}\x00", "big-endian with its mark": "\xfe\xff\x00{\x00}",
		"little-endian": "{\x00}\x00\n\x00", "big-endian": "\x00{\x00}\x00\n"} {
		if got, err := read(strings.NewReader(text), 100); !errors.Is(err, linefile.ErrUTF16) || got != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestErrorsEndIt(t *testing.T) {
	broken := errors.New("broken")
	if _, err := read(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken)), 100); !errors.Is(err, broken) {
		t.Error(err)
	}
	if _, err := read(iotest.ErrReader(broken), 100); !errors.Is(err, broken) {
		t.Error(err)
	}
	seen := 0
	if err := linefile.Each(strings.NewReader("a\nb\n"), 100, func(int, []byte, error) error { seen++; return broken }); !errors.Is(err, broken) || seen != 1 {
		t.Error(seen, err)
	}
}

// endless is a line of so many bytes without an end.
type endless struct{ left int }

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.left)
	for i := range n {
		p[i] = 'x'
	}
	e.left -= n
	return n, nil
}

func TestC7_146_ALineOf100MBTakesNoMemory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, err := read(io.MultiReader(strings.NewReader("a\n"), &endless{100 << 20}, strings.NewReader("\nb")), 1<<20)
	runtime.ReadMemStats(&after)
	if want := []string{"1 a", "2 ! " + linefile.ErrLong.Error(), "3 b"}; err != nil || !cmp.Equal(want, got) {
		t.Errorf("%v, %q", err, got)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 8<<20 {
		t.Errorf("took %d bytes", took)
	}
}

func FuzzEach(f *testing.F) {
	f.Add("a\r\nb\n\x00\n", 3)
	f.Add("\xef\xbb\xbfa\n\xff", 100)
	f.Fuzz(func(t *testing.T, text string, most int) {
		most = min(max(most, 0), 1000)
		lines := 0
		err := linefile.Each(strings.NewReader(text), most, func(n int, line []byte, err error) error {
			if lines++; n != lines {
				t.Errorf("line %d is numbered %d", lines, n)
			}
			if err == nil && (len(line) > most+1 || strings.ContainsAny(string(line), "\n\x00")) || err != nil && line != nil {
				t.Errorf("line %q, %v", line, err)
			}
			return nil
		})
		if want := strings.Count(strings.TrimPrefix(text, "\xef\xbb\xbf"), "\n"); err == nil && lines != want && lines != want+1 {
			t.Errorf("%d lines, want %d or one more", lines, want)
		}
	})
}
