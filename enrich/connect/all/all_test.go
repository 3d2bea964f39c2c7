package all_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/all"
)

func TestTheCatalogueIsInOrder(t *testing.T) {
	names := []string{}
	for _, kind := range all.Kinds(connect.NewClient(nil)) {
		names = append(names, kind.Name)
		if kind.Doc == "" || !strings.HasSuffix(kind.Doc, ".") {
			t.Errorf("%s: its sentence is %q", kind.Name, kind.Doc)
		}
		if made := reflect.TypeOf(kind.Config()); made.Kind() != reflect.Pointer || made.Elem().Kind() != reflect.Struct {
			t.Errorf("%s: its configuration is a %v, want a pointer to a struct", kind.Name, made)
		}
	}
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("the names are %q, want them sorted and each once", names)
	}
	if !slices.Contains(names, "http") {
		t.Errorf("http is not among %q", names)
	}
}
