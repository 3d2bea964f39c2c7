package pipefile_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich/pipefile"
)

var update = flag.Bool("update", false, "write the golden files")

// TestBadFiles holds what is said about every file in testdata/bad against its golden file.
func TestBadFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p, err := pipefile.Parse("pipeline.yaml", data, &pipefile.Options{Kinds: kinds()})
			var m *pipefile.Mistakes
			if p != nil || !errors.As(err, &m) {
				t.Fatalf("got %v, %v", p, err)
			}
			checkInside(t, data, m.List)
			golden(t, strings.TrimSuffix(file, ".yaml")+".golden", m.Error()+"\n")
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

// checkInside: every mistake points into the file, in its order, and none is said twice.
func checkInside(t *testing.T, data []byte, all []pipefile.Mistake) {
	t.Helper()
	text := strings.TrimPrefix(string(data), "\ufeff")
	for _, end := range []string{"\r\n", "\r", "\u0085", "\u2028", "\u2029"} {
		text = strings.ReplaceAll(text, end, "\n")
	}
	lines := strings.Split(text, "\n")
	for i, m := range all {
		if m.Line < 1 || m.Line > len(lines) || m.Column < 1 || m.Column > len([]rune(lines[m.Line-1]))+1 {
			t.Errorf("%v points outside of the file", m)
		}
		if m.Message == "" || strings.ContainsAny(m.Message+m.Hint, "\n\r") {
			t.Errorf("%q is not one line", m)
		}
		if i > 0 && (m == all[i-1] || m.Line < all[i-1].Line || m.Line == all[i-1].Line && m.Column < all[i-1].Column) {
			t.Errorf("%v comes after %v", m, all[i-1])
		}
	}
	if len(all) == 0 {
		t.Error("no mistake")
	}
}
