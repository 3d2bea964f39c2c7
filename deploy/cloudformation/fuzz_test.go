package cloudformation_test

import (
	"testing"

	"github.com/postconfirm/postconfirm/deploy/cloudformation"
)

// Whatever is in a template, reading and computing it ends, with an error or without.
func FuzzTemplate(f *testing.F) {
	f.Add(small)
	f.Add("Conditions: { A: !Condition B, B: !Condition A }\nResources: { X: { Condition: A, Properties: { Y: !If [A, {\"Fn::GetAtt\": []}, !Ref Z] } } }")
	f.Add("Resources: { X: { Properties: { Y: { Fn::GetAtt: A.B }, Z: !Sub \"${}${A.}${!B}\", W: { Fn::Equals: [[1], {}] } } } }\nConditions: { A: { Fn::Not: [{}] } }")
	f.Fuzz(func(t *testing.T, text string) {
		whole, err := cloudformation.Read([]byte(text))
		if err != nil {
			return
		}
		got, err := whole.Resolve(map[string]string{"Kind": "b"})
		if got == nil {
			t.Fatalf("nothing, and %v", err)
		}
		if err == nil && len(got.Resources) > len(whole.Resources) {
			t.Errorf("%d resources of %d", len(got.Resources), len(whole.Resources))
		}
	})
}
