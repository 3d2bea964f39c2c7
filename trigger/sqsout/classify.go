package sqsout

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/postconfirm/postconfirm/trigger/lambdaenv"
)

// Error is why a Send failed. Its text is its code, because logs and people see it; Unwrap gives the cause.
type Error struct {
	code      string
	permanent bool
	cause     error
}

// Error names the code only.
func (e *Error) Error() string { return "sqs: send: " + e.code }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.cause }

// Code is the error code of AWS (AccessDenied, QueueDoesNotExist, ThrottlingException). Where AWS didn't answer, it is
// one of timeout, canceled, dns, connect, tls, reset, no_credentials, other; where somebody else did, http_ and the
// status.
func (e *Error) Code() string { return e.code }

// Permanent tells that the same send would fail again: access, queue or key have to be put right first.
func (e *Error) Permanent() bool { return e.permanent }

// classify decides whether a second try can help. What it doesn't know is tried again.
func classify(err error) *Error {
	var missing *types.QueueDoesNotExist
	var api smithy.APIError
	switch {
	case errors.Is(err, lambdaenv.ErrNoCredentials):
		return &Error{"no_credentials", true, err}
	case errors.As(err, &missing):
		return &Error{"QueueDoesNotExist", true, err}
	case errors.As(err, &api) && api.ErrorCode() != "UnknownError": // the SDK's word for an answer without a code
		return &Error{api.ErrorCode(), permanent(api.ErrorCode()), err}
	}
	return &Error{broke(err), false, err}
}

// permanent knows the codes of access, queue, key and message (SendMessage and Common Errors, Amazon SQS API
// Reference). A wrong signature is not among them: a wrong clock makes one too, and the SDK puts that right after the
// first answer.
func permanent(code string) bool {
	switch code {
	case "AccessDenied", "AccessDeniedException", "InvalidClientTokenId", "UnrecognizedClientException",
		"InvalidAccessKeyId", "ExpiredToken", "ExpiredTokenException", "MissingAuthenticationToken",
		"MissingAuthenticationTokenException", "NotAuthorized", "OptInRequired", "InvalidSecurity",
		"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "InvalidAddress", "UnsupportedOperation",
		"AWS.SimpleQueueService.UnsupportedOperation", "InvalidMessageContents", "InvalidParameterValue",
		"InvalidParameterValueException", "MissingParameter", "MissingRequiredParameterException":
		return true
	}
	kms := strings.HasPrefix(code, "Kms") || strings.HasPrefix(code, "KMS.")
	return kms && !strings.Contains(code, "Throttl")
}

// broke names where a send without an answer ended.
func broke(err error) string {
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var op *net.OpError
	var timeout net.Error
	var answer interface{ HTTPStatusCode() int }
	switch {
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.As(err, &dns):
		return "dns"
	case errors.As(err, &certificate), errors.As(err, &record), errors.As(err, &alert), errors.Is(err, http.ErrSchemeMismatch):
		return "tls"
	case errors.As(err, &op) && op.Op == "dial":
		return "connect"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "reset"
	case errors.As(err, &answer) && answer.HTTPStatusCode() > 0:
		return "http_" + strconv.Itoa(answer.HTTPStatusCode())
	}
	return "other"
}
