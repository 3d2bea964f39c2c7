package inspect_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker/inspect"
)

// snake is the form of a code of several words; a code of one word is known by the place where it stands.
var snake = regexp.MustCompile(`^[a-z]+(_[a-z0-9]+)+$`)

// notCodes are texts of the worker that look like codes and are none.
var notCodes = []string{"postconfirm_body", "email_domain", "parked"} // the last is of a message that came too late

// codesIn are the code literals of the Go files below a folder, with the places where they stand.
func codesIn(t *testing.T, folder string, deep bool) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != folder && !deep:
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, code := range codesOf(file) {
			found[code] = path
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// codesOf are a file's texts in snake case, those given to a Code or Reason, and those that a function returns whose name
// says that it gives one.
func codesOf(file *ast.File) (codes []string) {
	take := func(e ast.Expr, any bool) {
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			s, _ := strconv.Unquote(lit.Value)
			if snake.MatchString(s) || any && s != "" && !strings.HasSuffix(s, "_") {
				codes = append(codes, s)
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field: // its tag is no code
			return n.Tag == nil
		case *ast.KeyValueExpr:
			name, ok := n.Key.(*ast.Ident)
			take(n.Value, ok && (name.Name == "Code" || name.Name == "Reason"))
		case *ast.FuncDecl:
			if n.Body != nil && strings.HasPrefix(strings.ToLower(n.Name.Name), "reason") {
				ast.Inspect(n.Body, func(in ast.Node) bool {
					if r, ok := in.(*ast.ReturnStmt); ok {
						for _, e := range r.Results {
							take(e, true)
						}
					}
					return true
				})
			}
		case *ast.ValueSpec:
			for i, v := range n.Values {
				name := strings.ToLower(n.Names[min(i, len(n.Names)-1)].Name)
				take(v, strings.HasPrefix(name, "code"))
			}
		case *ast.AssignStmt:
			for i, v := range n.Rhs {
				field, ok := n.Lhs[min(i, len(n.Lhs)-1)].(*ast.SelectorExpr)
				take(v, ok && (field.Sel.Name == "Code" || field.Sel.Name == "Reason"))
			}
		case *ast.BasicLit:
			take(n, false)
		}
		return true
	})
	return codes
}

func TestEveryCodeOfTheWorkerIsExplained(t *testing.T) {
	known := map[string]bool{}
	for _, e := range inspect.Reasons() {
		if known[e.Code] {
			t.Errorf("%s is explained twice", e.Code)
		}
		if known[e.Code] = true; !strings.HasSuffix(e.Meaning, ".") || !strings.HasSuffix(e.Do, ".") {
			t.Errorf("%s: meaning %q and what to do %q are a sentence each", e.Code, e.Meaning, e.Do)
		}
	}
	all := codesIn(t, "..", false)
	for _, folder := range []string{"../amazon", "../../enrich/awsfault", "../../enrich/event"} {
		for code, path := range codesIn(t, folder, true) {
			all[code] = path
		}
	}
	for _, must := range []string{"crash_loop", "panic", "draining", "deadline", "condition", "too_long", "no_credentials", "body_schema", "interrupted", "timeout", "breaker_open"} {
		if _, ok := all[must]; !ok {
			t.Errorf("the search itself is broken: it does not find %s", must)
		}
	}
	for code, path := range all {
		if !known[code] && !slices.Contains(notCodes, code) {
			t.Errorf("%s gives the code %s, which has no explanation", path, code)
		}
	}
}

func TestCodesBeyondTheTable(t *testing.T) {
	i := &inspect.Inspector{Codes: []enrich.Code{{Code: "several_rows", Kind: enrich.Permanent, Doc: "More than one row."}}}
	for code, want := range map[string]string{"several_rows": "More than one row.", "http_503": "could not do its work", "http_400": "refused",
		"http_302": "none of success", "needs_crm": "crm was skipped", "sql_40001": "SQLSTATE 40001", "crash_loop": "died three times"} {
		if got := i.Explain(code); !strings.Contains(got.Meaning, want) || got.Do == "" || got.Code != code {
			t.Errorf("%s: %+v", code, got)
		}
	}
	if got := i.Explain("of_a_stranger"); got.Meaning != "" || got.Code != "of_a_stranger" {
		t.Errorf("got %+v", got)
	}
}
