package sqsout

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/postconfirm/postconfirm/trigger/lambdaenv"
)

// The failures of the network that a test server can't make at will.
func TestFailuresWithoutAnAnswerAreNamed(t *testing.T) {
	for want, causes := range map[string][]error{
		"canceled":       {context.Canceled},
		"timeout":        {context.DeadlineExceeded, os.ErrDeadlineExceeded, &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, &net.DNSError{IsTimeout: true}},
		"dns":            {&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "sqs.eu-west-9.amazonaws.com", IsNotFound: true}}},
		"connect":        {&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, &net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH}},
		"tls":            {&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, tls.RecordHeaderError{}, tls.AlertError(40)},
		"reset":          {io.EOF, io.ErrUnexpectedEOF, &net.OpError{Op: "read", Err: syscall.ECONNRESET}, &net.OpError{Op: "write", Err: syscall.EPIPE}},
		"other":          {errors.New("x")},
		"no_credentials": {lambdaenv.ErrNoCredentials},
	} {
		for _, cause := range causes {
			wrapped := fmt.Errorf("operation error SQS: SendMessage, %w", cause)
			if got := classify(wrapped); got.Code() != want || !errors.Is(got, cause) || got.Permanent() != (want == "no_credentials") {
				t.Errorf("%v is %q, permanent %v, want %q", cause, got.Code(), got.Permanent(), want)
			}
		}
	}
}

func TestWhatIsPermanent(t *testing.T) {
	for _, code := range []string{
		"AccessDenied", "AccessDeniedException", "KmsAccessDenied", "KmsDisabled", "KmsInvalidKeyUsage", "KmsInvalidState", "KmsNotFound",
		"KmsOptInRequired", "KMS.AccessDeniedException", "KMS.NotFoundException", "AWS.SimpleQueueService.NonExistentQueue", "InvalidAddress",
	} {
		if !permanent(code) {
			t.Errorf("%s would be tried again", code)
		}
	}
	for _, code := range []string{
		"", "InternalFailure", "ServiceUnavailable", "RequestThrottled", "ThrottlingException", "Throttling", "KmsThrottled",
		"KMS.ThrottlingException", "RequestExpired", "RequestTimeTooSkewed", "SignatureDoesNotMatch", "OverLimit", "SomethingNew",
	} {
		if permanent(code) {
			t.Errorf("%s would not be tried again", code)
		}
	}
}
