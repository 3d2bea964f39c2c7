package localcloud_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/deploy/localcloud/awsjson"
	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
	local "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
)

// api is a service of ours beside the real SDK's idea of it.
type api struct {
	service localcloud.Service
	sdk     any // a client whose calls end in seen
	seen    *eavesdropper
}

// apis are both services. Their names come first on every page.
func apis() []api {
	var ear, other eavesdropper
	queues := sqs.New(sqs.Options{Region: "eu-west-1", BaseEndpoint: aws.String("http://local.test"), HTTPClient: &ear, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")})
	users := cognitoidentityprovider.New(cognitoidentityprovider.Options{Region: "eu-west-1", BaseEndpoint: aws.String("http://local.test"), HTTPClient: &other,
		Retryer: aws.NopRetryer{}, Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")})
	return []api{{local.New(nil), queues, &ear}, {cognito.New(nil), users, &other}}
}

// eavesdropper keeps the last request body, and answers nothing.
type eavesdropper struct{ body []byte }

var errHeard = errors.New("heard enough")

func (e *eavesdropper) Do(r *http.Request) (*http.Response, error) {
	var err error
	if e.body, err = io.ReadAll(r.Body); err != nil {
		return nil, err
	}
	return nil, errHeard
}

// operations are the SDK's methods that call the API: those with an input and an output.
func (a api) operations() map[string]reflect.Value {
	all := map[string]reflect.Value{}
	client := reflect.ValueOf(a.sdk)
	for i := range client.NumMethod() {
		if f := client.Method(i).Type(); f.NumIn() == 3 && f.In(0) == reflect.TypeFor[context.Context]() && f.NumOut() == 2 {
			all[client.Type().Method(i).Name] = client.Method(i)
		}
	}
	return all
}

// request lets the SDK say how an input with every member set looks on the wire.
func (a api) request(t *testing.T, operation reflect.Value) map[string]any {
	t.Helper()
	in := reflect.New(operation.Type().In(1).Elem())
	fill(in.Elem())
	if _, err := call(operation, t.Context(), in); !errors.Is(err, errHeard) {
		t.Fatal(err)
	}
	var body map[string]any
	if err := json.Unmarshal(a.seen.body, &body); err != nil {
		t.Fatal(err)
	}
	return body
}

func call(operation reflect.Value, ctx context.Context, in reflect.Value) (any, error) {
	out := operation.Call([]reflect.Value{reflect.ValueOf(ctx), in})
	err, _ := out[1].Interface().(error)
	return out[0].Interface(), err
}

// fill gives every member of an SDK's input a value.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i))
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		value := reflect.New(v.Type().Elem()).Elem()
		fill(value)
		v.SetMapIndex(reflect.ValueOf("k").Convert(v.Type().Key()), value)
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8:
		v.SetUint(1)
	case reflect.Int32, reflect.Int64:
		v.SetInt(1)
	}
}

func TestEveryOperationOfTheAPIIsOfferedOrRefusedByName(t *testing.T) {
	for _, a := range apis() {
		wire := a.service.Wire()
		t.Run(wire.Name, func(t *testing.T) {
			want := slices.Sorted(maps.Keys(a.operations()))
			got := slices.Sorted(maps.Keys(wire.Operations))
			for name := range wire.Missing {
				got = append(got, name)
			}
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the API (-) and what we know of it (+):\n%s", diff)
			}
			for name, why := range wire.Missing {
				if answer := post(a.service, name, "{}"); answer.Code != http.StatusBadRequest || !strings.Contains(answer.Body.String(), "does not offer "+name+": "+why) {
					t.Errorf("%s: %d %s", name, answer.Code, answer.Body)
				}
			}
		})
	}
}

func post(s localcloud.Service, operation, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", s.Wire().Target+"."+operation)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// What the SDK puts on the wire, with every member set, must all be known to the operation's input: carried out, kept,
// idle as in AWS, or refused.
func TestNoMemberOfTheAPIIsSilentlyIgnored(t *testing.T) {
	for _, a := range apis() {
		for name, operation := range a.operations() {
			ours, ok := a.service.Wire().Operations[name]
			if !ok {
				continue
			}
			t.Run(a.service.Wire().Name+" "+name, func(t *testing.T) {
				request := a.request(t, operation)
				for _, path := range unknown(ours.Input, request, "") {
					t.Errorf("%s would be ignored", path)
				}
				for _, m := range awsjson.Members(ours.Input) {
					if !has(request, strings.Split(m.Path, ".")) {
						t.Errorf("%s is not in the API", m.Path)
					}
				}
			})
		}
	}
}

// unknown lists the members of a request that a type does not have.
func unknown(t reflect.Type, value any, path string) []string {
	if t == reflect.TypeFor[awsjson.Refused]() || reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) || t == reflect.TypeFor[json.RawMessage]() {
		return nil
	}
	switch value := value.(type) {
	case map[string]any:
		return unknownMembers(t, value, path)
	case []any:
		if t.Kind() != reflect.Slice {
			return []string{path}
		}
		var all []string
		for _, element := range value {
			all = append(all, unknown(t.Elem(), element, path+"[]")...)
		}
		return all
	}
	return nil
}

func unknownMembers(t reflect.Type, value map[string]any, path string) []string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var all []string
	for name, inner := range value {
		switch t.Kind() {
		case reflect.Map:
			all = append(all, unknown(t.Elem(), inner, path+"{}")...)
		case reflect.Struct:
			if f, ok := member(t, name); ok {
				all = append(all, unknown(f, inner, path+"."+name)...)
			} else {
				all = append(all, path+"."+name)
			}
		default:
			all = append(all, path+"."+name)
		}
	}
	return all
}

