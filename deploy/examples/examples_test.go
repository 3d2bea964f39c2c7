package examples_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/postconfirm/postconfirm/deploy/examples"
)

func TestEveryExampleIsGivenAsItStands(t *testing.T) {
	paths, err := filepath.Glob("*/pipeline.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%v %v", paths, err)
	}
	for _, path := range paths {
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := examples.Pipeline(filepath.Dir(path)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %v, %d bytes, want %d", path, err, len(got), len(want))
		}
	}
}

func TestAnExampleThatIsNoneIsRefused(t *testing.T) {
	for _, name := range []string{"", "nowhere", "../onebox", "/etc"} {
		if data, err := examples.Pipeline(name); err == nil {
			t.Errorf("%q gave %d bytes", name, len(data))
		}
	}
}
