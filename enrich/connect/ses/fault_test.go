package ses_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/ses"
	"github.com/postconfirm/postconfirm/enrich/connect/ses/pretend"
)

// Texts of SES that name the recipient, as it sends them to accounts in the sandbox.
const (
	notAllowed  = "User `arn:aws:sts::123456789012:assumed-role/worker/i' is not authorized to perform `ses:SendEmail' on resource `arn:aws:ses:eu-west-1:123456789012:identity/canary.mail@example.com'"
	notVerified = "Email address is not verified. The following identities failed the check in region EU-WEST-1: "
)

// C6-140.
func TestEveryErrorOfSES(t *testing.T) {
	for _, test := range []struct {
		failure pretend.Failure
		kind    enrich.FailureKind
		code    string
		unknown bool
		wait    time.Duration
	}{
		{pretend.Failure{Code: "TooManyRequestsException", Message: "Maximum sending rate exceeded."}, enrich.Throttled, "too_many_requests", false, 0},
		{pretend.Failure{Code: "TooManyRequestsException", RetryAfter: "7"}, enrich.Throttled, "too_many_requests", false, 7 * time.Second},
		{pretend.Failure{Code: "TooManyRequestsException", Message: "Daily message quota exceeded."}, enrich.Throttled, ses.CodeDaily, false, time.Hour},
		{pretend.Failure{Code: "ThrottlingException"}, enrich.Throttled, "throttling", false, 0},
		{pretend.Failure{Code: "Throttling"}, enrich.Throttled, "throttling", false, 0},
		{pretend.Failure{Code: "LimitExceededException"}, enrich.Throttled, "limit_exceeded", false, 0},
		{pretend.Failure{Code: "SendingPausedException"}, enrich.Denied, "sending_paused", false, 0},
		{pretend.Failure{Code: "AccountSuspendedException"}, enrich.Denied, "account_suspended", false, 0},
		{pretend.Failure{Code: "MailFromDomainNotVerifiedException"}, enrich.Denied, "mail_from_domain_not_verified", false, 0},
		{pretend.Failure{Code: "AccessDeniedException", Message: notAllowed}, enrich.Denied, "access_denied", false, 0},
		{pretend.Failure{Code: "ExpiredTokenException"}, enrich.Denied, "expired_token", false, 0},
		{pretend.Failure{Code: "InvalidSignatureException"}, enrich.Denied, "invalid_signature", false, 0},
		{pretend.Failure{Code: "UnrecognizedClientException"}, enrich.Denied, "unrecognized_client", false, 0},
		{pretend.Failure{Code: "MessageRejected", Message: notVerified + "hello@example.com"}, enrich.Denied, ses.CodeSender, false, 0},
		{pretend.Failure{Code: "MessageRejected", Message: notVerified + "Example <hello@example.com>, canary.mail@example.com"}, enrich.Permanent, "message_rejected", false, 0},
		{pretend.Failure{Code: "MessageRejected", Message: "Illegal content: canary.mail@example.com"}, enrich.Permanent, "message_rejected", false, 0},
		{pretend.Failure{Code: "BadRequestException", Message: "Missing final '@domain' in Canary Née"}, enrich.Permanent, "bad_request", false, 0},
		{pretend.Failure{Code: "NotFoundException", Message: "Template welcome does not exist"}, enrich.Permanent, ses.CodeMissing, false, 0},
		{pretend.Failure{Code: "InternalServiceErrorException"}, enrich.Temporary, "internal_service_error", true, 0},
		{pretend.Failure{Code: "InternalFailure"}, enrich.Temporary, "internal_failure", true, 0},
		{pretend.Failure{Code: "ServiceUnavailable", RetryAfter: "30"}, enrich.Temporary, "service_unavailable", true, 30 * time.Second},
		{pretend.Failure{Code: "SomethingNewException"}, enrich.Permanent, "something_new", false, 0},
		{pretend.Failure{Code: "canary.mail@example.com"}, enrich.Permanent, "http_400", false, 0},
		{pretend.Failure{Lost: true}, enrich.Temporary, connect.CodeReset, true, 0},
	} {
		t.Run(test.failure.Code+" "+test.code, func(t *testing.T) {
			outbox, c := open(t)
			c.Template = "welcome"
			outbox.Fail(test.failure)
			_, err := made(t, c).Run(t.Context(), enrich.Call{EffectKey: "k", Vars: vars()})
			e := failure(t, err)
			if e.Kind != test.kind || e.Code != test.code || e.Unknown() != test.unknown || e.RetryAfter != test.wait || !e.Sent {
				t.Errorf("got %+v", e)
			}
			if outbox.Calls() != 1 {
				t.Errorf("SES was called %d times for one mail", outbox.Calls())
			}
			for _, canary := range []string{"canary.mail", "Canary", "canary-secret"} {
				if text := fmt.Sprintf("%v %+v %#v", err, err, errors.Unwrap(err)); strings.Contains(text, canary) {
					t.Errorf("%s is in the error: %s", canary, text)
				}
			}
		})
	}
}

