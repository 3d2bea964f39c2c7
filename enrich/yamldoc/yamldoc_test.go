package yamldoc_test

import (
	"errors"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/postconfirm/postconfirm/enrich/yamldoc"
)

func read(text string, k yamldoc.Kind) (*yamldoc.Reader, *yaml.Node) {
	r := yamldoc.NewReader([]byte(text), k)
	return r, r.Load()
}

// TestMessagesNameTheKindOfDocument: a person with a policy must not read of pipelines.
func TestMessagesNameTheKindOfDocument(t *testing.T) {
	recipe := yamldoc.Kind{Name: "recipe"}
	for name, tt := range map[string]struct {
		text string
		kind yamldoc.Kind
		says []string
	}{
		"an anchor":         {"a: &x 1", recipe, []string{"f:1:4: anchors (&) and aliases (*) are no part of a recipe file"}},
		"an alias":          {"a: *x", recipe, []string{"f:1:", "are no part of a recipe file"}},
		"merging":           {"<<: {a: 1}", recipe, []string{"merging (<<) is no part of a recipe file"}},
		"a tag":             {"a: !x 1", recipe, []string{"tags like !x are no part of a recipe file", `a text that starts with "!" must stand in quotes`}},
		"a tag with a hint": {"a: !x 1", yamldoc.Kind{Name: "recipe", TagHint: "write not x"}, []string{"write not x"}},
		"two documents":     {"a: 1\n---\nb: 2", recipe, []string{"f:2:", "a second document", "one file holds one recipe"}},
		"too large":         {"a: 1", yamldoc.Kind{Name: "recipe", Max: 3}, []string{"f:1:1: the file is larger than 3 bytes"}},
		"larger than any":   {strings.Repeat("#", yamldoc.DefaultMax+1), recipe, []string{"larger than 1048576 bytes"}},
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := read(tt.text, tt.kind)
			err := r.Err("f")
			var mistakes *yamldoc.Mistakes
			if !errors.As(err, &mistakes) {
				t.Fatal(err)
			}
			for _, words := range tt.says {
				if !strings.Contains(err.Error(), words) {
					t.Errorf("no %q in\n%v", words, err)
				}
			}
		})
	}
}

func TestMistakesAreCountedAndMayBeForgotten(t *testing.T) {
	r, root := read("a: 1\nb: &x 2\n", yamldoc.Kind{Name: "recipe"})
	keys := r.Keys(root, "a recipe", []string{"a", "b", "c"}, nil)
	if r.Found() != 1 || r.Failures() != 1 || !r.Refused(keys["b"].Value) || !keys["c"].Missing() || !keys["a"].Present() {
		t.Fatalf("%d, %d", r.Found(), r.Failures())
	}
	if _, ok := r.Text(keys["b"].Value, "b"); ok || r.Found() != 1 || r.Failures() != 2 {
		t.Error("a node that was refused was told of again")
	}
	if _, ok := r.Text(keys["a"].Value, "a"); ok || r.Found() != 2 {
		t.Error("a number was taken for a text")
	}
	r.Warn(keys["a"].Key, "odd", "")
	r.Forget(0)
	if err := r.Err("f"); err != nil || len(r.Warnings("f")) != 1 {
		t.Errorf("%v, %v", err, r.Warnings("f"))
	}
	r.Mistake(99, 99, "beyond", "")
	if err := r.Err("f"); err == nil || err.Error() != "f:3:1: beyond" {
		t.Error(err)
	}
}
