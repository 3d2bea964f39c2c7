package all_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/all"
	"github.com/postconfirm/postconfirm/enrich/connect/reference"
)

var update = flag.Bool("update", false, "write the reference pages")

func TestTheReferencePagesAreWhatTheConnectorsSay(t *testing.T) {
	for _, kind := range all.Kinds(connect.NewClient(nil)) {
		page, err := reference.Page(kind)
		if err != nil {
			t.Error(err)
			continue
		}
		golden(t, filepath.Join("..", kind.Name, "REFERENCE.md"), page)
	}
}

func TestTheIndexNamesEveryConnector(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "weights.json"))
	if err != nil {
		t.Fatal(err)
	}
	weights, err := reference.ReadWeights(data)
	if err != nil {
		t.Fatal(err)
	}
	index, err := reference.Index(all.Kinds(connect.NewClient(nil)), weights)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.Join("..", "CONNECTORS.md"), index)
}

// golden holds a page against the one that is checked in; with -update it writes that.
func golden(t *testing.T, path string, page []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, page, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(path)
	if err != nil {
		t.Errorf("%v; make reference writes it", err)
	} else if diff := cmp.Diff(string(page), string(written)); diff != "" {
		t.Errorf("%s is not what the connector says; make reference mends it (-connector +page):\n%s", path, diff)
	}
}