func TestTheSameEffectShowsAsSecondMail(t *testing.T) {
	outbox, c := open(t)
	c.Template = "welcome"
	connector := made(t, c)
	outbox.Fail(pretend.Failure{Lost: true})
	for _, key := range []string{"one", "one", "two"} {
		_, _ = connector.Run(t.Context(), enrich.Call{EffectKey: key, Vars: vars()})
	}
	if len(outbox.Mails()) != 3 || outbox.Repeated() != 1 {
		t.Errorf("%d mails, %d repeated", len(outbox.Mails()), outbox.Repeated())
	}
}

// C6-122, C6-123.
func TestAnAnswerThatSESWouldNotGiveIsUnknown(t *testing.T) {
	for name, body := range map[string]string{"no id": `{}`, "a list": `[]`, "a number": `{"MessageId":1}`, "nothing": "",
		"a long id": `{"MessageId":"` + strings.Repeat("x", 300) + `"}`} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write([]byte(body))
			}))
			defer server.Close()
			client := connect.NewClient(&connect.Options{AllowLoopback: true})
			defer client.Close()
			c := config(t, client, server.URL)
			c.Template = "welcome"
			_, err := made(t, c).Run(t.Context(), enrich.Call{EffectKey: "k", Vars: vars()})
			if e := failure(t, err); !e.Unknown() || e.Kind != enrich.Temporary {
				t.Errorf("got %+v", e)
			}
		})
	}
}

// noCredentials is a chain that has none to give.
type noCredentials struct{}

func (noCredentials) Retrieve(_ context.Context) (aws.Credentials, error) {
	return aws.Credentials{}, errors.New("no EC2 IMDS role found")
}

func TestWhatAnOperatorMendsIsNobodysAttempt(t *testing.T) {
	client := connect.NewClient(&connect.Options{AllowLoopback: true})
	defer client.Close()
	for name, options := range map[string]*ses.Options{
		"no credentials": {Region: "eu-west-1", Endpoint: "http://127.0.0.1:1", Credentials: noCredentials{}},
		"no Region":      {Endpoint: "http://127.0.0.1:1", Credentials: noCredentials{}},
	} {
		t.Run(name, func(t *testing.T) {
			isolate(t)
			c := config(t, client, "")
			fresh := ses.Kind(client, options).Config().(*ses.Config)
			fresh.From, fresh.To, fresh.Greeting, fresh.Locale, fresh.Template = c.From, c.To, c.Greeting, c.Locale, "welcome"
			_, err := made(t, fresh).Run(t.Context(), enrich.Call{EffectKey: "k", Vars: vars()})
			if e := failure(t, err); e.Kind != enrich.Denied || e.Sent {
				t.Errorf("got %+v", e)
			}
		})
	}
	t.Run("a profile that is not there", func(t *testing.T) {
		isolate(t)
		t.Setenv("AWS_PROFILE", "nobody")
		c := config(t, client, "")
		c.Template = "welcome"
		_, err := made(t, c).Run(t.Context(), enrich.Call{EffectKey: "k", Vars: vars()})
		if e := failure(t, err); e.Kind != enrich.Denied || e.Code != ses.CodeSettings || e.Sent {
			t.Errorf("got %+v", e)
		}
	})
}

// isolate hides the AWS settings of the machine that runs the test.
func isolate(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	for name, value := range map[string]string{"AWS_REGION": "", "AWS_DEFAULT_REGION": "", "AWS_PROFILE": "", "AWS_ENDPOINT_URL": "",
		"AWS_CONFIG_FILE": dir + "/config", "AWS_SHARED_CREDENTIALS_FILE": dir + "/credentials", "AWS_EC2_METADATA_DISABLED": "true"} {
		t.Setenv(name, value)
	}
}

func TestTheUsualVariablesAreHonoured(t *testing.T) {
	for _, variable := range []string{"AWS_ENDPOINT_URL_SESV2", "AWS_ENDPOINT_URL"} {
		t.Run(variable, func(t *testing.T) {
			isolate(t)
			outbox := &pretend.Outbox{}
			server := httptest.NewServer(outbox)
			defer server.Close()
			for name, value := range map[string]string{variable: server.URL, "AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"} {
				t.Setenv(name, value)
			}
			client := connect.NewClient(&connect.Options{AllowLoopback: true})
			defer client.Close()
			c := ses.Kind(client, nil).Config().(*ses.Config)
			with := config(t, client, "")
			c.From, c.To, c.Greeting, c.Locale, c.Template = with.From, with.To, with.Greeting, with.Locale, "welcome"
			sent(t, outbox, c, vars())
		})
	}
}
