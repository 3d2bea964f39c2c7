package awsjson

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// maxLocal bounds what a route of the control surface accepts, in bytes.
const maxLocal = 1 << 20

// Route is one route of the control surface, which is for processes that did not create the cloud.
type Route struct {
	About string // in words, for the page of the cloud
	Serve http.HandlerFunc
}

// Local makes a Route of a typed function. The body is exactly one JSON value without unknown members, so that a
// misspelling is not taken for nothing; GET and DELETE have none, and the zero In. The answer is JSON, or status 204
// for a nil *Out. An error is told as text, an *Error with its status and any other with 400.
func Local[In, Out any](about string, f func(context.Context, *In) (*Out, error)) Route {
	return Route{About: about, Serve: func(w http.ResponseWriter, r *http.Request) {
		in := new(In)
		err := readLocal(w, r, in)
		var out *Out
		if err == nil {
			out, err = f(r.Context(), in)
		}
		switch e := new(Error); {
		case errors.As(err, &e):
			http.Error(w, e.Error(), e.Status)
		case err != nil:
			http.Error(w, err.Error(), http.StatusBadRequest)
		case out == nil:
			w.WriteHeader(http.StatusNoContent)
		default:
			writeLocal(w, out)
		}
	}}
}

func readLocal(w http.ResponseWriter, r *http.Request, into any) error {
	if r.Method == http.MethodGet || r.Method == http.MethodDelete {
		return nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxLocal))
	if err != nil {
		return errors.New("the request can't be read")
	}
	return Strictly(body, into)
}

func writeLocal(w http.ResponseWriter, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(body, '\n'))
}

var errMore = errors.New("more than one JSON value")

// Strictly decodes exactly one JSON value without unknown members.
func Strictly(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errMore
	}
	return nil
}
