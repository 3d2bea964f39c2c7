package cloudformation_test

import (
	"encoding/json"
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

// The limit of a template that is sent with the call, not by way of a bucket (AWS CloudFormation User Guide, quotas); and
// that of a managed policy, without blanks (IAM User Guide, quotas).
const (
	maxTemplate = 51200
	maxPolicy   = 6144
)

func TestTemplatesAreSmallEnoughToBeSent(t *testing.T) {
	for _, file := range []string{"template.yaml", "with-pool.yaml"} {
		if size := len(read(t, file)); size > maxTemplate {
			t.Errorf("%s has %d bytes; CloudFormation takes %d", file, size, maxTemplate)
		}
	}
	whole, err := cloudformation.Read([]byte(read(t, "template.yaml")))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range deployments() {
		resolved, err := whole.Resolve(values)
		if err != nil {
			t.Fatal(err)
		}
		for policy, r := range resolved.Resources {
			if r.Type != "AWS::IAM::ManagedPolicy" {
				continue
			}
			text, _ := json.Marshal(r.Properties["PolicyDocument"])
			if len(text)+1000 > maxPolicy { // a thousand for names that are longer than those here
				t.Errorf("%s of %s has %d characters; IAM takes %d", policy, name, len(text), maxPolicy)
			}
		}
	}
}
