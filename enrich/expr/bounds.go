package expr

import (
	"errors"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// The bounds of one expression.
const (
	MaxSource = 2048     // longest expression, in characters
	MaxResult = 16 << 10 // largest result, in bytes of its strings

	maxDepth  = 64        // nesting of the source
	maxText   = 1 << 20   // longest text on the way to the result, in bytes
	maxUnits  = 100_000   // largest list or map on the way, in elements; ten bytes of text count as one
	maxRegex  = 2_000     // instructions of one regular expression
	costLimit = 1_000_000 // CEL cost units: tens of milliseconds at the very most
	checkEach = 100       // comprehension steps between two looks at the context
)

// errTooLarge says that a value outgrew its bound.
var errTooLarge = errors.New("a value is too large")

// bounds are the options that bound the source, and take away or guard the functions whose result can be much larger
// than what goes in: CEL looks at a result only after it was made, which is too late for replace and join.
func bounds() []cel.EnvOption {
	text, texts := cel.StringType, cel.ListType(cel.StringType)
	return []cel.EnvOption{
		cel.ParserExpressionSizeLimit(MaxSource),
		cel.ParserRecursionLimit(maxDepth),
		cel.RegexProgramSizeLimit(maxRegex),
		cel.Function("format", cel.DisableDeclaration(true),
			cel.MemberOverload("string_format", []*cel.Type{text, cel.ListType(cel.DynType)}, text)),
		cel.Function("replace",
			cel.MemberOverload("string_replace_string_string", []*cel.Type{text, text, text}, text,
				cel.FunctionBinding(replace)),
			cel.MemberOverload("string_replace_string_string_int", []*cel.Type{text, text, text, cel.IntType}, text,
				cel.FunctionBinding(replace))),
		cel.Function("join",
			cel.MemberOverload("list_join", []*cel.Type{texts}, text, cel.UnaryBinding(
				func(list ref.Val) ref.Val { return join(list, types.String("")) })),
			cel.MemberOverload("list_join_string", []*cel.Type{texts, text}, text, cel.BinaryBinding(join))),
	}
}

// limits are the options that bound an evaluation.
func limits() []cel.ProgramOption {
	sizes := types.NewSizeCalculator(types.SizeCalculatorMaxDepth(2*maxDepth), types.SizeCalculatorMaxTraversal(maxUnits))
	return []cel.ProgramOption{
		cel.CostLimit(costLimit),
		cel.MemoryTracking(types.MemoryTrackerSizeCalculator(sizes)),
		cel.MemoryLimit(maxUnits),
		cel.InterruptCheckFrequency(checkEach),
		cel.EvalOptions(cel.OptOptimize),
	}
}

// replace is CEL's text.replace(old, new[, times]), which looks at the size of the result before it makes it.
func replace(args ...ref.Val) ref.Val {
	text, from, to := string(args[0].(types.String)), string(args[1].(types.String)), string(args[2].(types.String))
	times := strings.Count(text, from)
	if len(args) == 4 {
		if n := args[3].(types.Int); n >= 0 && n < types.Int(times) {
			times = int(n)
		}
	}
	if len(text)+times*(len(to)-len(from)) > maxText {
		return types.WrapErr(errTooLarge)
	}
	return types.String(strings.Replace(text, from, to, times))
}

// join is CEL's list.join([between]), which stops as soon as the text is too long.
func join(list, between ref.Val) ref.Val {
	var b strings.Builder
	for i, it := 0, list.(traits.Lister).Iterator(); it.HasNext() == types.True; i++ {
		element, ok := it.Next().(types.String)
		if !ok {
			return types.NewErr("no such overload")
		}
		if i > 0 {
			b.WriteString(string(between.(types.String)))
		}
		b.WriteString(string(element))
		if b.Len() > maxText {
			return types.WrapErr(errTooLarge)
		}
	}
	return types.String(b.String())
}
