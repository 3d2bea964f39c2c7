package awsjson

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
)

// Operation is one row of a service's table. Make it with Op.
type Operation struct {
	// Call answers one call, of which it gets the body. The answer is written as JSON; nil becomes an empty object
	// (an empty body for services of version 1.0 reads the same in every SDK). An error of type *Error keeps its
	// code; any other error becomes InternalFailure with status 500.
	Call func(ctx context.Context, body []byte) (any, error)
	// Input is the struct that requests are decoded into.
	Input reflect.Type
	// Quota names the request rate that calls count against, in words; "" for none.
	Quota string
	// About is what a page about the service says of the operation.
	About About
}

// About is what users should know of an operation, in words.
type About struct {
	Faithful string // what a client can rely on
	Differs  string // what is not like AWS; "" for nothing that we know of
	Source   string // where the rules are from
}

// Op makes an Operation of a typed function. A nil *Out is an empty answer. Members of the request that In does not
// have are ignored, as AWS does; those of type Refused are refused.
func Op[In, Out any](f func(context.Context, *In) (*Out, error)) Operation {
	kind := reflect.TypeFor[In]()
	picky := refuses(kind)
	call := func(ctx context.Context, body []byte) (any, error) {
		in := new(In)
		if err := json.Unmarshal(body, in); err != nil {
			return nil, &Error{Status: http.StatusBadRequest, Code: "SerializationException", Message: err.Error()}
		}
		if picky {
			if r := firstRefused(reflect.ValueOf(in).Elem(), ""); r != nil {
				return nil, r
			}
		}
		out, err := f(ctx, in)
		if err != nil || out == nil {
			return nil, err
		}
		return out, nil
	}
	return Operation{Call: call, Input: kind}
}

// With is the operation with words about it.
func (o Operation) With(faithful, differs, source string) Operation {
	o.About = About{Faithful: faithful, Differs: differs, Source: source}
	return o
}
