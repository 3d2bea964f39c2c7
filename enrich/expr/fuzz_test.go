package expr_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/enrich/expr"
)

func FuzzCompile(f *testing.F) {
	for _, seed := range []string{`user.email`, `1 +`, `has(user.x) && user["y"] == null`, `[1].map(x, x + x)`, `"😀" + usr`,
		`steps.a.b[0].c`, `default(user.x, {"a": [1, 2.5, null]})`, "a\n+ b", `user.custom:x`, `foo(`, "\x00", `'\u{110000}'`} {
		f.Add(seed)
	}
	env := newEnv(f)
	f.Fuzz(func(t *testing.T, source string) {
		program, err := env.Compile(source)
		if err != nil {
			checkPlaces(t, source, err)
			return
		}
		for _, use := range program.Uses() {
			inside(t, source, use.Line, use.Column)
		}
		finish(t, program.Eval)
	})
}

func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{`plain`, `${{ user.email }}`, `a ${{ default(user.x, "}}") }} b`, `${{ {"a": {"b": 1}} }}`,
		`${{`, `}} ${{ }}`, "x\n${{ usr }}\n${{ 1 + }}", `${{ r"\" }}`, `${{ 'it''s' }}`} {
		f.Add(seed)
	}
	env := newEnv(f)
	f.Fuzz(func(t *testing.T, source string) {
		tmpl, err := env.Template(source)
		if err != nil {
			checkPlaces(t, source, err)
			return
		}
		for _, use := range tmpl.Uses() {
			inside(t, source, use.Line, use.Column)
		}
		if text, static := tmpl.Static(); static && text != source {
			t.Errorf("static %q of %q", text, source)
		}
		if !strings.HasPrefix(source, tmpl.Prefix()) {
			t.Errorf("prefix %q of %q", tmpl.Prefix(), source)
		}
		finish(t, tmpl.Eval)
	})
}

// checkPlaces holds every mistake against the source that it points into.
func checkPlaces(t *testing.T, source string, err error) {
	t.Helper()
	places := 0
	var walk func(error)
	walk = func(err error) {
		var one *expr.Error
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			for _, e := range joined.Unwrap() {
				walk(e)
			}
		} else if errors.As(err, &one) {
			places++
			inside(t, source, one.Line, one.Column)
			if one.Message == "" {
				t.Errorf("a mistake without words in %q", source)
			}
		}
	}
	if walk(err); places == 0 {
		t.Errorf("%q: %v is no *expr.Error", source, err)
	}
}

func inside(t *testing.T, source string, line, column int) {
	t.Helper()
	lines := strings.Split(source, "\n")
	if line < 1 || line > len(lines) || column < 0 || column > len([]rune(lines[line-1])) {
		t.Errorf("%d:%d is outside of %q", line, column, source)
	}
}

// finish evaluates with a time limit that a bounded evaluation never needs.
func finish(t *testing.T, eval func(context.Context, expr.Vars) (any, error)) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := eval(ctx, world()); errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}
