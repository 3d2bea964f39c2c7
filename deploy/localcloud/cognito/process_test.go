package cognito_test

import (
	"os"
	"testing"
	"time"

	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/postconfirm/postconfirm/deploy/localcloud/function"
)

// A real program, built with AWS's own library, under the Runtime API, called by a confirmation.
func TestARealProgramIsCalled(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := function.New([]string{exe}, &function.Options{
		Name: "trigger", Environment: map[string]string{role: "lambda", "GOCOVERDIR": t.TempDir()}, Timeout: time.Minute, Init: time.Minute,
	})
	t.Cleanup(func() { _ = p.Close() })
	w := newWorld(t, nil)
	pool := w.pool(func(in *idp.CreateUserPoolInput) { in.LambdaConfig = triggers("", p.ARN()) })
	app := w.app(pool, nil)
	w.service.RegisterFunction(p.ARN(), p)
	for name, c := range map[string]struct{ given, code, text string }{
		"it hands the event back": {given: "Ann"},
		"it returns an error":     {"fail", "UserLambdaValidationException", "PostConfirmation failed with error not today."},
		"it falls over":           {"exit", "UnexpectedLambdaException", "PostConfirmation invocation failed due to error Runtime.ExitError."},
	} {
		t.Run(name, func(t *testing.T) {
			user := c.given + "@example.com"
			w.join(app, user, attr("given_name", c.given))
			err := w.confirm(app, user)
			if c.code != "" {
				refused(t, err, c.code, c.text)
			} else if err != nil {
				t.Error(err)
			}
			if status, _ := w.user(pool, user); status != types.UserStatusTypeConfirmed {
				t.Errorf("the user is %s", status)
			}
		})
	}
}
