package amazon

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/postconfirm/postconfirm/enrich/awsfault"
	"github.com/postconfirm/postconfirm/worker"
)

// classify says what may be done about an error of the SDK. A missing user is an answer, not a failure.
func classify(err error) error {
	var missing *cognito.UserNotFoundException
	if errors.As(err, &missing) {
		return worker.ErrNoUser
	}
	return awsfault.Of(err)
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
