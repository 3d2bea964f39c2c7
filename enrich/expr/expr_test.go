package expr_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich/expr"
)

func newEnv(t testing.TB) *expr.Env {
	t.Helper()
	env, err := expr.NewEnv("user", "run", "steps", "secrets")
	if err != nil {
		t.Fatal(err)
	}
	return env
}

func compile(t testing.TB, env *expr.Env, source string) *expr.Program {
	t.Helper()
	p, err := env.Compile(source)
	if err != nil {
		t.Fatalf("compile %s: %v", source, err)
	}
	return p
}

// world is what the tests' expressions see.
func world() expr.Vars {
	return expr.Vars{
		"user": map[string]any{"email": "ada@example.com", "given_name": "Ada", "custom:plan": "pro", "empty": ""},
		"run":  map[string]any{"age": 5 * time.Minute, "metadata": map[string]string{"campaign": "spring"}},
		"steps": map[string]any{
			"company": map[string]any{"outcome": "done", "body": map[string]any{
				"name": "Analytical Engines", "size": int64(3), "rate": 1.5, "active": true, "nothing": nil,
				"people": []any{map[string]any{"id": "7"}, map[string]any{"id": "8"}},
			}},
			"gone": nil,
		},
	}
}

func TestValues(t *testing.T) {
	env := newEnv(t)
	for source, want := range map[string]any{
		`user.email`:                                                 "ada@example.com",
		`user["custom:plan"]`:                                        "pro",
		`.user.email`:                                                "ada@example.com",
		`steps.company.body.size + 1`:                                int64(4),
		`steps.company.body.size / 2`:                                int64(1),
		`steps.company.body.rate * 2.0`:                              3.0,
		`steps.company.body.size > 2.5`:                              true,
		`steps.company.body.active`:                                  true,
		`steps.company.body.active && !false`:                        true,
		`steps.company.body.people[1].id`:                            "8",
		`steps.company.body.people.map(p, p.id)`:                     []any{"7", "8"},
		`steps.company.body.people.exists(p, p.id == "8")`:           true,
		`steps.company.body.people.filter(p, p.id > "7")[0].id`:      "8",
		`size(steps.company.body.people)`:                            int64(2),
		`"name" in steps.company.body`:                               true,
		`run.age < duration("72h")`:                                  true,
		`run.age + duration("1m")`:                                   6 * time.Minute,
		`run.metadata.campaign`:                                      "spring",
		`timestamp("2026-01-31T12:00:00Z")`:                          time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC),
		`user.email.endsWith("@example.com") ? "inside" : "outside"`: "inside",
		`user.email.split("@")[1].upperAscii()`:                      "EXAMPLE.COM",
		`user.email.matches("^[a-z]+@")`:                             true,
		`["a", "b"].join("-") + "aaa".replace("a", "b", 2)`:          "a-bbba",
		`["", "a"].join(",")`:                                        ",a",
		`"aaa".replace("a", "b")`:                                    "bbb",
		`"aaa".replace("", "-")`:                                     "-a-a-a-",
		`"aaa".replace("a", "b", -1)`:                                "bbb",
		`{"a": {"b": 1}}`:                                            map[string]any{"a": map[string]any{"b": int64(1)}},
		`[1, 2.5, "x", null, true]`:                                  []any{int64(1), 2.5, "x", nil, true},
		`5u`:                                                         int64(5),
	} {
		t.Run(source, func(t *testing.T) {
			got, err := compile(t, env, source).Eval(t.Context(), world())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestNull is the table of what null is and does: a path may end at every depth.
func TestNull(t *testing.T) {
	env := newEnv(t)
	for source, want := range map[string]any{
		`secrets`:                                  nil,
		`secrets.NONE`:                             nil,
		`user.nope`:                                nil,
		`user.nope.deeper.still`:                   nil,
		`user["no such"]["key"]`:                   nil,
		`user.nope[0]`:                             nil,
		`steps.gone`:                               nil,
		`steps.gone.body.name`:                     nil,
		`steps.missing.body.name`:                  nil,
		`steps.company.body.nothing`:               nil,
		`steps.company.body.nothing.x`:             nil,
		`steps.company.body.people[5].id`:          nil,
		`steps.company.body.people[-1].id`:         nil,
		`steps.company.body.people["x"]`:           nil,
		`run.metadata.other`:                       nil,
		`default(user.nope, user.nada)`:            nil,
		`user.nope == null`:                        true,
		`null == steps.missing.x.y`:                true,
		`user.email == null`:                       false,
		`user.email != null`:                       true,
		`user.nope != null`:                        false,
		`null == null`:                             true,
		`user.nope == user.nada`:                   true,
		`user.nope == "x"`:                         false,
		`user.nope != "x"`:                         true,
		`has(user.nope)`:                           false,
		`has(user.email)`:                          true,
		`has(user.empty)`:                          true,
		`has(user["custom:plan"])`:                 true,
		`has(steps.gone)`:                          false,
		`has(steps.missing.body.x)`:                false,
		`has(steps.company.body.nothing)`:          false,
		`default(user.nope, "x")`:                  "x",
		`default(user.email, "x")`:                 "ada@example.com",
		`default(steps.gone.n, 1) + 1`:             int64(2),
		`default(null, "x")`:                       "x",
		`default(user.empty, "x")`:                 "",
		`size(user.nope)`:                          int64(0),
		`"x" in user.nope`:                         false,
		`user.nope in ["x"]`:                       false,
		`user.nope.all(x, false)`:                  true,
		`user.nope.exists(x, true)`:                false,
		`user.nope.filter(x, true)`:                []any{},
		`user.nope.map(x, x.id)`:                   []any{},
		`steps.company.body.people.map(p, p.nope)`: []any{nil, nil},
		`{"a": user.nope}`:                         map[string]any{"a": nil},
		`user.nope > 3`:                            nil, // what null is not for gives null
		`!user.nope`:                               nil,
		`user.nope && true`:                        nil,
		`user.nope && false`:                       false,
		`user.nope ? 1 : 2`:                        nil,
		`user.nope.lowerAscii()`:                   nil,
		`user.nope + "x"`:                          nil,
	} {
		t.Run(source, func(t *testing.T) {
			got, err := compile(t, env, source).Eval(t.Context(), world())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEvaluationFailsInWordsWithoutValues(t *testing.T) {
	env := newEnv(t)
	vars := world()
	vars["user"].(map[string]any)["email"] = "canary-7f3a"
	for source, want := range map[string]string{
		`user.email + 1.0`:                       "no such overload",
		`user.email.domain`:                      "a value has the wrong form", // a text has no members: not a missing path
		`[user.email, 1].join(",")`:              "no such overload",
		`int(user.email)`:                        "type conversion error",
		`duration(user.email)`:                   "type conversion error",
		`timestamp(user.email)`:                  "a value has the wrong form",
		`"x".matches(user.email + "(")`:          "a value has the wrong form",
		`user.email.substring(500)`:              "index out of range",
		`1 / size(user.nope)`:                    "division by zero",
		`1 % size(user.nope)`:                    "modulus by zero",
		`9223372036854775807 + size(user.email)`: "integer overflow",
		`18446744073709551615u`:                  "integer overflow",
		`0.0 / 0.0`:                              "the result is no finite number",
		`1.0 / 0.0`:                              "the result is no finite number",
		`{1: user.email}`:                        "a map has a key that is no string",
		`bytes(user.email)`:                      "a result of type bytes has no use here",
		`type(user.email)`:                       "a result of type type has no use here",
	} {
		t.Run(source, func(t *testing.T) {
			_, err := compile(t, env, source).Eval(t.Context(), vars)
			if err == nil || err.Error() != "expr: evaluate: "+want {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}

func TestAnEndedContextIsAmongTheCauses(t *testing.T) {
	list := make([]any, 5000)
	vars := expr.Vars{"user": map[string]any{"list": list}}
	p := compile(t, newEnv(t), `user.list.all(x, x == null)`)
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := p.Eval(ctx, vars); err != nil {
		t.Fatalf("before the end: %v", err)
	}
	cancel()
	if _, err := p.Eval(ctx, vars); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestWhatTypesCanTell(t *testing.T) {
	env := newEnv(t)
	for source, want := range map[string]struct{ nullable, bool bool }{
		`user.email`:                 {true, true},
		`null`:                       {true, false},
		`user.email == "x"`:          {false, true},
		`has(user.x)`:                {false, true},
		`user.email.lowerAscii()`:    {false, false},
		`default(user.x, "y")`:       {false, false},
		`default(user.x, user.y)`:    {true, true},
		`default(user.x, true)`:      {false, true},
		`user.a == 1 ? user.b : "c"`: {true, true},
		`5`:                          {false, false},
	} {
		t.Run(source, func(t *testing.T) {
			p := compile(t, env, source)
			if p.Nullable() != want.nullable || p.MayBeBool() != want.bool {
				t.Errorf("nullable %v, may be bool %v; want %+v", p.Nullable(), p.MayBeBool(), want)
			}
		})
	}
}

func TestOneProgramServesManyGoroutines(t *testing.T) {
	env := newEnv(t)
	program := compile(t, env, `default(steps.company.body.people.map(p, p.id + user.email), ["none"])`)
	template, err := env.Template(`${{ user.given_name.upperAscii() }} of ${{ default(steps.company.body.name, "?") }}`)
	if err != nil {
		t.Fatal(err)
	}
	vars := world() // shared, like the answers of one run
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				v, err := program.Eval(t.Context(), vars)
				if diff := cmp.Diff([]any{"7ada@example.com", "8ada@example.com"}, v); err != nil || diff != "" {
					t.Error(err, diff)
				}
				s, _, err := template.EvalString(t.Context(), vars)
				if err != nil || s != "ADA of Analytical Engines" {
					t.Error(err, s)
				}
				if _, err := env.Compile(`usr.email + "x"`); err == nil || !strings.Contains(err.Error(), "usr") {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}
