package event_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich/event"
)

func members(raw string) (got [][2]string) {
	for key, value := range event.Members([]byte(raw)) {
		got = append(got, [2]string{key, string(value)})
	}
	return got
}

func TestMembersWalksEveryShapeOfAnObject(t *testing.T) {
	for name, tt := range map[string]struct {
		raw  string
		want [][2]string
	}{
		"an empty object yields nothing":             {`{}`, nil},
		"an empty object with spaces yields nothing": {" \n{ \t} \r\n", nil},
		"spaces stand outside of values":             {"{ \"a\" :\t1 ,\n\"b\" : [ 1 , 2 ] }", [][2]string{{"a", "1"}, {"b", "[ 1 , 2 ]"}}},
		"every kind of value is taken whole": {
			`{"s":"x","n":-1.5e+10,"t":true,"f":false,"z":null,"o":{"a":{}},"l":[[],[{}]]}`,
			[][2]string{{"s", `"x"`}, {"n", "-1.5e+10"}, {"t", "true"}, {"f", "false"}, {"z", "null"}, {"o", `{"a":{}}`}, {"l", "[[],[{}]]"}},
		},
		"brackets and quotes in strings are text": {
			`{"}":"{[\"\\","]":["}","]\\\""],"n":{"\"":"}"}}`,
			[][2]string{{"}", `"{[\"\\"`}, {"]", `["}","]\\\""]`}, {"n", `{"\"":"}"}`}},
		},
		"keys are unescaped":                      {`{"us\u0065rName":1,"\ud83d\ude00":2,"é":3}`, [][2]string{{"userName", "1"}, {"😀", "2"}, {"é", "3"}}},
		"letter case is kept":                     {`{"userName":1,"USERNAME":2}`, [][2]string{{"userName", "1"}, {"USERNAME", "2"}}},
		"a key that comes twice is yielded twice": {`{"a":1,"a":2}`, [][2]string{{"a", "1"}, {"a", "2"}}},
		"an array yields nothing":                 {`[1]`, nil},
		"a string yields nothing":                 {`"{}"`, nil},
		"null yields nothing":                     {`null`, nil},
		"no bytes yield nothing":                  {``, nil},
		"half an object yields nothing":           {`{"a":1`, nil},
		"an object and more yields nothing":       {`{"a":1} {}`, nil},
		"a byte-order mark yields nothing":        {"\xef\xbb\xbf{\"a\":1}", nil},
		"too deep a nest yields nothing":          {`{"a":` + strings.Repeat("[", 10001) + strings.Repeat("]", 10001) + `}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, members(tt.raw)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMembersStopsWhenItsReaderStops(t *testing.T) {
	count := 0
	for range event.Members([]byte(`{"a":1,"b":2,"c":3}`)) {
		if count++; count == 2 {
			break
		}
	}
	if count != 2 {
		t.Errorf("went on to %d", count)
	}
}

func TestStringReadsOnlyJSONStrings(t *testing.T) {
	for raw, want := range map[string]string{
		`""`: "", `"a"`: "a", `"é"`: "é", `"\u00e9\n\""`: "é\n\"", `"\ud83d\ude00"`: "😀", `"\ud800"`: "\uFFFD",
		"\"a\xffb\"": "a\uFFFDb", "\"\x7f\"": "\x7f", `"\\"`: `\`,
	} {
		if got, ok := event.String(json.RawMessage(raw)); !ok || got != want {
			t.Errorf("String(%s) = %q, %v, want %q", raw, got, ok, want)
		}
	}
	for _, raw := range []string{
		``, `"`, `null`, `1`, `true`, `{}`, `[]`, `["a"]`, `"a`, `"a"b"`, `"a\"`, "\"a\nb\"", `x"`, `a`, `"a" "b"`,
	} {
		if got, ok := event.String(json.RawMessage(raw)); ok || got != "" {
			t.Errorf("String(%s) = %q, %v, want none", raw, got, ok)
		}
	}
}