// has tells whether a request with every member set has one at a path.
func has(value any, path []string) bool {
	if len(path) == 0 {
		return true
	}
	name, list := strings.CutSuffix(path[0], "[]")
	name, object := strings.CutSuffix(name, "{}")
	members, _ := value.(map[string]any)
	inner, ok := members[name]
	if list {
		elements, isList := inner.([]any)
		if !isList || len(elements) == 0 {
			return false
		}
		inner = elements[0]
	}
	if object {
		values, isObject := inner.(map[string]any)
		if !isObject {
			return false
		}
		inner = values["k"]
	}
	return ok && has(inner, path[1:])
}

// member finds a field by its exact name in JSON, in embedded structs, too.
func member(t reflect.Type, name string) (reflect.Type, bool) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case tag == name, tag == "" && !f.Anonymous && f.Name == name:
			return f.Type, true
		case f.Anonymous && f.Type.Kind() == reflect.Struct:
			if inner, ok := member(f.Type, name); ok {
				return inner, true
			}
		}
	}
	return nil, false
}

func TestRefusedMembersAreRefusedByName(t *testing.T) {
	tried := 0
	for _, a := range apis() {
		for name, operation := range a.service.Wire().Operations {
			for _, m := range awsjson.Members(operation.Input) {
				if m.Handling != awsjson.NotOffered {
					continue
				}
				tried++
				t.Run(name+" "+m.Path, func(t *testing.T) {
					for value, given := range map[string]bool{`"x"`: true, `{"a":[1]}`: true, `7`: true, `true`: true, `null`: false, `0`: false, ` { } `: false, `[]`: false, `""`: false, `false`: false} {
						answer := post(a.service, name, nest(m.Path, value))
						named := strings.Contains(answer.Body.String(), "does not offer "+name+"."+m.Path+": "+m.Why)
						if named != given || m.Why == "" || given && answer.Code != http.StatusBadRequest {
							t.Errorf("%s: %d %s", value, answer.Code, answer.Body)
						}
						if given && strings.Contains(answer.Body.String(), "UnknownOperation") {
							t.Errorf("not typed: %s", answer.Body)
						}
					}
				})
			}
		}
	}
	if tried < 10 {
		t.Errorf("only %d members tried", tried)
	}
}

// nest makes a request with one member, whose path may go through objects.
func nest(path, value string) string {
	names := strings.Split(path, ".")
	for _, name := range slices.Backward(names) {
		value = `{"` + name + `":` + value + `}`
	}
	return value
}

func TestWhatIsNoMemberOfTheAPIIsIgnoredAsAWSDoes(t *testing.T) {
	for _, a := range apis() {
		for name := range a.service.Wire().Operations {
			plain, more := post(a.service, name, `{}`), post(a.service, name, `{"Colour":"red","Nested":{"Refused":1}}`)
			if !bytes.Equal(plain.Body.Bytes(), more.Body.Bytes()) || plain.Code != more.Code {
				t.Errorf("%s: %d %s, but without %d %s", name, more.Code, more.Body, plain.Code, plain.Body)
			}
		}
	}
}
