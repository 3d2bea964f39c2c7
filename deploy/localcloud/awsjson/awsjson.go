// Package awsjson speaks the AWS JSON protocols (1.0 and 1.1) from the server's side.
//
// A [Service] is a table of operations behind one X-Amz-Target prefix. It decodes the request, calls the
// operation, and writes the answer, or the typed error, exactly as the SDKs of every language expect to read it.
//
// It promises: one place for the wire, so that a service is only its rules; an operation that does not exist is
// refused by name. It refuses to guess: a body that is not JSON is a SerializationException, never an empty request.
//
// It is part of the local cloud and shares no code with the programs that the cloud serves.
package awsjson

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxBody bounds a request: the largest real one is a batch of 1 MiB with its JSON escapes.
const maxBody = 8 << 20

// Operation answers one decoded call. The answer is written as JSON; nil becomes an empty object (an empty body
// for services of version 1.0 reads the same in every SDK). An error of type *Error keeps its code; any other error
// becomes InternalFailure with status 500.
type Operation func(ctx context.Context, body []byte) (any, error)

// Op makes an Operation of a typed function. A nil *Out is an empty answer.
func Op[In, Out any](f func(context.Context, *In) (*Out, error)) Operation {
	return func(ctx context.Context, body []byte) (any, error) {
		in := new(In)
		if err := json.Unmarshal(body, in); err != nil {
			return nil, &Error{Status: http.StatusBadRequest, Code: "SerializationException", Message: err.Error()}
		}
		out, err := f(ctx, in)
		if err != nil || out == nil {
			return nil, err
		}
		return out, nil
	}
}

// Service is one AWS service on the wire. It is safe for concurrent use once built.
type Service struct {
	Target     string               // X-Amz-Target prefix: "AmazonSQS", "AWSCognitoIdentityProviderService"
	Version    string               // "1.0" or "1.1"
	Namespace  string               // prefix of __type, "" for none: "com.amazonaws.sqs"
	Operations map[string]Operation // by name, without the prefix

	// Name is what call counts and faults call the service: "sqs", "cognito-idp".
	Name string
	// Throttled is the service's typed answer to a caller who is too fast. Nil means a ThrottlingException, status 400.
	Throttled *Error
	// Internal is the service's typed answer when it breaks. Nil means an InternalFailure, status 500.
	Internal *Error
}

// Wire returns the service itself, so that a type that embeds a *Service, or holds one and says so, can be
// registered with the cloud.
func (s *Service) Wire() *Service { return s }

// Serves tells whether a request is meant for this service and, if so, for which operation.
func (s *Service) Serves(r *http.Request) (operation string, ok bool) {
	prefix, operation, found := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	return operation, found && prefix == s.Target
}

// ServeHTTP answers one call.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation, _ := s.Serves(r)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		s.fail(w, &Error{Status: http.StatusRequestEntityTooLarge, Code: "RequestEntityTooLarge", Message: "the request is too large"})
		return
	}
	if len(body) == 0 {
		body = []byte("{}")
	}
	if !utf8.Valid(body) {
		s.fail(w, &Error{Status: http.StatusBadRequest, Code: "SerializationException", Message: "the request is not UTF-8"})
		return
	}
	f, ok := s.Operations[operation]
	if !ok {
		s.fail(w, &Error{Status: http.StatusBadRequest, Code: "UnknownOperationException",
			Message: "the local cloud does not have the operation " + operation})
		return
	}
	out, err := f(r.Context(), body)
	if err != nil {
		s.fail(w, err)
		return
	}
	s.write(w, http.StatusOK, out)
}

// Error is an AWS error as it travels.
type Error struct {
	Status  int    // HTTP status
	Code    string // the type that SDKs build their error of, without the namespace: "QueueDoesNotExist"
	Message string
	Query   string // the legacy code that SQS repeats in the x-amzn-query-error header; empty means no such header
}

// Error tells code and message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Fail writes err as this service's error; anything but *Error is an InternalFailure.
func (s *Service) Fail(w http.ResponseWriter, err error) { s.fail(w, err) }

func (s *Service) fail(w http.ResponseWriter, err error) {
	e := new(Error)
	if !errors.As(err, &e) {
		e = &Error{Status: http.StatusInternalServerError, Code: "InternalFailure", Message: err.Error()}
	}
	if e.Query != "" {
		fault := "Sender"
		if e.Status >= http.StatusInternalServerError {
			fault = "Receiver"
		}
		w.Header().Set("X-Amzn-Query-Error", e.Query+";"+fault)
	}
	kind := e.Code
	if s.Namespace != "" {
		kind = s.Namespace + "#" + e.Code
	}
	w.Header().Set("X-Amzn-Errortype", e.Code)
	s.write(w, e.Status, map[string]string{"__type": kind, "message": e.Message})
}

func (s *Service) write(w http.ResponseWriter, status int, v any) {
	body := []byte("{}")
	if v != nil {
		var err error
		if body, err = json.Marshal(v); err != nil {
			status, body = http.StatusInternalServerError, []byte(`{"__type":"InternalFailure"}`)
		}
	}
	w.Header().Set("Content-Type", "application/x-amz-json-"+s.Version)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
