package expr

import (
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// Path is a chain of names from a root: steps.company.body.name is {"steps", "company", "body", "name"}.
// It ends where the names stop being known when the file is read: steps.crm.items[0].id is read as
// {"steps", "crm", "items"}, which stands for all that is below.
type Path []string

// String writes the path with dots.
func (p Path) String() string { return strings.Join(p, ".") }

// Use is a path and the place where it is first read. Line counts from 1, Column from 0, in characters, both inside
// the expression or the template.
type Use struct {
	Path         Path
	Line, Column int
}

// Uses are the paths that it reads, longest form, each once, in order of appearance.
func (p *Program) Uses() []Use { return p.uses }

// Paths are the paths of Uses.
func (p *Program) Paths() []Path { return paths(p.uses) }

func paths(uses []Use) []Path {
	all := make([]Path, len(uses))
	for i, use := range uses {
		all[i] = use.Path
	}
	return all
}

// uses lists what the expression reads below the known roots; alone tells that it is one path and nothing else.
func (e *Env) uses(compiled *cel.Ast) (all []Use, alone bool) {
	r := pathReader{roots: e.roots, source: compiled.NativeRep().SourceInfo(), taken: map[int64]bool{}}
	ast.PreOrderVisit(ast.NavigateAST(compiled.NativeRep()), ast.NewExprVisitor(r.visit))
	_, _, open, ok := r.chain(compiled.NativeRep().Expr())
	return r.found, open && ok
}

// shadows finds a variable of a comprehension that hides a root: [1].map(user, user.x) would read like the real one.
func (e *Env) shadows(parsed *cel.Ast) error {
	var found *Error
	source := parsed.NativeRep().SourceInfo()
	ast.PreOrderVisit(ast.NavigateAST(parsed.NativeRep()), ast.NewExprVisitor(func(expr ast.Expr) {
		if expr.Kind() != ast.ComprehensionKind || found != nil {
			return
		}
		if name := expr.AsComprehension().IterVar(); slices.Contains(e.roots, name) {
			at := source.GetStartLocation(expr.ID())
			found = &Error{Line: at.Line(), Column: at.Column(), Message: "a variable may not be called " + name,
				Hint: "take another name, x for example"}
		}
	}))
	if found == nil {
		return nil
	}
	return found
}

type pathReader struct {
	roots  []string
	source *ast.SourceInfo
	taken  map[int64]bool // parts of a longer chain that was read already
	found  []Use
}

func (r *pathReader) visit(expr ast.Expr) {
	if r.taken[expr.ID()] {
		return
	}
	path, root, _, ok := r.chain(expr)
	if !ok || slices.ContainsFunc(r.found, func(u Use) bool { return slices.Equal(u.Path, path) }) {
		return
	}
	at := r.source.GetStartLocation(root)
	r.found = append(r.found, Use{Path: path, Line: at.Line(), Column: at.Column()})
}

// chain reads a.b["c"].d as a path; root is the id of its first name. open is false once an index was no constant
// string: what follows is below.
func (r *pathReader) chain(expr ast.Expr) (path Path, root int64, open, ok bool) {
	var name string
	var operand ast.Expr
	known := true
	switch expr.Kind() {
	case ast.IdentKind:
		r.taken[expr.ID()] = true
		return Path{expr.AsIdent()}, expr.ID(), true, slices.Contains(r.roots, expr.AsIdent())
	case ast.SelectKind:
		operand, name = expr.AsSelect().Operand(), expr.AsSelect().FieldName()
	case ast.CallKind:
		call := expr.AsCall()
		if call.FunctionName() != operators.Index || len(call.Args()) != 2 {
			return nil, 0, false, false
		}
		operand = call.Args()[0]
		name, known = constant(call.Args()[1])
	default:
		return nil, 0, false, false
	}
	path, root, open, ok = r.chain(operand)
	if !ok {
		return nil, 0, false, false
	}
	r.taken[expr.ID()] = true
	if open = open && known; open {
		path = append(path, name)
	}
	return path, root, open, true
}

func constant(expr ast.Expr) (string, bool) {
	if expr.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := expr.AsLiteral().(types.String)
	return string(s), ok
}
