package enrichtest_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/enrichtest"
)

// page lists a code, two in one row, a number and any word.
func page(http bool) enrich.Page {
	return enrich.Page{HTTP: http, Codes: []enrich.Code{
		{Code: "bad_value", Kind: enrich.Permanent},
		{Code: "one`, `two", Kind: enrich.Throttled},
		{Code: "sql_<number>", Kind: enrich.Temporary},
		{Code: "token_<code>", Kind: enrich.Denied},
	}}
}

func TestAFailureIsOnThePageOrNot(t *testing.T) {
	for _, test := range []struct {
		code   string
		kind   enrich.FailureKind
		http   bool
		listed bool
	}{
		{"bad_value", enrich.Permanent, false, true},
		{"bad_value", enrich.Temporary, false, false},
		{"bad_values", enrich.Permanent, false, false},
		{"two", enrich.Throttled, false, true},
		{"one`, `two", enrich.Throttled, false, false},
		{"sql_1205", enrich.Temporary, false, true},
		{"sql_", enrich.Temporary, false, false},
		{"sql_x", enrich.Temporary, false, false},
		{"token_http_400", enrich.Denied, false, true},
		{"token_HTTP", enrich.Denied, false, false},
		{"a token_x", enrich.Denied, false, false},
		{"http_503", enrich.Temporary, false, false},
		{"http_503", enrich.Temporary, true, true},
		{"http_503", enrich.Denied, true, false},
		{"not_found", enrich.NotFound, false, true},
		{enrich.CodePending, enrich.Throttled, false, true},
	} {
		problem := enrichtest.Unlisted(page(test.http), &enrich.Error{Code: test.code, Kind: test.kind})
		if (problem == "") != test.listed {
			t.Errorf("%s, %v, with HTTP %v: %q", test.code, test.kind, test.http, problem)
		}
	}
}

func TestARowWithoutASceneIsSeen(t *testing.T) {
	scenes := []enrichtest.Scene{
		{Code: "bad_value", Kind: enrich.Temporary}, // of another kind
		{Code: "one", Kind: enrich.Throttled},
		{Code: "sql_7", Kind: enrich.Temporary},
	}
	var left []string
	for _, row := range enrichtest.Unproven(page(false), scenes) {
		left = append(left, row.Code)
	}
	if diff := cmp.Diff([]string{"bad_value", "two", "token_<code>"}, left); diff != "" {
		t.Errorf("rows without a scene (-want +got):\n%s", diff)
	}
	own := enrich.Page{Codes: []enrich.Code{{Code: "x_<code>"}, {Code: "x_own"}}}
	if left := enrichtest.Unproven(own, []enrichtest.Scene{{Code: "x_own"}}); len(left) != 1 || left[0].Code != "x_<code>" {
		t.Errorf("a code with a row of its own is no proof of a form: %v", left)
	}
}

func TestCodesAreFoundInSource(t *testing.T) {
	const source = `package p
func f(e *enrich.Error, n int) {
	refused(CodeOwn)
	e.Code = "assigned"
	e.Kind, e.Code = 1, "assigned_too"
	e.Code = computed(n)
	_ = &enrich.Error{Code: "made", Err: other.CodeOther}
	_ = enrich.Code{Code: "of a page"}
	_ = connect.CodeDNS
}`
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	got := enrichtest.UsedCodes([]*ast.File{file}, map[string]string{"CodeOwn": "own", "connect.CodeDNS": "dns", "CodeUnused": "unused"})
	if diff := cmp.Diff([]string{"assigned", "assigned_too", "dns", "made", "own"}, got); diff != "" {
		t.Errorf("codes (-want +got):\n%s", diff)
	}
}

// reader is a connector with everything that a connector may declare.
type reader struct{ err error }

func (r reader) Run(context.Context, enrich.Call) (enrich.Result, error) { return nil, r.err }
func (reader) Class() enrich.Class                                       { return enrich.Read }
func (reader) KeyLife() time.Duration                                    { return time.Minute }
func (reader) Dependency() string                                        { return "host" }
func (reader) Remembered(context.Context, enrich.Call) (enrich.Result, bool, error) {
	return enrich.Result{"a": "b"}, true, nil
}

// plain declares nothing.
type plain struct{ enrich.Connector }

func TestTheObserverDeclaresWhatTheConnectorDoes(t *testing.T) {
	c := enrichtest.Listed(t, page(false), reader{err: &enrich.Error{Kind: enrich.Permanent, Code: "bad_value"}})
	_, known, _ := c.(enrich.Rememberer).Remembered(t.Context(), enrich.Call{})
	if enrich.ClassOf(c) != enrich.Read || enrich.KeyLife(c) != time.Minute || c.(enrich.Dependent).Dependency() != "host" || !known {
		t.Errorf("class %v, key life %v", enrich.ClassOf(c), enrich.KeyLife(c))
	}
	if _, err := c.Run(t.Context(), enrich.Call{}); enrich.Failure(err).Code != "bad_value" {
		t.Errorf("got %v", err)
	}
	c = enrichtest.Listed(t, page(false), plain{reader{}})
	_, known, _ = c.(enrich.Rememberer).Remembered(t.Context(), enrich.Call{})
	if enrich.ClassOf(c) != enrich.Unsafe || enrich.KeyLife(c) != enrich.DefaultKeyLife || c.(enrich.Dependent).Dependency() != "" || known {
		t.Errorf("class %v, key life %v", enrich.ClassOf(c), enrich.KeyLife(c))
	}
}
