// Package expr is the expression language of the pipeline file: CEL between ${{ and }}.
//
// It promises: a name that does not exist is found when the file is read, not at three in the morning; every
// evaluation ends, inside a cost limit, a memory of its own size, and its context; a path that leads nowhere is null,
// at every depth, and an operation that null is not for (null > 2) is null again, so nobody writes ladders of has(). It knows which paths an expression reads, so that only those
// fields of an answer need to be kept.
//
// It refuses: expressions longer than [MaxSource], results larger than [MaxResult], and turning a list or a map into
// text by accident.
//
// Values are those of JSON (nil, bool, int64, float64, string, []any, map[string]any) plus time.Duration and time.Time.
package expr

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/ext"
	"cel.dev/cel-go/interpreter"
)

// Vars are the values of the root names for one evaluation. A missing root is null.
type Vars map[string]any

// Env knows the root names that expressions may use. It is safe for concurrent use.
type Env struct {
	roots []string
	cel   *cel.Env
}

// NewEnv makes an environment in which the given names exist, each holding any value.
func NewEnv(roots ...string) (*Env, error) {
	options := []cel.EnvOption{
		cel.StdLib(),
		cel.CustomTypeAdapter(adapter{types.DefaultTypeAdapter}),
		cel.ClearMacros(), cel.Macros(macros()...),
		ext.Strings(ext.StringsVersion(5)),
		cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true),
		cel.ASTValidators(cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateRegexLiterals()),
		defaultFunction(), nullFunction(),
	}
	for _, root := range roots {
		options = append(options, cel.Variable(root, cel.DynType))
	}
	env, err := cel.NewCustomEnv(append(options, bounds()...)...)
	if err != nil {
		return nil, fmt.Errorf("expr: make environment: %w", err)
	}
	return &Env{roots: slices.Clone(roots), cel: env}, nil
}

// Program is one compiled expression. It is immutable and safe for concurrent use.
type Program struct {
	source  string
	program cel.Program
	uses    []Use
	alone   bool // it is a path and nothing else
	output  *cel.Type
}

// Compile reads one expression, without its ${{ }}. Its errors are *Error, joined when there are several.
func (e *Env) Compile(source string) (*Program, error) {
	parsed, issues := e.cel.Parse(source)
	if issues.Err() != nil {
		return nil, e.mistakes(source, issues)
	}
	if err := e.shadows(parsed); err != nil {
		return nil, err
	}
	ast, issues := e.cel.Check(parsed)
	if issues.Err() != nil {
		return nil, e.mistakes(source, issues)
	}
	program, err := e.cel.Program(ast, limits()...)
	if err != nil {
		return nil, &Error{Line: 1, Message: err.Error()}
	}
	uses, alone := e.uses(ast)
	return &Program{source: strings.TrimSpace(source), program: program, output: ast.OutputType(),
		uses: uses, alone: alone}, nil
}

// Source is the text it was compiled from, without the space around it.
func (p *Program) Source() string { return p.source }

// Nullable tells whether the result may be null, as far as types can tell.
func (p *Program) Nullable() bool {
	return p.output.Kind() == types.DynKind || p.output.Kind() == types.NullTypeKind
}

// MayBeBool tells whether the result may be a bool (for conditions).
func (p *Program) MayBeBool() bool {
	return p.output.Kind() == types.DynKind || p.output.Kind() == types.BoolKind
}

// Eval computes the value for vars. It stops with the context, at the cost limit, and at MaxResult. Errors carry the
// kind of trouble, never a value; the context's error is among their causes when the context ended the evaluation.
func (p *Program) Eval(ctx context.Context, vars Vars) (any, error) {
	out, _, err := p.program.ContextEval(ctx, p.activation(vars))
	if err != nil {
		if err = trouble(ctx, err); errors.Is(err, errOverload) && p.readsNull(vars) {
			return nil, nil
		}
		return nil, fmt.Errorf("expr: evaluate: %w", err)
	}
	value, err := native(out)
	if err != nil {
		return nil, fmt.Errorf("expr: evaluate: %w", err)
	}
	return value, nil
}

func (p *Program) activation(vars Vars) map[string]any {
	roots := make(map[string]any, len(p.uses))
	for _, use := range p.uses {
		roots[use.Path[0]] = adapter{types.DefaultTypeAdapter}.NativeToValue(vars[use.Path[0]])
	}
	return roots
}

// readsNull tells whether one of the paths that the expression reads leads nowhere.
func (p *Program) readsNull(vars Vars) bool {
	for _, use := range p.uses {
		if lookup(map[string]any(vars), use.Path) == nil {
			return true
		}
	}
	return false
}

// lookup follows a path through maps; nil is where it leads nowhere.
func lookup(v any, path Path) any {
	for _, name := range path {
		switch m := v.(type) {
		case map[string]any:
			v = m[name]
		case map[string]string:
			text, ok := m[name]
			if v = text; !ok {
				return nil
			}
		default:
			return nil
		}
	}
	return v
}

// errOverload is CEL's word for an operation on values that it is not for: size(1), null > 2.
var errOverload = errors.New("no such overload")

// trouble names what went wrong without the values that CEL puts into some of its messages.
func trouble(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, interpreter.InterruptError{}) {
		return cause
	}
	if errors.Is(err, errTooLarge) {
		return errTooLarge
	}
	text := err.Error()
	if strings.Contains(text, errOverload.Error()) {
		return errOverload
	}
	for _, known := range []string{"cost limit exceeded", "memory limit exceeded",
		"division by zero", "modulus by zero", "integer overflow", "index out of range", "type conversion error"} {
		if strings.Contains(text, known) {
			return errors.New(known)
		}
	}
	return errors.New("a value has the wrong form")
}
