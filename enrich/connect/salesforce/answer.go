package salesforce

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
)

// limitWait is how long the org is left alone when its requests of the last 24 hours are used up. The limit is a rolling
// one, so some come back every minute, but none at once.
const limitWait = time.Hour

// maxErrors is how many entries of an array of errors are looked at.
const maxErrors = 10

// errorCode is the form of Salesforce's error codes. What has another form is not repeated: it may be anything.
var errorCode = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,63}$`)

// recordID is the form of ids, which have 15 or 18 of these (Object Reference, "ID Field Type"). What has another form is
// not passed on: an attribute may be made of it.
var recordID = regexp.MustCompile(`^[A-Za-z0-9]{1,18}$`)

// read tells what an answer means.
func read(response *connect.Response) (enrich.Result, error) {
	if failed := response.Failure(); failed != nil {
		return nil, failure(response, failed)
	}
	switch response.Status {
	case http.StatusNoContent:
		return enrich.Result{"id": nil, "created": false}, nil
	case http.StatusOK, http.StatusCreated:
	default:
		return nil, &enrich.Error{Kind: enrich.Permanent, Code: fmt.Sprintf("http_%d", response.Status), Sent: true,
			Err: errors.New("an answer that an upsert does not have")}
	}
	body, err := response.JSON()
	if err != nil {
		return nil, err
	}
	answer, _ := body.(map[string]any)
	if saved, said := answer["success"].(bool); said && !saved {
		return nil, &enrich.Error{Kind: enrich.Permanent, Code: codeNotSaved, Sent: true, Refused: true, Err: errors.New("the record was not saved")}
	}
	result := enrich.Result{"id": nil, "created": response.Status == http.StatusCreated}
	if id, ok := answer["id"].(string); ok && recordID.MatchString(id) {
		result["id"] = id
	}
	return result, nil
}

// failure reads the status, and then what Salesforce says about it. Every 4xx and the 300 are a no: nothing was written.
func failure(response *connect.Response, e *enrich.Error) *enrich.Error {
	if response.Status == http.StatusMultipleChoices {
		return &enrich.Error{Kind: enrich.Permanent, Code: CodeSeveral, Sent: true, Refused: true, Err: e.Err}
	}
	if response.Status < 400 || response.Status > 599 {
		return e
	}
	code := codeOf(response)
	if code == "" {
		return e
	}
	named := *e
	named.Code = strings.ToLower(code)
	switch code {
	case "REQUEST_LIMIT_EXCEEDED":
		named.Kind, named.RetryAfter = enrich.Throttled, max(limitWait, response.RetryAfter())
	case "UNABLE_TO_LOCK_ROW", "REQUEST_RUNNING_TOO_LONG", "SERVER_UNAVAILABLE":
		named.Kind, named.RetryAfter = enrich.Temporary, response.RetryAfter()
	}
	return &named
}

// codeOf is the first error code of an answer: of an array of {message, errorCode, fields}, or "".
func codeOf(response *connect.Response) string {
	body, err := response.JSON()
	if err != nil {
		return ""
	}
	list, _ := body.([]any)
	for _, entry := range list[:min(len(list), maxErrors)] {
		fields, _ := entry.(map[string]any)
		if code, _ := fields["errorCode"].(string); errorCode.MatchString(code) {
			return code
		}
	}
	return ""
}

// unsent classifies what stopped a request from being made: the caller, or values that will be the same next time.
func unsent(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	code := connect.CodeCanceled
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		code = connect.CodeTimeout
	}
	return &enrich.Error{Kind: enrich.Temporary, Code: code, Err: ctx.Err()}
}

// refused is a request that can't be made, and why: the field of the file and what is wrong with its value, never the
// value.
func refused(code, field string, err error) error {
	return &enrich.Error{Kind: enrich.Permanent, Code: code, Err: fmt.Errorf("%s: %w", field, err)}
}
