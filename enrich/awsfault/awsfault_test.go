package awsfault_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/awsfault"
)

// answer is an error as the SDK wraps it: operation, HTTP answer, the service's own code.
func answer(status int, code string) error {
	var inner error = errors.New("deserialization failed, canary")
	if code != "" {
		inner = &smithy.GenericAPIError{Code: code, Message: "canary of somebody"}
	}
	response := &smithyhttp.Response{Response: &http.Response{StatusCode: status}}
	return &smithy.OperationError{ServiceID: "DynamoDB", OperationName: "PutItem", Err: &smithyhttp.ResponseError{Response: response, Err: inner}}
}

func operation(err error) error {
	return &smithy.OperationError{ServiceID: "DynamoDB", OperationName: "PutItem", Err: err}
}

func TestEveryErrorHasItsClass(t *testing.T) {
	const temporary, throttled, permanent, denied = enrich.Temporary, enrich.Throttled, enrich.Permanent, enrich.Denied
	for _, c := range []struct {
		name    string
		err     error
		kind    enrich.FailureKind
		code    string
		unknown bool // the call may have had its effect
	}{
		{"a table beyond its capacity", answer(400, "ProvisionedThroughputExceededException"), throttled, "provisioned_throughput_exceeded", false},
		{"ThrottlingException", answer(400, "ThrottlingException"), throttled, "throttling", false},
		{"an account beyond its capacity", answer(400, "RequestLimitExceeded"), throttled, "request_limit_exceeded", false},
		{"TooManyRequestsException", answer(400, "TooManyRequestsException"), throttled, "too_many_requests", false},
		{"a code with its namespace", answer(400, "KMS.ThrottlingException"), throttled, "throttling", false},
		{"an expired token", answer(400, "ExpiredTokenException"), denied, "expired_token", false},
		{"a missing table", answer(400, "ResourceNotFoundException"), permanent, "resource_not_found", false},
		{"a request that is not valid", answer(400, "ValidationException"), permanent, "validation", false},
		{"a write that met another", answer(400, "TransactionConflictException"), temporary, "transaction_conflict", false},
		{"a code that nobody knows yet", answer(400, "BrandNewException"), permanent, "brand_new", false},
		{"an error inside the service", answer(500, "InternalServerError"), temporary, "internal_server_error", true},
		{"a service that is not there", answer(503, "ServiceUnavailable"), temporary, "service_unavailable", true},
		{"a gateway's page", answer(502, ""), temporary, "http_502", true},
		{"an answer that can't be read", answer(200, ""), temporary, "http_200", true},
		{"a reset", operation(errors.New("read: connection reset by peer, canary")), temporary, "network", true},
		{"a time-out", operation(fmt.Errorf("canary: %w", context.DeadlineExceeded)), temporary, "timeout", true},
		{"a caller that left", operation(fmt.Errorf("canary: %w", context.Canceled)), temporary, "interrupted", true},
		{"a name that does not resolve", operation(&net.DNSError{Err: "no such host", Name: "x"}), temporary, "dns", true},
		{"no credentials", operation(errors.New("get identity: get credentials: canary")), denied, "no_credentials", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := awsfault.Of(c.err)
			if f.Kind != c.kind || f.Code != c.code || f.Unknown() != c.unknown {
				t.Errorf("got %v %q unknown %v, want %v %q unknown %v", f.Kind, f.Code, f.Unknown(), c.kind, c.code, c.unknown)
			}
			if text := f.Error(); c.code != "expired_token" && strings.Contains(text, "canary") {
				t.Errorf("it repeats what the service said: %s", text)
			}
		})
	}
}

func TestADeniedPermissionSaysWhich(t *testing.T) {
	denied := &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "no permission for dynamodb:PutItem"}
	if f := awsfault.Of(operation(denied)); f.Kind != enrich.Denied || f.Error() != "access_denied: no permission for dynamodb:PutItem" {
		t.Errorf("got %v: %v", f.Kind, f)
	}
}
