package connect_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
)

func TestStrangersJSONBecomesOurValues(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       any
	}{
		{"an object", `{"a":{"b":[1,2.5,"x",true,null]}}`, map[string]any{"a": map[string]any{"b": []any{int64(1), 2.5, "x", true, nil}}}},
		{"null", `null`, nil},
		{"a list", `[]`, []any{}},
		{"a text", `"x"`, "x"},
		{"blanks around", " \n1\t", int64(1)},
		{"a byte order mark", "\ufeff{}", map[string]any{}},
		{"the largest int64", `9223372036854775807`, int64(math.MaxInt64)},
		{"a larger whole number keeps its digits", `18446744073709551615`, "18446744073709551615"},
		{"the smallest int64", `-9223372036854775808`, int64(math.MinInt64)},
		{"minus zero", `-0`, int64(0)},
		{"a whole number with a fraction stays a fraction", `1.0`, 1.0},
		{"an exponent", `1e2`, 100.0},
		{"too small for a float64", `1e-400`, 0.0},
		{"equal keys: the last", `{"a":1,"a":2}`, map[string]any{"a": int64(2)}},
		{"keys that differ in case are two", `{"a":1,"A":2}`, map[string]any{"a": int64(1), "A": int64(2)}},
		{"a lone surrogate", `"\ud800x"`, "\ufffdx"},
		{"a pair of surrogates", `"\ud83d\ude00"`, "😀"},
		{"bytes that are no UTF-8", "\"a\xff\xfeb\"", "a\ufffd\ufffdb"},
		{"brackets inside texts count for nothing", `"` + strings.Repeat("[{,", 30_000) + `"`, strings.Repeat("[{,", 30_000)},
		{"brackets behind an escaped quote", `"\"` + strings.Repeat("[", 100) + `"`, `"` + strings.Repeat("[", 100)},
		{"quotes inside texts", `["\"[","\\",{"\\\"":1}]`, []any{`"[`, `\`, map[string]any{`\"`: int64(1)}}},
	} {
		t.Run("C6-131 "+test.name, func(t *testing.T) {
			got, err := connect.DecodeJSON([]byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestJSONMayBeAsDeepAsTheLimit(t *testing.T) {
	got, err := connect.DecodeJSON([]byte(strings.Repeat("[", connect.MaxDepth) + strings.Repeat("]", connect.MaxDepth)))
	if err != nil {
		t.Fatal(err)
	}
	depth := 1
	for inner := got.([]any); len(inner) > 0; inner = inner[0].([]any) {
		depth++
	}
	if depth != connect.MaxDepth {
		t.Errorf("%d lists came back, want %d", depth, connect.MaxDepth)
	}
}

func TestBadJSONHasACode(t *testing.T) {
	for _, test := range []struct {
		name, text, code string
		kind             enrich.FailureKind
	}{
		{"nothing", "", connect.CodeBodyTruncated, enrich.Temporary},
		{"an object that stops", `{"secret": [1, 2`, connect.CodeBodyTruncated, enrich.Temporary},
		{"a text that stops", `"secret`, connect.CodeBodyTruncated, enrich.Temporary},
		{"a word that stops", `tru`, connect.CodeBodyTruncated, enrich.Temporary},
		{"HTML", `<html>secret</html>`, connect.CodeBadJSON, enrich.Permanent},
		{"a comma too many", `[1,]`, connect.CodeBadJSON, enrich.Permanent},
		{"two values", `{} {}`, connect.CodeBadJSON, enrich.Permanent},
		{"text behind", `{} secret`, connect.CodeBadJSON, enrich.Permanent},
		{"NaN", `NaN`, connect.CodeBadJSON, enrich.Permanent},
		{"a control character in a text", "\"a\x00b\"", connect.CodeBadJSON, enrich.Permanent},
		{"too large for a float64", `{"a":[1e400]}`, connect.CodeNumber, enrich.Permanent},
		{"one level too deep", strings.Repeat("[", 65) + strings.Repeat("]", 65), connect.CodeDeepJSON, enrich.Permanent},
		{"a hundred thousand levels", strings.Repeat(`{"a":`, 100_000), connect.CodeDeepJSON, enrich.Permanent},
		{"a million keys", "{" + strings.Repeat(`"a":1,`, 1_000_000) + `"a":1}`, connect.CodeLargeJSON, enrich.Permanent},
		{"a million empty lists", "[" + strings.Repeat("[],", 1_000_000) + "1]", connect.CodeLargeJSON, enrich.Permanent},
	} {
		t.Run("C6-130 "+test.name, func(t *testing.T) {
			_, err := connect.DecodeJSON([]byte(test.text))
			e := failure(t, err)
			if e.Code != test.code || e.Kind != test.kind || !e.Unknown() || strings.Contains(e.Error(), "secret") {
				t.Errorf("got %v (%v), want %s (%v)", e, e.Kind, test.code, test.kind)
			}
		})
	}
}

func TestDecodingIsBoundedInMemory(t *testing.T) {
	texts := map[string][]byte{
		"as many values as allowed":    []byte("[" + strings.Repeat("1,", connect.MaxValues-3) + "1]"),
		"one megabyte of small lists":  []byte("[" + strings.Repeat("[],", 1<<18) + "1]"),
		"one megabyte of open objects": []byte(strings.Repeat(`{"a":`, 1<<18)),
	}
	for name, text := range texts {
		t.Run("C6-130 "+name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _ = connect.DecodeJSON(text)
			runtime.ReadMemStats(&after)
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
				t.Errorf("it took %d bytes", grown)
			}
		})
	}
}

func TestTheContentTypeIsBelieved(t *testing.T) {
	for _, test := range []struct{ name, kind, body, code string }{
		{"JSON", "application/json", "{}", ""},
		{"JSON with a character set", "application/json; charset=utf-8", "{}", ""},
		{"a kind of JSON", "application/vnd.api+json", "{}", ""},
		{"problem details", "application/problem+json", "{}", ""},
		{"the old type", "text/json", "{}", ""},
		{"silence", "", "{}", ""},
		{"blanks only", "text/plain", " \r\n", ""},
		{"no body of any type", "text/html", "", ""},
		{"HTML", "text/html; charset=utf-8", "<html>", connect.CodeNotJSON},
		{"JSON that says it is HTML", "text/html", "{}", connect.CodeNotJSON},
		{"a type that is none", "json", "{}", connect.CodeNotJSON},
		{"HTML that says nothing", "", "<html>", connect.CodeBadJSON},
	} {
		t.Run("C6-122 "+test.name, func(t *testing.T) {
			header := http.Header{}
			if test.kind != "" {
				header.Set("Content-Type", test.kind)
			}
			inMemory(t, connect.Options{}, script(pretend.Reply(200, header, test.body)), func(t *testing.T, _ *pretend.Vendor, client *connect.Client) {
				answer, err := client.Do(t.Context(), to(t, "GET", "http://api.example.com/secret"))
				if err != nil {
					t.Fatal(err)
				}
				_, err = answer.JSON()
				if test.code == "" {
					if err != nil {
						t.Error(err)
					}
					return
				}
				if e := failure(t, err); e.Code != test.code || !strings.Contains(e.Error(), "GET api.example.com: ") || strings.Contains(e.Error(), "secret") {
					t.Errorf("got %v", e)
				}
			})
		})
	}
}

func FuzzDecodeJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2.5,-0,1e400,"\ud800",null,true]}`, "", "[", `"`, `{"a":1,"a":2} x`, "\ufeff[]", "18446744073709551616", "[[[[\"]]]]"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		value, err := connect.DecodeJSON(data)
		if err != nil {
			if e := failure(t, err); e.Code == "" || !e.Sent || e.Kind == enrich.NotFound {
				t.Errorf("%q: %+v", data, e)
			}
			return
		}
		if !json.Valid([]byte(strings.TrimPrefix(string(data), "\ufeff"))) {
			t.Errorf("%q is no JSON, but was taken for it", data)
		}
		if problem := ours(value, 0); problem != "" {
			t.Errorf("%q: %s", data, problem)
		}
	})
}

// ours says what is wrong with a value that package expr would not know.
func ours(value any, depth int) string {
	if depth > connect.MaxDepth {
		return "too deep"
	}
	switch v := value.(type) {
	case nil, bool, int64:
	case string:
		if !utf8.ValidString(v) {
			return "a text that is not UTF-8"
		}
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return "a number that is none"
		}
	case []any:
		for _, item := range v {
			if problem := ours(item, depth+1); problem != "" {
				return problem
			}
		}
	case map[string]any:
		for key, item := range v {
			if !utf8.ValidString(key) {
				return "a key that is not UTF-8"
			}
			if problem := ours(item, depth+1); problem != "" {
				return problem
			}
		}
	default:
		return fmt.Sprintf("a %T", v)
	}
	return ""
}
