package main

import (
	"bytes"
	"errors"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strconv"
)

// without gives the catalogue's source without the i-th connector, and without the import that only it needed.
func without(source []byte, i int) ([]byte, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "all.go", source, 0)
	if err != nil {
		return nil, err
	}
	list := catalogueOf(file)
	if list == nil || i >= len(list.Elts) {
		return nil, errors.New("the catalogue is not one list with a line for each connector")
	}
	gone := packageOf(list.Elts[i])
	list.Elts = slices.Delete(list.Elts, i, i+1)
	if !slices.ContainsFunc(list.Elts, func(e ast.Expr) bool { return packageOf(e) == gone }) {
		forget(file, gone)
	}
	var out bytes.Buffer
	err = format.Node(&out, files, file)
	return out.Bytes(), err
}

// catalogueOf finds the list that is returned.
func catalogueOf(file *ast.File) (list *ast.CompositeLit) {
	ast.Inspect(file, func(n ast.Node) bool {
		if r, ok := n.(*ast.ReturnStmt); ok && len(r.Results) == 1 && list == nil {
			list, _ = r.Results[0].(*ast.CompositeLit)
		}
		return true
	})
	return list
}

// packageOf names the package in front of a call's dot.
func packageOf(e ast.Expr) string {
	if call, ok := e.(*ast.CallExpr); ok {
		if selector, ok := call.Fun.(*ast.SelectorExpr); ok {
			if name, ok := selector.X.(*ast.Ident); ok {
				return name.Name
			}
		}
	}
	return ""
}

// forget removes an import that nobody needs any more: it would not compile.
func forget(file *ast.File, name string) {
	for _, declared := range file.Decls {
		imports, ok := declared.(*ast.GenDecl)
		if !ok || imports.Tok != token.IMPORT {
			continue
		}
		imports.Specs = slices.DeleteFunc(imports.Specs, func(s ast.Spec) bool {
			spec := s.(*ast.ImportSpec)
			whole, err := strconv.Unquote(spec.Path.Value)
			local := path.Base(whole)
			if spec.Name != nil {
				local = spec.Name.Name
			}
			return err == nil && local == name
		})
	}
}
