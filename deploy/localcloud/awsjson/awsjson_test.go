package awsjson_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/deploy/localcloud/awsjson"
)

// service has one operation for each way in which a call can end.
func service(version, namespace string) *awsjson.Service {
	type in struct{ N int }
	type out struct{ Double float64 }
	refusal := &awsjson.Error{Status: 400, Code: "NumberTooOdd", Message: "seven is odd", Query: "Old.NumberTooOdd"}
	breakage := &awsjson.Error{Status: 500, Code: "Broken", Message: "broken", Query: "Old.Broken"}
	return &awsjson.Service{Target: "Numbers_1", Version: version, Namespace: namespace, Operations: map[string]awsjson.Operation{
		"Double":  awsjson.Op(func(_ context.Context, i *in) (*out, error) { return &out{float64(2 * i.N)}, nil }),
		"Nothing": awsjson.Op(func(context.Context, *in) (*out, error) { return nil, nil }),
		"Refuse":  awsjson.Op(func(context.Context, *in) (*out, error) { return nil, fmt.Errorf("numbers: %w", refusal) }),
		"Break":   awsjson.Op(func(context.Context, *in) (*out, error) { return nil, breakage }),
		"Fall":    awsjson.Op(func(context.Context, *in) (*out, error) { return nil, errors.New("tripped") }),
		"Unsaid":  awsjson.Op(func(context.Context, *in) (*out, error) { return &out{math.Inf(1)}, nil }),
	}}
}

func call(s *awsjson.Service, operation, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", operation)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestService(t *testing.T) {
	for name, test := range map[string]struct {
		operation, body string
		status          int
		says            string
		kind, query     string // X-Amzn-Errortype and X-Amzn-Query-Error
	}{
		"an answer":                     {"Double", `{"N":21}`, 200, `{"Double":42}`, "", ""},
		"an empty request":              {"Double", ``, 200, `{"Double":0}`, "", ""},
		"an empty answer":               {"Nothing", `{}`, 200, `{}`, "", ""},
		"a typed error, wrapped":        {"Refuse", `{}`, 400, `{"__type":"ns#NumberTooOdd","message":"seven is odd"}`, "NumberTooOdd", "Old.NumberTooOdd;Sender"},
		"a typed error of the server":   {"Break", `{}`, 500, `{"__type":"ns#Broken","message":"broken"}`, "Broken", "Old.Broken;Receiver"},
		"an untyped error":              {"Fall", `{}`, 500, `{"__type":"ns#InternalFailure","message":"tripped"}`, "InternalFailure", ""},
		"an answer that JSON can't say": {"Unsaid", `{}`, 500, `{"__type":"InternalFailure"}`, "", ""},
		"an unknown operation": {"Triple", `{}`, 400,
			`{"__type":"ns#UnknownOperationException","message":"the local cloud does not have the operation Triple"}`, "UnknownOperationException", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := call(service("1.1", "ns"), "Numbers_1."+test.operation, test.body)
			if w.Code != test.status || w.Body.String() != test.says {
				t.Errorf("got %d %s, want %d %s", w.Code, w.Body, test.status, test.says)
			}
			h := w.Header()
			if h.Get("X-Amzn-Errortype") != test.kind || h.Get("X-Amzn-Query-Error") != test.query {
				t.Errorf("headers say %q and %q, want %q and %q", h.Get("X-Amzn-Errortype"), h.Get("X-Amzn-Query-Error"), test.kind, test.query)
			}
			if h.Get("Content-Type") != "application/x-amz-json-1.1" || h.Get("Content-Length") != fmt.Sprint(w.Body.Len()) {
				t.Errorf("headers are %v", h)
			}
		})
	}
	t.Run("a body that can't be read as what is expected is a SerializationException", func(t *testing.T) {
		for _, body := range []string{`{`, `x`, `[]`, `{"N":"one"}`, `{"N":1}{}`, "{\"N\":1,\"S\":\"\xff\"}"} {
			if w := call(service("1.0", ""), "Numbers_1.Double", body); w.Code != 400 || !strings.Contains(w.Body.String(), `"__type":"SerializationException"`) {
				t.Errorf("%q: got %d %s", body, w.Code, w.Body)
			}
		}
	})
	t.Run("a body that is too large is refused", func(t *testing.T) {
		w := call(service("1.0", ""), "Numbers_1.Double", `{"S":"`+strings.Repeat("x", 8<<20)+`"}`)
		if w.Code != http.StatusRequestEntityTooLarge || !strings.Contains(w.Body.String(), `"__type":"RequestEntityTooLarge"`) {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
	})
}

func TestServes(t *testing.T) {
	s := service("1.0", "")
	for target, want := range map[string]string{
		"Numbers_1.Double": "Double", "Numbers_1.Unknown": "Unknown", "Numbers_2.Double": "-", "Numbers_1": "-", "": "-", "Numbers_1.": "",
	} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header.Set("X-Amz-Target", target)
		got, ok := s.Serves(r)
		if !ok {
			got = "-"
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", target, got, want)
		}
	}
}

func TestWire(t *testing.T) {
	if s := service("1.0", ""); s.Wire() != s {
		t.Error("a service is not its own wire")
	}
}

func FuzzService(f *testing.F) {
	f.Add("Numbers_1.Double", []byte(`{"N":1}`))
	f.Add("Numbers_1.Refuse", []byte(`null`))
	f.Add("x", []byte{0xff})
	f.Fuzz(func(t *testing.T, target string, body []byte) {
		w := call(service("1.0", "ns"), target, string(body))
		if !json.Valid(w.Body.Bytes()) {
			t.Errorf("said %q", w.Body)
		}
	})
}
