package pipefile_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich/pipefile"
)

func TestThreatD26ARightThatAVendorGivesIsWarnedOf(t *testing.T) {
	for name, c := range map[string]struct{ line, want string }{
		"as it came":                 {`custom:role: ${{ steps.a.body.role }}`, "p.yaml:6:3: custom:role is whatever an outside system says\n    if it gives rights, name the values that may be written with one-of"},
		"in capitals, as a map":      {`custom:Is_Admin: { value: "${{steps.a.body.admin}}", mode: if-empty }`, "p.yaml:6:3: custom:Is_Admin is whatever an outside system says\n    if it gives rights, name the values that may be written with one-of"},
		"with its values":            {`custom:role: { value: "${{ steps.a.body.role }}", one-of: [user, guest] }`, ""},
		"decided by the file":        {`custom:role: "${{ steps.a.body.level > 3 ? 'pro' : 'user' }}"`, ""},
		"the same for everybody":     {`custom:role: user`, ""},
		"a name that gives no right": {`custom:company: ${{ steps.a.body.role }}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			source := "version: 1\npools: [eu-west-1_Ab12cd34E]\nsteps:\n  - { id: a, uses: http, with: { url: https://a.example } }\nattributes:\n  " + c.line + "\n"
			warnings, err := pipefile.Lint("p.yaml", []byte(source), &pipefile.Options{Kinds: kinds()})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, w := range warnings {
				got += w.String()
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
