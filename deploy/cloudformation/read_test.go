package cloudformation_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/cloudformation"
)

const small = `
Parameters:
  Kind: { Type: String, Default: a, AllowedValues: [a, b] }
  Size: { Type: Number, Default: 5 }
Rules:
  BIsBig: { RuleCondition: !Equals [!Ref Kind, b], Assertions: [{ Assert: !Not [!Equals [!Ref Size, 5]], AssertDescription: b wants a size. }] }
Mappings:
  Sizes: { a: { Bytes: 10 }, b: { Bytes: 20 } }
Conditions:
  IsB: !Equals [!Ref Kind, b]
  IsBigB: !And [!Condition IsB, !Not [!Equals [!Ref Size, 5]]]
  IsAny: !Or [!Condition IsB, !Equals [!Ref Kind, a]]
Resources:
  One:
    Type: X
    Properties:
      Bytes: !FindInMap [Sizes, !Ref Kind, Bytes]
      Arn: !Sub "arn:${AWS::Region}:${Two.Arn}/${Kind}/${!Literal}"
      Left: !If [IsB, out, !Ref AWS::NoValue]
      List: [!Ref Two, !If [IsBigB, 1, !Ref AWS::NoValue], !If [IsAny, true, 1.5]]
  Two: { Type: Y, DependsOn: One, DeletionPolicy: Retain, UpdateReplacePolicy: Retain }
  Three: { Type: Z, Condition: IsB }
Outputs:
  Always: { Value: !GetAtt Two.Arn }
  Sometimes: { Condition: IsB, Value: !Ref Three }
`

func TestATemplateIsComputedForItsParameters(t *testing.T) {
	whole, err := cloudformation.Read([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		values map[string]string
		want   map[string]any
		three  bool
	}{
		"defaults": {nil, map[string]any{"Bytes": 10, "Arn": "arn:eu-west-1:<Two.Arn>/a/${!Literal}", "List": []any{"<Two>", true}}, false},
		"another kind": {map[string]string{"Kind": "b", "Size": "6"},
			map[string]any{"Bytes": 20, "Arn": "arn:eu-west-1:<Two.Arn>/b/${!Literal}", "Left": "out", "List": []any{"<Two>", 1, true}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := whole.Resolve(tt.values)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got.Resources["One"].Properties); diff != "" {
				t.Error(diff)
			}
			_, three := got.Resources["Three"]
			_, sometimes := got.Outputs["Sometimes"]
			if three != tt.three || sometimes != tt.three || got.Outputs["Always"]["Value"] != "<Two.Arn>" {
				t.Errorf("Three %v, outputs %v", three, got.Outputs)
			}
		})
	}
}

func TestWhatCantBeComputedIsAnError(t *testing.T) {
	for name, tt := range map[string]struct {
		from, to string
		values   map[string]string
		want     string
	}{
		"a value that is not allowed":        {"", "", map[string]string{"Kind": "c"}, `parameter Kind: "c" is none of`},
		"a parameter that is not there":      {"", "", map[string]string{"Colour": "red"}, "no parameter Colour"},
		"a rule that does not hold":          {"", "", map[string]string{"Kind": "b"}, "rule BIsBig: b wants a size."},
		"a reference to nothing":             {"!Ref Two", "!Ref Too", nil, "nothing is called Too"},
		"an attribute of nothing":            {"!GetAtt Two.Arn", "!GetAtt Too.Arn", nil, "no resource Too"},
		"a Sub of nothing":                   {"${Kind}", "${Kinds}", nil, "nothing is called Kinds"},
		"a condition that is not there":      {"!If [IsB,", "!If [IsC,", nil, "no condition IsC"},
		"a resource's condition":             {"Condition: IsB }", "Condition: IsC }", nil, "no condition IsC"},
		"an entry that is not there":         {"Sizes, !Ref Kind", "Size, !Ref Kind", nil, "no entry"},
		"a parameter without a value":        {"Default: a, ", "", nil, "parameter Kind has no value"},
		"If with two arguments":              {"!If [IsB, out, !Ref AWS::NoValue]", "!If [IsB, out]", nil, "Fn::If wants three"},
		"FindInMap with two arguments":       {", Bytes]", "]", nil, "Fn::FindInMap wants three"},
		"a function that is not known there": {"!If [IsB, out, !Ref AWS::NoValue]", "{ \"Fn::Cidr\": [1] }", nil, "Fn::Cidr is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			whole, err := cloudformation.Read([]byte(strings.Replace(small, tt.from, tt.to, 1)))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := whole.Resolve(tt.values); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

func TestWhatCantBeReadIsAnError(t *testing.T) {
	for name, tt := range map[string][2]string{
		"no YAML":                     {"a: [", "cloudformation: read:"},
		"nothing":                     {"", "want one document"},
		"a key twice":                 {"Resources: { A: { Type: X, Type: Y } }", "Type is there twice"},
		"an alias":                    {"a: &x 1\nb: *x", "an alias"},
		"an intrinsic of no kind":     {"a: !Reff B", "!Reff is not known"},
		"GetAtt without an attribute": {"a: !GetAtt Queue", "want RESOURCE.ATTRIBUTE"},
		"inside of a list":            {"a: [!Reff B]", "!Reff is not known"},
		"inside of an intrinsic":      {"a: !If [x, !Reff B, c]", "!Reff is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := cloudformation.Read([]byte(tt[0])); err == nil || !strings.Contains(err.Error(), tt[1]) {
				t.Errorf("%v, want %q", err, tt[1])
			}
		})
	}
}

func TestAPoolIsPutInOnlyWhereTheMarksAreWhole(t *testing.T) {
	const whole = "x\nParameters:\n  # existing pool only: begin\n  UserPoolId: {}\n  # existing pool only: end\n# existing pool only: pool\nA: !Ref UserPoolId\n# existing pool only: outputs\n"
	got, err := cloudformation.WithPool(whole, "POOL\n", "OUT\n")
	if err != nil || !strings.HasSuffix(got, "Parameters:\nPOOL\nA: !Ref Pool\nOUT\n") {
		t.Errorf("%q, %v", got, err)
	}
	for _, mark := range []string{"Parameters:", "begin", "end", "only: pool", "only: outputs"} {
		if _, err := cloudformation.WithPool(strings.Replace(whole, mark, "", 1), "", ""); err == nil {
			t.Errorf("without %q there is no error", mark)
		}
	}
}
