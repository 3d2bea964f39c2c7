package pipefile_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/pipefile"
)

// FuzzParse: whatever the bytes, there is either a pipeline that can run, or mistakes that point into the file.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/good/*.yaml", "testdata/bad/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatal(files, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	o := &pipefile.Options{Kinds: kinds()}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := pipefile.Parse("x", data, o)
		if err == nil {
			checkRunnable(t, p)
			return
		}
		var m *pipefile.Mistakes
		if p != nil || !errors.As(err, &m) {
			t.Fatalf("got %v, %v", p, err)
		}
		checkInside(t, data, m.List)
	})
}

func checkRunnable(t *testing.T, p *enrich.Pipeline) {
	t.Helper()
	if len(p.Pools) == 0 || p.Limits.CognitoWrites < 1 || p.Limits.CognitoWrites > 25 || !slices.IsSorted(p.Secrets) {
		t.Errorf("got %+v", p)
	}
	ids := []string{enrich.AttributesStep}
	for _, s := range p.Steps {
		for _, need := range s.Needs {
			if !slices.Contains(ids, need) {
				t.Errorf("the step %s stands before %s", s.ID, need)
			}
		}
		if s.Connector == nil || s.ID == "" || slices.Contains(ids, s.ID) || s.Timeout <= 0 {
			t.Errorf("got %+v", s)
		}
		ids = append(ids, s.ID)
	}
	for _, source := range p.Sources() {
		if !slices.Contains(ids, source) || p.AfterWrite(source) {
			t.Errorf("the attributes can't read %s", source)
		}
	}
	for _, a := range p.Attributes {
		if reason, ok := enrich.Writable(a.Name); !ok || a.Value == nil {
			t.Errorf("the attribute %q: %s", a.Name, reason)
		}
	}
}
