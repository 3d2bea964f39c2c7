package attach

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// Difference is one setting before and after; "" is one that is not set.
type Difference struct {
	Setting string `json:"setting"` // its path, such as LambdaConfig.PostConfirmation
	Before  string `json:"before"`
	After   string `json:"after"`
}

// flatten makes a map of paths and values. What is not set is not in it.
func flatten(v any) map[string]string {
	flat := map[string]string{}
	text, err := json.Marshal(v)
	if err != nil {
		return map[string]string{"": err.Error()}
	}
	var tree any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&tree); err != nil {
		return map[string]string{"": err.Error()}
	}
	walk("", tree, flat)
	return flat
}

func walk(path string, v any, into map[string]string) {
	under := func(name string) string { return strings.TrimPrefix(path+"."+name, ".") }
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			walk(under(name), value, into)
		}
	case []any:
		for i, value := range v {
			walk(under(fmt.Sprint(i)), value, into)
		}
	case nil, bool, string:
		if v != nil && v != false && v != "" {
			into[path] = fmt.Sprint(v)
		}
	default:
		if text := fmt.Sprint(v); text != "0" {
			into[path] = text
		}
	}
}

// differences are the settings that differ, in the order of their paths.
func differences(before, after map[string]string) (all []Difference) {
	paths := maps.Clone(before)
	maps.Copy(paths, after)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if before[path] != after[path] {
			all = append(all, Difference{path, before[path], after[path]})
		}
	}
	return all
}

// recorder keeps the answer of one call as it came, to find members that the SDK has no field for.
type recorder struct{ answer []byte }

func (r *recorder) record(o *idp.Options) {
	client := o.HTTPClient
	o.HTTPClient = doer(func(request *http.Request) (*http.Response, error) {
		response, err := client.Do(request)
		if err != nil || response.StatusCode != http.StatusOK {
			return response, err
		}
		defer func() { _ = response.Body.Close() }()
		r.answer, err = io.ReadAll(io.LimitReader(response.Body, 1<<20))
		response.Body = io.NopCloser(bytes.NewReader(r.answer))
		return response, err
	})
}

type doer func(*http.Request) (*http.Response, error)

// Do is idp.HTTPClient's.
func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

// unknown lists the members of the pool in the answer that types.UserPoolType has no field for.
func (r *recorder) unknown() (paths []string) {
	var answer struct{ UserPool map[string]any }
	if json.Unmarshal(r.answer, &answer) != nil {
		return []string{"an answer that can't be read"}
	}
	missing("", answer.UserPool, reflect.TypeFor[types.UserPoolType](), &paths)
	slices.Sort(paths)
	return paths
}

// missing compares an object with the fields of a struct, and goes into both.
func missing(path string, v any, t reflect.Type, paths *[]string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			if t.Kind() == reflect.Slice {
				missing(path, one, t.Elem(), paths)
			}
		}
	case map[string]any:
		if t.Kind() != reflect.Struct {
			return
		}
		for name, value := range v {
			under := strings.TrimPrefix(path+"."+name, ".")
			field, known := t.FieldByName(name)
			if !known && value != nil {
				if !slices.Contains(*paths, under) {
					*paths = append(*paths, under)
				}
				continue
			}
			if known {
				missing(under, value, field.Type, paths)
			}
		}
	}
}

// Compare lists the settings in which two snapshots differ, multi-factor settings included.
func Compare(a, b Snapshot) []Difference {
	before, after := a.settings(), b.settings()
	for path, v := range a.factors() {
		before["MFA."+path] = v
	}
	for path, v := range b.factors() {
		after["MFA."+path] = v
	}
	return differences(before, after)
}
