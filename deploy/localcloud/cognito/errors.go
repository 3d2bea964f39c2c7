package cognito

import (
	"fmt"
	"net/http"

	"github.com/postconfirm/postconfirm/deploy/localcloud/awsjson"
)

// refuse makes the typed error of a call; all of Cognito's own have status 400.
func refuse(code, format string, args ...any) error {
	return &awsjson.Error{Status: http.StatusBadRequest, Code: code, Message: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) error {
	return refuse("InvalidParameterException", format, args...)
}

// violates is the text of the checks that AWS makes before an operation begins.
func violates(value any, member, constraint string, args ...any) error {
	shown := "null"
	if value != nil {
		shown = fmt.Sprintf("'%v'", value)
	}
	return invalid("1 validation error detected: Value %s at '%s' failed to satisfy constraint: Member must %s",
		shown, member, fmt.Sprintf(constraint, args...))
}

// unsupported is the typed answer to what is not offered.
func unsupported(text string) *awsjson.Error {
	return &awsjson.Error{Status: http.StatusBadRequest, Code: "InvalidParameterException", Message: text}
}

func throttled() *awsjson.Error {
	return &awsjson.Error{Status: http.StatusBadRequest, Code: "TooManyRequestsException", Message: "Rate exceeded"}
}

func notAuthorized(format string, args ...any) error {
	return refuse("NotAuthorizedException", format, args...)
}

func noSuchPool(id string) error {
	return refuse("ResourceNotFoundException", "User pool %s does not exist.", id)
}

func noSuchClient(id string) error {
	return refuse("ResourceNotFoundException", "User pool client %s does not exist.", id)
}

func noSuchUser() error { return refuse("UserNotFoundException", "User does not exist.") }

// noSuchCombination is how the operations without administrator's rights say that the user does not exist.
func noSuchCombination() error {
	return refuse("UserNotFoundException", "Username/client id combination not found.")
}

func expiredCode() error {
	return refuse("ExpiredCodeException", "Invalid code provided, please request a code again.")
}

func wrongCode() error {
	return refuse("CodeMismatchException", "Invalid verification code provided, please try again.")
}

func notConfirmable(status string) error {
	return notAuthorized("User cannot be confirmed. Current status is %s", status)
}

func aliasExists(attribute string) error {
	return refuse("AliasExistsException", "An account with the %s already exists.", attribute)
}
