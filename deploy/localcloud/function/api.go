package function

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// maxPayload is Lambda's limit for an answer (Lambda developer guide, quotas: 6 MB, synchronous).
const maxPayload = 6 << 20

// api is the Lambda Runtime API of one environment, and as much of the Extensions API as keeps a program going that
// registers an internal extension (the Go library does, to hear of SIGTERM).
func (e *environment) api() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", e.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", e.response)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", e.failure)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", e.initFailure)
	mux.HandleFunc("POST /2020-01-01/extension/register", e.register)
	mux.HandleFunc("GET /2020-01-01/extension/event/next", e.extensionNext)
	return mux
}

// next holds the program's request until there is an event for it.
func (e *environment) next(w http.ResponseWriter, r *http.Request) {
	select {
	case e.asks <- struct{}{}:
	case <-r.Context().Done():
		return
	}
	select {
	case v := <-e.events:
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", v.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(v.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", e.o.ARN)
		h.Set("Lambda-Runtime-Trace-Id", traceID(v.id, time.Now()))
		_, _ = w.Write(v.payload)
	case <-r.Context().Done():
	}
}

// response takes the answer to the event under way. A streamed answer may end in an error, told in trailers.
func (e *environment) response(w http.ResponseWriter, r *http.Request) {
	v := e.held(r.PathValue("id"))
	if v == nil {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPayload))
	if large := new(http.MaxBytesError); errors.As(err, &large) {
		text := "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
		v.give(nil, &Error{Type: "Function.ResponseSizeTooLarge", Message: text})
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", text)
		return
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, "InvalidRequest", "the body can't be read")
		return
	}
	if kind := r.Trailer.Get("Lambda-Runtime-Function-Error-Type"); kind != "" {
		text, _ := base64.StdEncoding.DecodeString(r.Trailer.Get("Lambda-Runtime-Function-Error-Body"))
		v.give(nil, readError(text, kind))
	} else {
		v.give(body, nil)
	}
	accept(w)
}

// failure takes the error that the program has for the event under way.
func (e *environment) failure(w http.ResponseWriter, r *http.Request) {
	v := e.held(r.PathValue("id"))
	if v == nil {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return
	}
	v.give(nil, errorOf(w, r))
	accept(w)
}

// initFailure takes the error of a program that can't start. The process ends after that, by its own hand or by
// the time limit.
func (e *environment) initFailure(w http.ResponseWriter, r *http.Request) {
	err := errorOf(w, r)
	err.cause = ErrExit
	e.mu.Lock()
	e.initErr = err
	e.mu.Unlock()
	accept(w)
}

func (e *environment) register(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Lambda-Extension-Identifier", uuid())
	reply(w, http.StatusOK, map[string]string{
		"functionName": e.o.Name, "functionVersion": version, "handler": e.o.Handler,
	})
}

// extensionNext never has an event: it holds the request until the process or the server ends.
func (e *environment) extensionNext(_ http.ResponseWriter, r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-e.dead:
	}
}

func errorOf(w http.ResponseWriter, r *http.Request) *Error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPayload))
	if err != nil {
		body = nil // an error without text is still an error
	}
	return readError(body, r.Header.Get("Lambda-Runtime-Function-Error-Type"))
}

// readError reads the documented error body; the type in the body wins over the one in the header.
func readError(body []byte, kind string) *Error {
	var b struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}
	if err := json.Unmarshal(body, &b); err != nil {
		b.Message = string(body)
	}
	if b.Type != "" {
		kind = b.Type
	}
	if kind == "" {
		kind = "Unhandled"
	}
	return &Error{Type: kind, Message: b.Message}
}

func accept(w http.ResponseWriter) { reply(w, http.StatusAccepted, map[string]string{"status": "OK"}) }

func refuse(w http.ResponseWriter, status int, kind, text string) {
	reply(w, status, map[string]string{"errorType": kind, "errorMessage": text})
}

func reply(w http.ResponseWriter, status int, v map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
