// Package awsfault says what may be done about an error of the AWS SDK, once for every adapter that has the SDK behind
// it: the queue, the pool, the ledger.
//
// It promises: a throttle is never mistaken for a failure; a missing permission or expired credentials are nobody's
// attempt, so the work waits until an operator has mended them; and an answer that never came, or that says nothing
// definite (5xx), may have had its effect.
//
// It refuses to pass on what a service wrote about a call, since that may repeat values; only a denied permission keeps
// its message, which names the role and the action, nobody's data.
package awsfault

import (
	"context"
	"errors"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/postconfirm/postconfirm/enrich"
)

// Of classifies an error that the SDK returned. The codes follow the operations' error lists in the API references of
// Amazon Cognito, Amazon SQS and Amazon DynamoDB; one that nobody knows yet is permanent.
func Of(err error) *enrich.Error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return unanswered(err)
	}
	f := &enrich.Error{Code: snake(api.ErrorCode()), Sent: true, Refused: true}
	switch code := api.ErrorCode(); {
	case throttles(code):
		f.Kind = enrich.Throttled
	case denies(code):
		f.Kind, f.Err = enrich.Denied, errors.New(api.ErrorMessage())
	case code == "UnexpectedLambdaException", status(err) >= 500, status(err) == 408:
		f.Kind, f.Refused = enrich.Temporary, false
	case collides(code):
		f.Kind = enrich.Temporary
	default:
		f.Kind = enrich.Permanent
	}
	return f
}

func throttles(code string) bool {
	return slices.Contains([]string{"TooManyRequestsException", "LimitExceededException", "ThrottlingException", "Throttling",
		"RequestThrottled", "RequestThrottledException", "OverLimit", "KmsThrottled", "KMS.ThrottlingException",
		"ProvisionedThroughputExceededException", "ProvisionedThroughputExceeded", "RequestLimitExceeded"}, code)
}

func denies(code string) bool {
	return slices.Contains([]string{"AccessDeniedException", "AccessDenied", "ExpiredTokenException", "ExpiredToken",
		"UnrecognizedClientException", "InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature",
		"InvalidClientTokenId", "MissingAuthenticationToken", "MissingAuthenticationTokenException", "RequestExpired",
		"OptInRequired", "KmsAccessDenied"}, code)
}

// collides knows the refusals of DynamoDB that pass by themselves: another write was under way on the same item.
func collides(code string) bool {
	return slices.Contains([]string{"TransactionConflictException", "ReplicatedWriteConflictException", "TransactionInProgressException"}, code)
}

func status(err error) int {
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) {
		return response.HTTPStatusCode()
	}
	return 0
}

// unanswered is the classification of a call that the service did not answer in its own words.
func unanswered(err error) *enrich.Error {
	f := &enrich.Error{Kind: enrich.Temporary, Code: "network", Sent: true}
	var dns *net.DNSError
	var timeout net.Error
	var signing *smithy.OperationError
	switch {
	case errors.Is(err, context.Canceled):
		f.Code = "interrupted"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		f.Code = "timeout"
	case errors.As(err, &dns):
		f.Code = "dns"
	case status(err) != 0:
		f.Code = "http_" + strconv.Itoa(status(err))
	case errors.As(err, &signing) && strings.Contains(err.Error(), "get identity"):
		f.Kind, f.Code, f.Sent = enrich.Denied, "no_credentials", false
	}
	return f
}

var words = regexp.MustCompile(`([a-z0-9])([A-Z])`)

// snake writes an AWS error code as one of ours: "TooManyRequestsException" is "too_many_requests".
func snake(code string) string {
	code = strings.TrimSuffix(code[strings.LastIndexByte(code, '.')+1:], "Exception")
	return strings.ToLower(words.ReplaceAllString(code, "${1}_${2}"))
}
