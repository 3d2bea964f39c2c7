package enrichtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
)

// Sources reads the connector's source in the working directory of its test and fails the test for each code in it that
// the reference page does not have by its own name. Codes are constants called Code… or code…, its own and those of the packages
// in imports (name to folder), and texts that are written into a field Code. What is computed is not seen: see [Listed].
func Sources(t *testing.T, page enrich.Page, imports map[string]string) {
	t.Helper()
	known := codesOf(t, "", ".")
	for name, dir := range imports {
		for code, value := range codesOf(t, name+".", dir) {
			known[code] = value
		}
	}
	used := usedCodes(sources(t, "."), known)
	if len(used) == 0 {
		t.Error("the source has no code at all")
	}
	named := rows(page)
	if page.HTTP {
		named = append(named, connect.Codes()...)
	}
	for _, code := range used {
		if !slices.ContainsFunc(named, func(row enrich.Code) bool { return row.Code == code }) {
			t.Errorf("the reference page does not name %s, which the source has", code)
		}
	}
}

// sources are the files of a package, without tests.
func sources(t *testing.T, dir string) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no source in %s: %v", dir, err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

var codeName = regexp.MustCompile(`^[Cc]ode[A-Z]`)

// codesOf are the constants of a package that are called Code… or code…, by name behind prefix.
func codesOf(t *testing.T, prefix, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, file := range sources(t, dir) {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			for i, name := range spec.Names {
				if !codeName.MatchString(name.Name) || i >= len(spec.Values) {
					continue
				}
				if text, ok := literal(spec.Values[i]); ok {
					found[prefix+name.Name] = text
				}
			}
			return true
		})
	}
	return found
}

// usedCodes are the values of known constants that the files mention, and the texts that they write into a field Code.
func usedCodes(files []*ast.File, known map[string]string) []string {
	var used []string
	note := func(e ast.Expr) {
		if text, ok := literal(e); ok {
			used = append(used, text)
		}
	}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if from, ok := n.X.(*ast.Ident); ok && known[from.Name+"."+n.Sel.Name] != "" {
					used = append(used, known[from.Name+"."+n.Sel.Name])
				}
			case *ast.Ident:
				if known[n.Name] != "" {
					used = append(used, known[n.Name])
				}
			case *ast.CompositeLit:
				if isError(n.Type) {
					for _, e := range n.Elts {
						if pair, ok := e.(*ast.KeyValueExpr); ok && isCode(pair.Key) {
							note(pair.Value)
						}
					}
				}
			case *ast.AssignStmt:
				for i, left := range n.Lhs {
					if isCode(left) && len(n.Rhs) == len(n.Lhs) {
						note(n.Rhs[i])
					}
				}
			}
			return true
		})
	}
	slices.Sort(used)
	return slices.Compact(used)
}

// isError tells whether a literal's type is enrich.Error: a page has fields called Code as well.
func isError(e ast.Expr) bool {
	s, ok := e.(*ast.SelectorExpr)
	return ok && s.Sel.Name == "Error"
}

// isCode tells whether an expression is a field Code, or the key of one.
func isCode(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name == "Code"
	case *ast.SelectorExpr:
		return e.Sel.Name == "Code"
	}
	return false
}

func literal(e ast.Expr) (string, bool) {
	basic, ok := e.(*ast.BasicLit)
	if !ok || basic.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(basic.Value)
	return text, err == nil && text != ""
}
