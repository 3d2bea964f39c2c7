package cloudformation_test

import (
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/cloudformation"
)

func TestWithPoolIsMadeFromTheTemplate(t *testing.T) {
	want, err := cloudformation.WithPool(read(t, "template.yaml"), read(t, "parts/pool.yaml"), read(t, "parts/outputs.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("with-pool.yaml", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, read(t, "with-pool.yaml")); diff != "" {
		t.Errorf("with-pool.yaml is old; go test ./deploy/cloudformation -update writes it:\n%s", diff)
	}
}

func TestTemplatesKeepTheRules(t *testing.T) {
	for _, file := range []string{"template.yaml", "with-pool.yaml"} {
		t.Run(file, func(t *testing.T) {
			w := world(t)
			if file == "with-pool.yaml" {
				for _, values := range w.Values {
					delete(values, "UserPoolId")
				}
			}
			faults := cloudformation.Run([]byte(read(t, file)), w)
			for _, check := range slices.Sorted(maps.Keys(faults)) {
				for _, fault := range faults[check] {
					t.Errorf("%s: %s", check, fault)
				}
			}
		})
	}
}
