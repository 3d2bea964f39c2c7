package connect_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
)

func TestEveryCodeOfTheToolkitIsListed(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		code, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		found++
		if !slices.ContainsFunc(connect.Codes(), func(c enrich.Code) bool { return c.Code == code }) {
			t.Errorf("%s is not listed", code)
		}
		return true
	})
	if found < 20 {
		t.Errorf("found %d constants in codes.go", found)
	}
}

// The list says of a status with a code of its own what Classify says.
func TestTheListAgreesWithClassify(t *testing.T) {
	for _, status := range []int{301, 401, 403, 429} {
		e := connect.Classify(status, http.Header{}, time.Time{})
		i := slices.IndexFunc(connect.Codes(), func(c enrich.Code) bool { return c.Code == e.Code })
		if i < 0 || connect.Codes()[i].Kind != e.Kind {
			t.Errorf("%d is %s, %v; the list differs", status, e.Code, e.Kind)
		}
	}
}
