// Package awsjson speaks the AWS JSON protocols (1.0 and 1.1) from the server's side.
//
// A [Service] is a table of operations behind one X-Amz-Target prefix. It decodes the request, calls the
// operation, and writes the answer, or the typed error, exactly as the SDKs of every language expect to read it.
//
// It promises: one place for the wire, so that a service is only its rules; an operation that does not exist, and a
// member that is [Refused], is refused by name, while what is no member of the API at all is ignored, as AWS ignores it.
// It refuses to guess: a body that is not JSON is a SerializationException, never an empty request.
//
// The table is also what the page about a service is made of: every operation says what is faithful, what is not and
// where that is from ([About]), and every member of its input how it is handled ([Members]).
//
// It is part of the local cloud and shares no code with the programs that the cloud serves.
package awsjson

import (
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

// Service is one AWS service on the wire. It is safe for concurrent use once built.
type Service struct {
	Target     string               // X-Amz-Target prefix: "AmazonSQS", "AWSCognitoIdentityProviderService"
	Version    string               // "1.0" or "1.1"
	Namespace  string               // prefix of __type, "" for none: "com.amazonaws.sqs"
	Operations map[string]Operation // by name, without the prefix
	Missing    map[string]string    // the API's other operations, and why they are not offered

	// Name is what call counts and faults call the service: "sqs", "cognito-idp".
	Name string
	// Throttled is the service's typed answer to a caller who is too fast. Nil means a ThrottlingException, status 400.
	Throttled *Error
	// Internal is the service's typed answer when it breaks. Nil means an InternalFailure, status 500.
	Internal *Error
	// Unsupported makes the service's typed answer to a request with a member that is not offered, which the text
	// names. Nil means an UnknownOperationException, status 400.
	Unsupported func(text string) *Error

	// Resource is what a fault may be limited to: "queue" for SQS. "" means that there is nothing of the kind.
	Resource string
	// Suffers lists the faults that the service carries out itself, by their names in the JSON of a fault:
	// "clockSkew" and others. A fault that is not in the list can't be switched on.
	Suffers []string
	// Local are routes of the control surface, by method and path: "POST /_local/federated".
	Local map[string]Route
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
		s.fail(w, s.unknown(operation))
		return
	}
	out, err := f.Call(r.Context(), body)
	if err != nil {
		s.fail(w, s.named(operation, err))
		return
	}
	s.write(w, http.StatusOK, out)
}

// unknown refuses an operation by its name, with the reason if it is one of the API's.
func (s *Service) unknown(operation string) *Error {
	e := &Error{Status: http.StatusBadRequest, Code: "UnknownOperationException"}
	if why, ok := s.Missing[operation]; ok {
		e.Message = "the local cloud does not offer " + operation + ": " + why
	} else {
		e.Message = "the local cloud does not have the operation " + operation
	}
	return e
}

// named makes of a refused member the service's typed error; other errors stay what they are.
func (s *Service) named(operation string, err error) error {
	r := new(refusal)
	if !errors.As(err, &r) {
		return err
	}
	text := "the local cloud does not offer " + operation + "." + r.member + ": " + r.why
	if s.Unsupported == nil {
		return &Error{Status: http.StatusBadRequest, Code: "UnknownOperationException", Message: text}
	}
	return s.Unsupported(text)
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
