package iam_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/deploy/iam"
)

func TestTheTruthKnowsEveryProgram(t *testing.T) {
	truth, err := iam.Truth()
	if err != nil {
		t.Fatal(err)
	}
	for program, want := range map[string]string{iam.Trigger: "sqs:SendMessage", iam.PreSign: "cognito-idp:ListUsers", iam.Daemon: "sqs:ReceiveMessage",
		iam.Function: "sqs:ChangeMessageVisibility", "postconfirm attach": "cognito-idp:UpdateUserPool", "postconfirm forget": "dynamodb:PutItem"} {
		if !slices.Contains(truth[program], want) {
			t.Errorf("%s does not call %s: %v", program, want, truth[program])
		}
	}
	if got := truth[iam.Trigger]; len(got) != 1 {
		t.Errorf("the trigger calls %v, and may call SQS only", got)
	}
	for program, actions := range truth {
		if !slices.IsSorted(actions) {
			t.Errorf("%s: %v is not sorted", program, actions)
		}
		for _, a := range actions {
			if strings.HasPrefix(program, "postconfirm ") && strings.HasPrefix(a, "cognito-idp:UpdateUserPool") && program != "postconfirm attach" && program != "postconfirm detach" {
				t.Errorf("%s may write a pool's settings", program)
			}
		}
	}
}

func TestUnion(t *testing.T) {
	truth := map[string][]string{"a": {"x:B", "x:C"}, "b": {"x:A", "x:C"}}
	if got, err := iam.Union(truth, "a", "b"); err != nil || !slices.Equal(got, []string{"x:A", "x:B", "x:C"}) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := iam.Union(truth, "a", "c"); err == nil {
		t.Error("a program that nobody knows is no error")
	}
}

func TestActionsAreNamedAsIAMDoes(t *testing.T) {
	for call, want := range map[[2]string]string{
		{"sqs", "DeleteMessageBatch"}:               "sqs:DeleteMessage",
		{"sqs", "SendMessage"}:                      "sqs:SendMessage",
		{"sesv2", "SendEmail"}:                      "ses:SendEmail",
		{"cognitoidentityprovider", "AdminGetUser"}: "cognito-idp:AdminGetUser",
		{"s3", "HeadObject"}:                        "s3:GetObject",
		{"sts", "AssumeRoleWithWebIdentity"}:        "",
	} {
		if got, err := iam.Action(call[0], call[1]); err != nil || got != want {
			t.Errorf("%v: %q, %v, want %q", call, got, err, want)
		}
	}
	if got, err := iam.Action("route53", "ListHostedZones"); err == nil {
		t.Errorf("an unknown service is %q, and no error", got)
	}
}

func TestEveryRightBesideTheCodeSaysWhy(t *testing.T) {
	for _, program := range []string{iam.Trigger, iam.PreSign, iam.Daemon, iam.Function} {
		for _, r := range iam.Beside(program) {
			if len(r.Why) < 20 || !strings.Contains(r.Action, ":") {
				t.Errorf("%s: %+v", program, r)
			}
		}
	}
	if got := iam.Beside("postconfirm try"); got != nil {
		t.Errorf("a command has %v", got)
	}
}
