package trigger_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/trigger"
)

// Named by the rows of our list of bad inputs about client metadata (C3).
func TestOnlyAllowedMetadataTravels(t *testing.T) {
	thousand := object{}
	for i := range 1000 {
		thousand[fmt.Sprint("key", i)] = "v"
	}
	for name, tt := range map[string]struct {
		keys []string
		sent any
		want map[string]string
	}{
		"nothing is allowed by default":             {nil, object{"plan": "pro"}, nil},
		"an allowed key travels, the others don't":  {[]string{"plan"}, object{"plan": "pro", "Plan": "x", "token": "t"}, map[string]string{"plan": "pro"}},
		"an empty value travels":                    {[]string{"plan"}, object{"plan": ""}, map[string]string{"plan": ""}},
		"C3-80 1,000 keys":                          {[]string{"key7"}, thousand, map[string]string{"key7": "v"}},
		"C3-80 100 KB":                              {[]string{"a", "b"}, object{"a": strings.Repeat("x", 100<<10), "b": "y"}, map[string]string{"b": "y"}},
		"C3-80 256 bytes":                           {[]string{"a"}, object{"a": strings.Repeat("é", 128)}, map[string]string{"a": strings.Repeat("é", 128)}},
		"C3-80 257 bytes":                           {[]string{"a"}, object{"a": strings.Repeat("é", 128) + "x"}, nil},
		"C3-80 binary":                              {[]string{"a"}, raw("{\"a\":\"\xff\"}"), map[string]string{"a": "\uFFFD"}},
		"C3-80 key __proto__":                       {[]string{"__proto__"}, object{"__proto__": "x"}, map[string]string{"__proto__": "x"}},
		"C3-80 key of 300 characters, not allowed":  {[]string{"a"}, object{strings.Repeat("k", 300): "x"}, nil},
		"C3-83 a secret that isn't allowed":         {[]string{"a"}, object{"password": "hunter2"}, nil},
		"values of other types are dropped":         {[]string{"a", "b", "c", "d", "e"}, raw(`{"a":1,"b":true,"c":null,"d":["x"],"e":{"a":"x"}}`), nil},
		"a key given twice is dropped":              {[]string{"a", "b"}, raw(`{"a":"1","a":"2","b":"x"}`), map[string]string{"b": "x"}},
		"metadata that is null":                     {[]string{"a"}, raw("null"), nil},
		"metadata that is a list":                   {[]string{"a"}, raw(`["a"]`), nil},
		"a key that is allowed twice travels once":  {[]string{"a", "a"}, object{"a": "x"}, map[string]string{"a": "x"}},
		"more keys than may be allowed are cut off": {many(40), raw(`{"k31":"x","k32":"y"}`), map[string]string{"k31": "x"}},
	} {
		t.Run(name, func(t *testing.T) {
			q := &queue{}
			h := trigger.New(q, &trigger.Options{Log: &log{}, MetadataKeys: tt.keys})
			payload := replaced(`"userAttributes":`, `"clientMetadata":`+encoded(tt.sent)+`,"userAttributes":`)
			invoke(t, h, payload)
			if diff := cmp.Diff(tt.want, q.message(t).Metadata); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("metadata given twice is dropped, the sign-up is sent", func(t *testing.T) {
		q := &queue{}
		h := trigger.New(q, &trigger.Options{Log: &log{}, MetadataKeys: []string{"a"}})
		invoke(t, h, replaced(`"userAttributes":`, `"clientMetadata":{"a":"x"},"clientMetadata":{"a":"y"},"userAttributes":`))
		if got := q.message(t).Metadata; got != nil {
			t.Errorf("%v", got)
		}
	})
}

func many(n int) (keys []string) {
	for i := range n {
		keys = append(keys, fmt.Sprint("k", i))
	}
	return keys
}

// encoded gives the JSON of v, and raw JSON as it stands, invalid bytes and all.
func encoded(v any) string {
	if r, ok := v.(raw); ok {
		return string(r)
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
