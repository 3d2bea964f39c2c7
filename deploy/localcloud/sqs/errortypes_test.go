package sqs_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	local "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
)

// modelled lists the error types of the SDK, from its source.
func modelled(t *testing.T) (names []string) {
	t.Helper()
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", reflect.TypeFor[types.OverLimit]().PkgPath()).Output()
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(dir)), "errors.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "ErrorCode" {
			names = append(names, f.Recv.List[0].Type.(*ast.StarExpr).X.(*ast.Ident).Name)
		}
	}
	return names
}

// absent are the error types that can't come up here, and why.
var absent = map[string]string{
	"InvalidIdFormat": "deprecated; receipt handles have an error of their own",
	"InvalidSecurity": "signatures and transport are not checked",
	"KmsAccessDenied": "nothing is encrypted", "KmsDisabled": "nothing is encrypted", "KmsInvalidKeyUsage": "nothing is encrypted",
	"KmsInvalidState": "nothing is encrypted", "KmsNotFound": "nothing is encrypted", "KmsOptInRequired": "nothing is encrypted",
	"KmsThrottled": "nothing is encrypted",
}

// provoked are the errors that need more than one call, beside those of TestErrors.
var provoked = map[string]func(w world, c *localcloud.Cloud, q string) error{
	"QueueDeletedRecently": func(w world, _ *localcloud.Cloud, q string) error {
		if _, err := w.sdk.DeleteQueue(w.Context(), &sqs.DeleteQueueInput{QueueUrl: &q}); err != nil {
			w.Fatal(err)
		}
		_, err := w.sdk.CreateQueue(w.Context(), &sqs.CreateQueueInput{QueueName: aws.String("q")})
		return err
	},
	"PurgeQueueInProgress": func(w world, _ *localcloud.Cloud, q string) (err error) {
		for range 2 {
			_, err = w.sdk.PurgeQueue(w.Context(), &sqs.PurgeQueueInput{QueueUrl: &q})
		}
		return err
	},
	"OverLimit": func(w world, _ *localcloud.Cloud, q string) (err error) {
		w.send(q, "a", "b")
		for range 2 {
			_, err = w.sdk.ReceiveMessage(w.Context(), &sqs.ReceiveMessageInput{QueueUrl: &q})
		}
		return err
	},
	"MessageNotInflight": func(w world, _ *localcloud.Cloud, q string) error {
		w.send(q, "a")
		m := w.want(q, 0, "a")[0]
		if err := w.hide(q, m, 0); err != nil {
			w.Fatal(err)
		}
		return w.hide(q, m, 10)
	},
	"ReceiptHandleIsInvalid": func(w world, _ *localcloud.Cloud, q string) error {
		_, err := w.sdk.DeleteMessage(w.Context(), &sqs.DeleteMessageInput{QueueUrl: &q, ReceiptHandle: aws.String("made up")})
		return err
	},
	"RequestThrottled": func(w world, c *localcloud.Cloud, q string) (err error) {
		if err := c.SetFault("sqs", "PurgeQueue", localcloud.Fault{Throttle: 0.1}); err != nil {
			w.Fatal(err)
		}
		for range 2 {
			_, err = w.sdk.PurgeQueue(w.Context(), &sqs.PurgeQueueInput{QueueUrl: &q})
		}
		return err
	},
}

func TestEveryErrorTypeOfTheSDKComesUpOrHasAReasonNotTo(t *testing.T) {
	seen := map[string]bool{}
	for _, test := range refusals() {
		if test.as != nil {
			seen[reflect.TypeOf(test.as).Elem().Elem().Name()] = true
		}
	}
	for name, provoke := range provoked {
		suffer(t, 0, "*", localcloud.Fault{}, func(w world, c *localcloud.Cloud) {
			c.Register(local.New(&local.Options{InFlightLimit: 1}))
			err := provoke(w, c, w.queue("q", nil))
			var e smithy.APIError
			if !errors.As(err, &e) || reflect.TypeOf(e).Elem().Name() != name {
				t.Errorf("%s: got %v (%T)", name, err, e)
			}
			seen[name] = true
		})
	}
	for _, name := range modelled(t) {
		if why := absent[name]; seen[name] == (why != "") {
			t.Errorf("%s: seen %v, absent because %q", name, seen[name], why)
		}
	}
}
