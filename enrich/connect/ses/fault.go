package ses

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/awsfault"
	"github.com/postconfirm/postconfirm/enrich/connect"
)

// The codes of this connector, beside those of package connect and of SES itself (too_many_requests, message_rejected,
// sending_paused, …).
const (
	CodeBadValue  = "bad_value"            // permanent, nothing sent: an expression failed, or its value is of no use
	CodeRecipient = "bad_recipient"        // permanent, nothing sent: no address, or none that is plain
	CodeTooLarge  = "mail_too_large"       // permanent, nothing sent: the values are longer than MaxData or MaxText
	CodeSettings  = "aws_settings"         // denied, nothing sent: AWS variables or files are missing or damaged
	CodeSender    = "sender_not_verified"  // denied: the identity of the sender is not verified in this Region
	CodeMissing   = "ses_resource_missing" // permanent: SES has no such template or configuration set
	CodeDaily     = "daily_quota"          // throttled: the quota of 24 hours is spent
	CodeNoID      = "answer_without_id"    // temporary, outcome unknown: a 2xx that SES would not give
)

// fault classifies a call that failed. to is the recipient, to see whether SES speaks of it; no text of SES is passed on,
// since SES names addresses in its texts, the recipient's too while an account is in the sandbox.
func (x *exchange) fault(ctx context.Context, err error, to string) *enrich.Error {
	var known *enrich.Error
	var api smithy.APIError
	switch {
	case errors.As(x.failed, &known):
		return known
	case !x.asked:
		return unasked(ctx, err)
	case errors.As(err, &api) && errorCode.MatchString(api.ErrorCode()) && api.ErrorCode() != "UnknownError":
		return x.said(err, api, to)
	case x.answer != nil && x.answer.Failure() != nil:
		return x.answer.Failure()
	}
	return &enrich.Error{Kind: enrich.Temporary, Code: connect.CodeResponse, Sent: true, Err: errors.New("ses: send: an answer that SES would not give")}
}

// errorCode is the form of AWS's error codes. What does not have it is not repeated: it may be anything.
var errorCode = regexp.MustCompile(`^([A-Za-z0-9.]+#)?[A-Z][A-Za-z.]{2,60}$`)

// unasked classifies what went wrong before anything was sent.
func unasked(ctx context.Context, err error) *enrich.Error {
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &enrich.Error{Kind: enrich.Temporary, Code: connect.CodeTimeout, Err: ctx.Err()}
	case ctx.Err() != nil:
		return &enrich.Error{Kind: enrich.Temporary, Code: connect.CodeCanceled, Err: ctx.Err()}
	}
	f := awsfault.Of(err)
	f.Sent, f.Refused = false, false
	return f
}

// said classifies an error that SES gave a name. The names are those of the API reference, SendEmail, and of the errors that
// all AWS services share.
func (x *exchange) said(err error, api smithy.APIError, to string) *enrich.Error {
	f := awsfault.Of(err)
	f.Err = nil
	switch code := api.ErrorCode(); {
	case f.Kind == enrich.Denied:
		f.Err = errors.New("ses: send: not allowed; the role needs ses:SendEmail on the sender's identity, the template and the configuration set")
	case code == "SendingPausedException", code == "AccountSuspendedException":
		f.Kind, f.Err = enrich.Denied, errors.New("ses: send: this account may not send at present")
	case code == "MailFromDomainNotVerifiedException":
		f.Kind, f.Err = enrich.Denied, errors.New("ses: send: the MAIL FROM domain is not verified")
	case code == "MessageRejected" && ofSender(api.ErrorMessage(), to):
		f.Kind, f.Code, f.Err = enrich.Denied, CodeSender, errors.New("ses: send: the sender is not verified in this Region")
	case code == "NotFoundException":
		f.Code, f.Err = CodeMissing, errors.New("ses: send: no such template or configuration set")
	case f.Kind == enrich.Throttled && strings.Contains(api.ErrorMessage(), "Daily"):
		f.Code, f.RetryAfter = CodeDaily, connect.MaxRetryAfter
	}
	if answered := x.answer.Failure(); answered != nil && f.RetryAfter == 0 {
		f.RetryAfter = answered.RetryAfter
	}
	return f
}

// ofSender tells whether a rejection is about identities that are not verified, and the recipient's is not among them: then
// it is the same for everybody (Amazon SES developer guide, email sending errors: "The following identities failed the check").
func ofSender(message, to string) bool {
	message = strings.ToLower(message)
	_, host, _ := strings.Cut(strings.ToLower(to), "@")
	return strings.Contains(message, "not verified") && !strings.Contains(message, strings.ToLower(to)) &&
		!strings.HasSuffix(strings.TrimRight(message, ". "), " "+host)
}
