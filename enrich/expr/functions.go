package expr

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/parser"
)

// macros are CEL's own, with null made tolerant: has(x), x == null and x != null all ask whether the path led to a
// value. (CEL compares null by identity, and the null of a missing path is a value of its own.)
func macros() []cel.Macro {
	return []cel.Macro{
		cel.GlobalMacro("has", 1, func(h parser.ExprHelper, _ ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
			return h.NewCall(operators.LogicalNot, h.NewCall(isNull, args[0])), nil
		}),
		cel.GlobalMacro(operators.Equals, 2, func(h parser.ExprHelper, _ ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
			if other := besideNull(args); other != nil {
				return h.NewCall(isNull, other), nil
			}
			return nil, nil
		}),
		cel.GlobalMacro(operators.NotEquals, 2, func(h parser.ExprHelper, _ ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
			if other := besideNull(args); other != nil {
				return h.NewCall(operators.LogicalNot, h.NewCall(isNull, other)), nil
			}
			return nil, nil
		}),
		cel.AllMacro, cel.ExistsMacro, cel.ExistsOneMacro, cel.FilterMacro, cel.MapMacro, cel.MapFilterMacro,
	}
}

// besideNull gives the argument that stands beside a null literal.
func besideNull(args []ast.Expr) ast.Expr {
	for i, arg := range args {
		if arg.Kind() == ast.LiteralKind && arg.AsLiteral() == types.NullValue {
			return args[1-i]
		}
	}
	return nil
}

// isNull is no name that a pipeline can write: only the macros call it.
const isNull = "@is_null"

func nullFunction() cel.EnvOption {
	return cel.Function(isNull, cel.Overload("is_null_any", []*cel.Type{cel.DynType}, cel.BoolType,
		cel.UnaryBinding(func(v ref.Val) ref.Val { return types.Bool(isNullValue(v)) })))
}

// defaultFunction is default(value, otherwise): otherwise if value is null.
func defaultFunction() cel.EnvOption {
	otherwise := cel.TypeParamType("T")
	return cel.Function("default", cel.Overload("default_any", []*cel.Type{cel.DynType, otherwise}, otherwise,
		cel.BinaryBinding(func(value, other ref.Val) ref.Val {
			if isNullValue(value) {
				return other
			}
			return value
		})))
}
