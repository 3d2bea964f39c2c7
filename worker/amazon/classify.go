package amazon

import (
	"context"
	"errors"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"

	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
)

// classify says what may be done about an error of the SDK. Messages of the service are dropped, since
// they may repeat values, but for denied permissions. The codes follow the operations' error lists in the API references of Amazon Cognito and Amazon SQS.
func classify(err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return unanswered(err)
	}
	f := &enrich.Error{Code: snake(api.ErrorCode()), Sent: true, Refused: true}
	switch code := api.ErrorCode(); {
	case code == "UserNotFoundException":
		return worker.ErrNoUser
	case throttles(code):
		f.Kind = enrich.Throttled
	case denies(code):
		// Nobody's attempt: an operator mends the permission, and the run goes on where it was. The message names
		// the role and the action, nobody's data.
		f.Kind, f.Err = enrich.Throttled, errors.New(api.ErrorMessage())
	case code == "UnexpectedLambdaException", status(err) >= 500, status(err) == 408:
		f.Kind, f.Refused = enrich.Temporary, false
	default:
		f.Kind = enrich.Permanent
	}
	return f
}

func throttles(code string) bool {
	return slices.Contains([]string{"TooManyRequestsException", "LimitExceededException", "ThrottlingException", "Throttling",
		"RequestThrottled", "RequestThrottledException", "OverLimit", "KmsThrottled", "KMS.ThrottlingException"}, code)
}

func denies(code string) bool {
	return slices.Contains([]string{"AccessDeniedException", "AccessDenied", "ExpiredTokenException", "ExpiredToken",
		"UnrecognizedClientException", "InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature",
		"InvalidClientTokenId", "MissingAuthenticationToken", "RequestExpired", "OptInRequired", "KmsAccessDenied"}, code)
}

func status(err error) int {
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) {
		return response.HTTPStatusCode()
	}
	return 0
}

// unanswered is the classification of a call that the service did not answer in its own words.
func unanswered(err error) error {
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
		f.Kind, f.Code, f.Sent = enrich.Throttled, "no_credentials", false
	}
	return f
}

// refusal turns "one attribute is not accepted" into *worker.Rejected, naming it when the pool does.
func refusal(err error, values []worker.Value) error {
	var invalid *cognito.InvalidParameterException
	if !errors.As(err, &invalid) {
		return classify(err)
	}
	return &worker.Rejected{Attribute: named(invalid.ErrorMessage(), values), Code: "attribute_rejected"}
}

var position = regexp.MustCompile(`userAttributes\.(\d+)\.`)

// named finds which of the values a message is about: by its name, or by its place in the request.
func named(message string, values []worker.Value) string {
	best := ""
	for _, v := range values {
		if strings.Contains(message, v.Name+":") && len(v.Name) > len(best) {
			best = v.Name
		}
	}
	if place := position.FindStringSubmatch(message); best == "" && place != nil {
		if i, err := strconv.Atoi(place[1]); err == nil && i >= 1 && i <= len(values) {
			best = values[i-1].Name
		}
	}
	return best
}

var words = regexp.MustCompile(`([a-z0-9])([A-Z])`)

// snake writes an AWS error code as one of ours: "TooManyRequestsException" is "too_many_requests".
func snake(code string) string {
	code = strings.TrimSuffix(code[strings.LastIndexByte(code, '.')+1:], "Exception")
	return strings.ToLower(words.ReplaceAllString(code, "${1}_${2}"))
}
