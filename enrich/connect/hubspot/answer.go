package hubspot

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
)

// The codes of answers, beside those of package connect and the categories of HubSpot in lower case (validation_error
// is the frequent one).
const (
	CodeConflict = "conflict"       // temporary if the contact is about to be there, permanent if another unique property is taken
	CodeNoResult = "no_result"      // temporary: a success without the contact in it
	CodeDaily    = "daily_limit"    // throttled: the account has used up its day
	CodeRolling  = "rolling_limit"  // throttled: too many requests in a few seconds
	CodeMoving   = "account_moving" // throttled: HubSpot moves the account to another data centre (477)
	CodeUnnamed  = "hubspot_error"  // permanent: a failure of the contact in a category that is not known here
)

// contact is one result of a batch.
type contact struct {
	id     string
	fields map[string]any
}

// outcome reads a 2xx, which may be a 207: a list of results, and a list of errors that need not be there. With a batch
// of one, an error is about our contact.
func outcome(response *connect.Response, reading bool) (contact, error) {
	value, err := response.JSON()
	if err != nil {
		return contact{}, err
	}
	body, _ := value.(map[string]any)
	results, listed := body["results"].([]any)
	if failures, _ := body["errors"].([]any); len(failures) > 0 {
		return contact{}, itemFailure(failures[0], reading)
	}
	if reading && listed && len(results) == 0 {
		return contact{}, enrich.ErrNotFound
	}
	if len(results) > 0 {
		fields, _ := results[0].(map[string]any)
		if id, ok := number(fields["id"]); ok {
			return contact{id, fields}, nil
		}
	}
	return contact{}, &enrich.Error{Kind: enrich.Temporary, Code: CodeNoResult, Sent: true,
		Err: errors.New("HubSpot answered without the contact's id")}
}

// number is an id: HubSpot writes a number as a string. Anything else would end up in somebody's attributes.
func number(value any) (string, bool) {
	text, ok := value.(string)
	if n, isInt := value.(int64); isInt {
		text, ok = strconv.FormatInt(n, 10), true
	}
	digit := func(r rune) bool { return r >= '0' && r <= '9' }
	return text, ok && text != "" && len(text) <= 20 && !strings.ContainsFunc(text, func(r rune) bool { return !digit(r) })
}

// itemFailure is the failure of our contact inside an answer that went well otherwise. Any field of it may be missing
// (HubSpot docs, "Error handling").
func itemFailure(item any, reading bool) error {
	fields, _ := item.(map[string]any)
	category := category(fields)
	if reading && category == "OBJECT_NOT_FOUND" {
		return enrich.ErrNotFound
	}
	e := &enrich.Error{Kind: enrich.Permanent, Code: CodeUnnamed, Sent: true, Refused: true,
		Err: errors.New("HubSpot refused the contact")}
	switch category {
	case "INTERNAL_ERROR", "SERVICE_UNAVAILABLE", "TIMEOUT":
		e.Kind, e.Code, e.Refused = enrich.Temporary, strings.ToLower(category), false
	case "RATE_LIMIT", "RATE_LIMITS":
		e.Kind, e.Code, e.RetryAfter = enrich.Throttled, CodeRolling, RollingWait
	case "INVALID_AUTHENTICATION", "EXPIRED_AUTHENTICATION":
		e.Kind, e.Code = enrich.Temporary, connect.CodeUnauthorized
	case "MISSING_SCOPES":
		e.Kind, e.Code = enrich.Temporary, connect.CodeForbidden
	case "OBJECT_ALREADY_EXISTS":
		e.Code = CodeConflict
	default:
		if known(category) {
			e.Code = strings.ToLower(category)
		}
	}
	return e
}

// category of an error, or "".
func category(fields map[string]any) string {
	text, _ := fields["category"].(string)
	return strings.ToUpper(text)
}

// known tells whether a category may become a code. A text that only HubSpot knows may quote the user's values.
func known(category string) bool {
	return slices.Contains([]string{"VALIDATION_ERROR", "CONFLICT", "OBJECT_NOT_FOUND", "BAD_REQUEST", "INVALID_PARAMS",
		"METHOD_NOT_ALLOWED", "UNSUPPORTED_MEDIA_TYPE"}, category)
}

// conflict tells whether HubSpot said that the contact exists already.
func conflict(err error) bool {
	var e *enrich.Error
	return errors.As(err, &e) && e.Code == CodeConflict
}

// refusal reads an answer outside of 2xx. What may be done about it is what the status says, but for the limits; the
// body adds the category.
func refusal(f *enrich.Error, response *connect.Response) error {
	value, err := response.JSON()
	body, _ := value.(map[string]any)
	if err != nil {
		body = nil
	}
	e := *f
	switch response.Status {
	case 409:
		e.Code = CodeConflict
	case 423:
		e.Kind, e.RetryAfter = enrich.Temporary, max(e.RetryAfter, lockWait)
	case 429:
		throttled(&e, response.Header, body)
	case 477:
		moving(&e, response.Header)
	default:
		if c := category(body); e.Kind == enrich.Permanent && known(c) && c != "CONFLICT" {
			e.Code, e.Err = strings.ToLower(c), fmt.Errorf("%w (%s)", f.Err, strings.ToLower(c))
		}
	}
	return &e
}
