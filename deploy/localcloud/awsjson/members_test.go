package awsjson_test

import (
	"context"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/localcloud/awsjson"
)

type page struct{ Limit *int }

type parcel struct {
	page
	To      string            `json:"to"`
	Items   []item            `json:",omitempty"`
	Labels  map[string]string `json:",omitempty"`
	Bytes   []byte
	Stamp   reading
	Insured awsjson.Refused `json:",omitzero" refused:"nothing is insured"`
	Colour  item            `kept:"nobody looks"`
	Attempt string          `idle:"AWS doesn't care either"`
	Token   *string         `invalid:"AWS refuses it, too"`
	Inner   *map[string][]item
	Secret  string `json:"-"`
	hidden  string
}

type item struct {
	Name    string
	Fragile awsjson.Refused `refused:"we drop things"`
}

// reading reads JSON in its own way: its fields are no members.
type reading struct{ Text string }

func (r *reading) UnmarshalJSON(raw []byte) error { return json.Unmarshal(raw, &r.Text) }

func TestMembers(t *testing.T) {
	want := []awsjson.Member{
		{Path: "Limit"}, {Path: "to"}, {Path: "Items[].Name"}, {Path: "Items[].Fragile", Handling: awsjson.NotOffered, Why: "we drop things"},
		{Path: "Labels{}"}, {Path: "Bytes"}, {Path: "Stamp"}, {Path: "Insured", Handling: awsjson.NotOffered, Why: "nothing is insured"},
		{Path: "Colour", Handling: awsjson.Kept, Why: "nobody looks"}, {Path: "Attempt", Handling: awsjson.Idle, Why: "AWS doesn't care either"},
		{Path: "Token", Handling: awsjson.Invalid, Why: "AWS refuses it, too"},
		{Path: "Inner{}[].Name"}, {Path: "Inner{}[].Fragile", Handling: awsjson.NotOffered, Why: "we drop things"},
	}
	if diff := cmp.Diff(want, awsjson.Members(reflect.TypeFor[parcel]())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRefused(t *testing.T) {
	var taken *parcel
	s := &awsjson.Service{Target: "Post_1", Version: "1.1", Operations: map[string]awsjson.Operation{
		"Send": awsjson.Op(func(_ context.Context, in *parcel) (*struct{}, error) { taken = in; return nil, nil }),
	}}
	typed := &awsjson.Service{Target: "Post_1", Operations: s.Operations, Unsupported: func(text string) *awsjson.Error {
		return &awsjson.Error{Status: 400, Code: "NotHere", Message: text}
	}}
	for body, says := range map[string]string{
		`{"Insured":true}`:                                     "Send.Insured: nothing is insured",
		`{"Insured":{"Sum":{}}}`:                               "Send.Insured: nothing is insured",
		`{"Items":[{},{"Fragile":1}]}`:                         "Send.Items[].Fragile: we drop things",
		`{"Inner":{"a":[],"b":[{"Fragile":"yes"}]}}`:           "Send.Inner{}[].Fragile: we drop things",
		`{"Colour":{"Fragile":1}}`:                             "Send.Colour.Fragile: we drop things",
		`{"Insured":false,"Items":[{"Fragile":[ ]}]}`:          "",
		`{"Insured":null,"to":"you","hidden":"x","New":[1,2]}`: "",
	} {
		for code, service := range map[string]*awsjson.Service{"UnknownOperationException": s, "NotHere": typed} {
			taken = nil
			w := call(service, "Post_1.Send", body)
			want, status := `{}`, 200
			if says != "" {
				want, status = `{"__type":"`+code+`","message":"the local cloud does not offer `+says+`"}`, 400
			}
			if w.Code != status || w.Body.String() != want || (taken != nil) != (says == "") {
				t.Errorf("%s: got %d %s, want %d %s", body, w.Code, w.Body, status, want)
			}
		}
	}
	if taken != nil && taken.hidden != "" {
		t.Error("a private field was written")
	}
}

func TestMissingOperationsAreRefusedWithTheReason(t *testing.T) {
	s := &awsjson.Service{Target: "Post_1", Version: "1.1", Missing: map[string]string{"Fly": "there are no wings"}}
	w := call(s, "Post_1.Fly", "{}")
	if want := `{"__type":"UnknownOperationException","message":"the local cloud does not offer Fly: there are no wings"}`; w.Code != 400 || w.Body.String() != want {
		t.Errorf("got %d %s, want %s", w.Code, w.Body, want)
	}
}

func TestWith(t *testing.T) {
	o := awsjson.Op(func(context.Context, *page) (*page, error) { return nil, nil })
	got := o.With("all of it", "nothing", "the reference")
	if want := (awsjson.About{Faithful: "all of it", Differs: "nothing", Source: "the reference"}); got.About != want || got.Input != reflect.TypeFor[page]() {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if o.About != (awsjson.About{}) {
		t.Error("the operation that was given has changed")
	}
}

func TestCalmNeverDoesHarm(t *testing.T) {
	if (awsjson.Calm{}).Conditions("x") != (awsjson.Conditions{}) || (awsjson.Calm{}).Dice() != 0 {
		t.Error("something goes wrong")
	}
}
