package connect

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/postconfirm/postconfirm/enrich"
)

// fault classifies what a transport returned instead of an answer. Its text is made of our own words and those of the
// operating system: net/http quotes the other side's bytes in some of its errors, and those may be anything.
func fault(ctx context.Context, asked string, err error, sent bool) *enrich.Error {
	e := &enrich.Error{Kind: enrich.Temporary, Sent: sent}
	var because error
	e.Code, because = diagnose(ctx, err)
	if e.Code == CodeBlocked || e.Code == CodeHeaders {
		e.Kind = enrich.Permanent
	}
	e.Err = fmt.Errorf("%s: %w", asked, because)
	return e
}

func diagnose(ctx context.Context, err error) (code string, because error) {
	var dns *net.DNSError
	var timeout net.Error
	text := err.Error()
	switch {
	case errors.Is(err, ErrBlocked):
		return CodeBlocked, blockedCause(err)
	case errors.Is(ctx.Err(), context.Canceled):
		return CodeCanceled, context.Canceled
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return CodeTimeout, context.DeadlineExceeded
	case errors.As(err, &dns):
		return CodeDNS, dnsCause(dns)
	case errors.As(err, &timeout) && timeout.Timeout():
		return CodeTimeout, errors.New("no answer in time")
	case strings.Contains(text, "tls: "), strings.Contains(text, "x509: "),
		strings.Contains(text, "HTTP response to HTTPS client"):
		return CodeTLS, certificateCause(err)
	case dialing(err):
		return CodeConnect, systemCause(err, "no connection")
	case strings.Contains(text, "headers exceeded"), strings.Contains(text, "header list larger"):
		return CodeHeaders, fmt.Errorf("the answer's headers are longer than %d bytes", maxHeaders)
	case ended(err), strings.Contains(text, "http2: "), strings.Contains(text, "stream error"):
		return CodeReset, systemCause(err, "the connection ended before the answer")
	case garbled(text):
		return CodeResponse, errors.New("what came back is not HTTP")
	}
	return CodeOther, fmt.Errorf("the transport failed with a %T", err)
}

// dialing tells whether the error comes from making a connection.
func dialing(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// ended tells whether the connection was closed under the request.
func ended(err error) bool {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, net.ErrClosed, syscall.ECONNRESET,
		syscall.EPIPE, syscall.ECONNABORTED} {
		if errors.Is(err, end) {
			return true
		}
	}
	// net/http has no value for this one, only a text.
	return strings.Contains(err.Error(), "server closed idle connection")
}

// garbled tells whether the text is one of those with which net/http gives up on what it reads.
func garbled(text string) bool {
	for _, mark := range []string{"malformed", "transport connection broken", "chunk"} {
		if strings.Contains(text, mark) {
			return true
		}
	}
	return false
}

// blockedCause keeps the guard's own words, which name the address that was refused.
func blockedCause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err
	}
	return ErrBlocked
}

func dnsCause(err *net.DNSError) error {
	switch {
	case err.IsNotFound:
		return errors.New("no such host")
	case err.IsTimeout:
		return errors.New("the name server did not answer in time")
	}
	return errors.New("the name server failed")
}

func certificateCause(err error) error {
	var name x509.HostnameError
	var authority x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &name):
		return errors.New("the certificate is for another host")
	case errors.As(err, &authority):
		return errors.New("the certificate is signed by an unknown authority")
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return errors.New("the certificate has expired or is not valid yet")
	case errors.As(err, &invalid):
		return errors.New("the certificate is not valid")
	}
	return errors.New("the two sides found no common TLS")
}

// systemCause is what the operating system called it, or otherwise.
func systemCause(err error, otherwise string) error {
	var number syscall.Errno
	if errors.As(err, &number) {
		return number
	}
	return errors.New(otherwise)
}
