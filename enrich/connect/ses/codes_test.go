package ses_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/ses"
	"github.com/postconfirm/postconfirm/enrich/connect/ses/pretend"
	"github.com/postconfirm/postconfirm/enrich/enrichtest"
)

func TestThePageHasTheCodesAndNoOthers(t *testing.T) {
	page := ses.Kind(connect.NewClient(nil), nil).Page
	enrichtest.Sources(t, page, map[string]string{"connect": ".."})
	scenes := []enrichtest.Scene{
		mailed(ses.CodeRecipient, func(t *testing.T, c *ses.Config) { c.To = template(t, "${{ user.none }}") }),
		mailed(ses.CodeBadValue, func(t *testing.T, c *ses.Config) { c.To = template(t, "${{ user.email - 1 }}") }),
		mailed(ses.CodeTooLarge, func(_ *testing.T, c *ses.Config) {
			c.Template, c.Subject = "", "Long"
			c.Text = strings.Repeat("x", ses.MaxText-10) + "{{.company}}"
		}),
		{Code: ses.CodeSettings, Kind: enrich.Denied, Fail: func(t *testing.T) error { return unsettled(t, &ses.Options{}) }},
		{Code: "no_credentials", Kind: enrich.Denied, Fail: func(t *testing.T) error {
			return unsettled(t, &ses.Options{Region: "eu-west-1", Credentials: noCredentials{}})
		}},
		{Code: "network", Kind: enrich.Temporary, Fail: func(t *testing.T) error {
			return unsettled(t, &ses.Options{Region: "eu-west-1", Endpoint: "%", Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")})
		}},
		{Code: ses.CodeNoID, Kind: enrich.Temporary, Fail: withoutID},
		answered("daily_quota", enrich.Throttled, pretend.Failure{Code: "TooManyRequestsException", Message: "Daily message quota exceeded."}),
		answered(ses.CodeSender, enrich.Denied, pretend.Failure{Code: "MessageRejected", Message: notVerified + "hello@example.com"}),
		answered(ses.CodeMissing, enrich.Permanent, pretend.Failure{Code: "NotFoundException"}),
	}
	for kind, names := range map[enrich.FailureKind]map[string]string{
		enrich.Denied: {"access_denied": "AccessDeniedException", "expired_token": "ExpiredTokenException", "invalid_signature": "InvalidSignatureException",
			"unrecognized_client": "UnrecognizedClientException", "signature_does_not_match": "SignatureDoesNotMatch", "incomplete_signature": "IncompleteSignature",
			"invalid_client_token_id": "InvalidClientTokenId", "missing_authentication_token": "MissingAuthenticationToken", "request_expired": "RequestExpired",
			"opt_in_required": "OptInRequired", "sending_paused": "SendingPausedException", "account_suspended": "AccountSuspendedException",
			"mail_from_domain_not_verified": "MailFromDomainNotVerifiedException"},
		enrich.Throttled: {"too_many_requests": "TooManyRequestsException", "throttling": "ThrottlingException", "limit_exceeded": "LimitExceededException",
			"request_limit_exceeded": "RequestLimitExceeded"},
		enrich.Permanent: {"message_rejected": "MessageRejected", "bad_request": "BadRequestException", "something_new": "SomethingNewException"},
		enrich.Temporary: {"internal_service_error": "InternalServiceErrorException", "internal_failure": "InternalFailure", "service_unavailable": "ServiceUnavailable",
			"transaction_conflict": "TransactionConflictException"},
	} {
		for code, name := range names {
			scenes = append(scenes, answered(code, kind, pretend.Failure{Code: name}))
		}
	}
	enrichtest.Codes(t, page, scenes)
}

// answered is a mail that SES answers with a failure.
func answered(code string, kind enrich.FailureKind, failure pretend.Failure) enrichtest.Scene {
	return enrichtest.Scene{Code: code, Kind: kind, Fail: func(t *testing.T) error {
		outbox, c := open(t)
		c.Template = "welcome"
		outbox.Fail(failure)
		_, err := made(t, c).Run(t.Context(), enrich.Call{EffectKey: "k", Vars: vars()})
		return err
	}}
}

// mailed is a mail that is never sent.
func mailed(code string, fill func(*testing.T, *ses.Config)) enrichtest.Scene {
	return enrichtest.Scene{Code: code, Kind: enrich.Permanent, Fail: func(t *testing.T) error {
		_, c := open(t)
		c.Template = "welcome"
		fill(t, c)
		_, err := made(t, c).Run(t.Context(), enrich.Call{EffectKey: "k", Vars: vars()})
		return err
	}}
}

// unsettled is a mail of a deployment with these options, and nothing else to know AWS by.
func unsettled(t *testing.T, o *ses.Options) error {
	isolate(t)
	client := connect.NewClient(nil)
	defer client.Close()
	with, c := config(t, client, ""), ses.Kind(client, o).Config().(*ses.Config)
	c.From, c.To, c.Greeting, c.Locale, c.Template = with.From, with.To, with.Greeting, with.Locale, "welcome"
	_, err := made(t, c).Run(t.Context(), enrich.Call{EffectKey: "k", Vars: vars()})
	return err
}

// withoutID is a mail that is taken without a word.
func withoutID(t *testing.T) error {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("{}"))
	}))
	defer server.Close()
	client := connect.NewClient(&connect.Options{AllowLoopback: true})
	defer client.Close()
	c := config(t, client, server.URL)
	c.Template = "welcome"
	_, err := made(t, c).Run(t.Context(), enrich.Call{EffectKey: "k", Vars: vars()})
	return err
}
