package amazon_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
)

// wire is an HTTP client that answers what it is told and counts the calls.
type wire struct {
	answer func(r *http.Request) (*http.Response, error)
	calls  int
}

func (w *wire) Do(r *http.Request) (*http.Response, error) {
	w.calls++
	return w.answer(r)
}

func says(status int, kind, body string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		h := http.Header{"Content-Type": {kind}}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r,
			Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(len(body))}, nil
	}
}

func awsError(code, message string) func(*http.Request) (*http.Response, error) {
	return says(400, "application/x-amz-json-1.1", `{"__type":"`+code+`","message":"`+message+`"}`)
}

func fails(err error) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

func directory(t *testing.T, w *wire) *amazon.Directory {
	t.Helper()
	c, err := amazon.Connect(t.Context(), &amazon.ConnectOptions{Region: "eu-west-1", HTTPClient: w, LocalCloud: "http://local.test"})
	if err != nil {
		t.Fatal(err)
	}
	return amazon.NewDirectory(c.Cognito)
}

func TestEveryErrorOfAWriteHasItsClass(t *testing.T) {
	const temporary, throttled, permanent = enrich.Temporary, enrich.Throttled, enrich.Permanent
	for _, c := range []struct {
		name   string
		answer func(*http.Request) (*http.Response, error)
		kind   enrich.FailureKind
		code   string
	}{
		{"TooManyRequestsException", awsError("TooManyRequestsException", "Rate exceeded"), throttled, "too_many_requests"},
		{"LimitExceededException", awsError("LimitExceededException", ""), throttled, "limit_exceeded"},
		{"InternalErrorException", says(500, "application/x-amz-json-1.1", `{"__type":"InternalErrorException"}`), temporary, "internal_error"},
		{"UnexpectedLambdaException", awsError("UnexpectedLambdaException", ""), temporary, "unexpected_lambda"},
		{"ResourceNotFoundException", awsError("ResourceNotFoundException", ""), permanent, "resource_not_found"},
		{"NotAuthorizedException", awsError("NotAuthorizedException", ""), permanent, "not_authorized"},
		{"AliasExistsException", awsError("AliasExistsException", ""), permanent, "alias_exists"},
		{"UserLambdaValidationException", awsError("UserLambdaValidationException", ""), permanent, "user_lambda_validation"},
		{"InvalidLambdaResponseException", awsError("InvalidLambdaResponseException", ""), permanent, "invalid_lambda_response"},
		{"InvalidEmailRoleAccessPolicyException", awsError("InvalidEmailRoleAccessPolicyException", ""), permanent, "invalid_email_role_access_policy"},
		{"InvalidSmsRoleAccessPolicyException", awsError("InvalidSmsRoleAccessPolicyException", ""), permanent, "invalid_sms_role_access_policy"},
		{"InvalidSmsRoleTrustRelationshipException", awsError("InvalidSmsRoleTrustRelationshipException", ""), permanent, "invalid_sms_role_trust_relationship"},
		{"OperationNotEnabledException", awsError("OperationNotEnabledException", ""), permanent, "operation_not_enabled"},
		{"AccessDeniedException, which the SDK does not model", awsError("AccessDeniedException", "no permission"), enrich.Denied, "access_denied"},
		{"an expired token", awsError("ExpiredTokenException", ""), enrich.Denied, "expired_token"},
		{"an error that nobody knows yet", awsError("BrandNewException", "canary"), permanent, "brand_new"},
		{"500 with an empty body", says(500, "", ""), temporary, ""},
		{"502 with an HTML page", says(502, "text/html", "<html>canary</html>"), temporary, ""},
		{"503 with garbage", says(503, "application/x-amz-json-1.1", "{canary"), temporary, ""},
		{"a name that does not resolve", fails(&net.DNSError{Err: "no such host", Name: "x", IsNotFound: true}), temporary, "dns"},
		{"a time-out", fails(context.DeadlineExceeded), temporary, "timeout"},
		{"a reset", fails(errors.New("read: connection reset by peer")), temporary, "network"},
	} {
		t.Run("C6-141 "+c.name, func(t *testing.T) {
			w := &wire{answer: c.answer}
			err := directory(t, w).Write(t.Context(), "pool", "user", []worker.Value{{Name: "custom:x", Text: "canary"}})
			f := enrich.Failure(err)
			if err == nil || f.Kind != c.kind || c.code != "" && f.Code != c.code {
				t.Errorf("got %v %q (%v), want %v %q", f.Kind, f.Code, err, c.kind, c.code)
			}
			if w.calls != 1 {
				t.Errorf("%d calls: the worker has the only retry loop", w.calls)
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("the error carries a value: %v", err)
			}
		})
	}
}

func TestARefusedAttributeIsNamed(t *testing.T) {
	values := []worker.Value{{Name: "custom:plan", Text: "x"}, {Name: "custom:plan_name", Text: "y"}, {Name: "website", Text: "z"}}
	for _, c := range []struct{ name, message, want string }{
		{"by its name", "user.custom:plan: Attribute does not exist in the schema.", "custom:plan"},
		{"by the longest name that fits", "Attributes did not conform to the schema: custom:plan_name: too long", "custom:plan_name"},
		{"by its place", "1 validation error detected: Value at 'userAttributes.3.member.value' failed to satisfy constraint", "website"},
		{"not at all", "One or more of the attributes is invalid", ""},
		{"by a place that is not there", "Value at 'userAttributes.9.member.value' failed", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := directory(t, &wire{answer: awsError("InvalidParameterException", c.message)}).Write(t.Context(), "pool", "user", values)
			var rejected *worker.Rejected
			if !errors.As(err, &rejected) || rejected.Attribute != c.want {
				t.Errorf("got %v, want the attribute %q", err, c.want)
			}
		})
	}
}

func TestAMissingUserIsNoFailure(t *testing.T) {
	_, err := directory(t, &wire{answer: awsError("UserNotFoundException", "User does not exist.")}).User(t.Context(), "pool", "user")
	if !errors.Is(err, worker.ErrNoUser) {
		t.Errorf("got %v", err)
	}
}

func TestAHangingPoolIsLeftAfterItsTime(t *testing.T) {
	w := &wire{answer: func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := directory(t, w).User(ctx, "pool", "user")
	if f := enrich.Failure(err); f.Code != "timeout" || f.Kind != enrich.Temporary {
		t.Errorf("got %v", err)
	}
}

func TestQueueURLs(t *testing.T) {
	for _, c := range []struct{ name, url, want string }{
		{"a queue of this Region", "https://sqs.eu-west-1.amazonaws.com/123456789012/confirmed", ""},
		{"a local queue", "http://127.0.0.1:4566/000000000000/confirmed", ""},
		{"a queue of another Region", "https://sqs.us-east-1.amazonaws.com/123456789012/confirmed", "AWS_REGION=us-east-1"},
		{"a FIFO queue", "https://sqs.eu-west-1.amazonaws.com/123456789012/confirmed.fifo", "FIFO"},
		{"an ARN", "arn:aws:sqs:eu-west-1:123456789012:confirmed", "no queue URL"},
		{"a name", "confirmed", "no queue URL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := amazon.CheckQueueURL(c.url, "eu-west-1")
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
