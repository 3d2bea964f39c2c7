package expr_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich/expr"
)

func template(t testing.TB, env *expr.Env, source string) *expr.Template {
	t.Helper()
	tmpl, err := env.Template(source)
	if err != nil {
		t.Fatalf("template %s: %v", source, err)
	}
	return tmpl
}

func TestTemplates(t *testing.T) {
	env := newEnv(t)
	for source, want := range map[string]any{
		``:                                     "",
		`plain`:                                "plain",
		`{{ x }} $ {} }} ${x}`:                 "{{ x }} $ {} }} ${x}",
		`${{ user.email }}`:                    "ada@example.com",
		`${{user.email}}`:                      "ada@example.com",
		`${{ steps.company.body.size }}`:       int64(3),
		`${{ user.nope }}`:                     nil,
		`${{ steps.company.body.people }}`:     []any{map[string]any{"id": "7"}, map[string]any{"id": "8"}},
		` ${{ steps.company.outcome == "x" }}`: " false",
		`id ${{ default(user.nope, "}}") }}!`:  "id }}!",
		`${{ '}}' + "}}\"}}" }}`:               `}}}}"}}`,
		`${{ {"a": {"b": {}}} }}`:              map[string]any{"a": map[string]any{"b": map[string]any{}}},
		`${{ {"a": {"b": 1}}.a.b }}`:           int64(1),
		`${{ "${{" }}`:                         "${{",
		"${{\n  user.email\n}}":                "ada@example.com",
		`${{ 1 }}${{ 2 }}`:                     "12",
		`a ${{ 1.50 }} ${{ true }}`:            "a 1.5 true",
		`after ${{ duration("90m") }}`:         "after 1h30m0s",
	} {
		t.Run(source, func(t *testing.T) {
			got, err := template(t, env, source).Eval(t.Context(), world())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTemplateMistakes(t *testing.T) {
	env := newEnv(t)
	for source, want := range map[string][]string{
		`${{ user.email`:                  {`1:0 "${{" without "}}"`},
		`ab ${{ "}}" `:                    {`1:3 "${{" without "}}"`},
		`${{ {"a": 1 }}`:                  {`1:0 "${{" without "}}"`},
		`${{ }}`:                          {`1:4 the expression is empty`},
		"ü ${{ usr.a }} and\n ${{ 1 + }}": {`1:6 unknown name "usr"; did you mean "user"?`, `2:9 the expression ends too early`},
		`Hello ${{ user.given_name }}`: {
			`1:10 user.given_name may be null inside a longer text; write default(user.given_name, "…")`},
		"a ${{ user.x }}\n${{ user.x }}": {
			`1:6 user.x may be null inside a longer text; write default(user.x, "…")`,
			`2:4 user.x may be null inside a longer text; write default(user.x, "…")`},
		`a ${{ user.x == 1 ? user.y : "z" }}`: {
			`1:6 user.x == 1 ? user.y : "z" may be null inside a longer text; write default(user.x == 1 ? user.y : "z", "…")`},
	} {
		t.Run(source, func(t *testing.T) {
			_, err := env.Template(source)
			if diff := cmp.Diff(want, said(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatEveryRunHasNeedsNoDefault(t *testing.T) {
	env := newEnv(t)
	for _, path := range []string{"run.key", "run.pool", "run.region", "run.sub", "run.source", "run.generation",
		"user.sub", "user.username", "secrets.TOKEN", `secrets["TOKEN"]`, `(run["key"])`} {
		if _, err := env.Template("Bearer ${{ " + path + " }}"); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, path := range []string{"run.client", "run.metadata.x", "user.email", "secrets[run.key]", "secrets", "secrets.TOKEN.x"} {
		if _, err := env.Template("Bearer ${{ " + path + " }}"); err == nil {
			t.Errorf("%s: no mistake", path)
		}
	}
}

func TestStaticAndPrefix(t *testing.T) {
	env := newEnv(t)
	for source, want := range map[string]struct {
		static       bool
		text, prefix string
	}{
		``:                               {true, "", ""},
		`https://a.example`:              {true, "https://a.example", "https://a.example"},
		`https://a.example/${{ "x" }}/y`: {false, "https://a.example/", "https://a.example/"},
		`${{ run.key }}`:                 {false, "", ""},
	} {
		tmpl := template(t, env, source)
		text, static := tmpl.Static()
		if text != want.text || static != want.static || tmpl.Prefix() != want.prefix || tmpl.Source() != source {
			t.Errorf("%s: got %q, %v, prefix %q, source %q", source, text, static, tmpl.Prefix(), tmpl.Source())
		}
	}
}

func TestEvalWithEncodesValuesOnly(t *testing.T) {
	tmpl := template(t, newEnv(t), `/find/${{ default(user.q, "") }}/x y`)
	vars := expr.Vars{"user": map[string]any{"q": "../../admin?x=1#/é"}}
	got, err := tmpl.EvalWith(t.Context(), vars, url.PathEscape)
	if want := "/find/..%2F..%2Fadmin%3Fx=1%23%2F%C3%A9/x y"; err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	alone := template(t, newEnv(t), `${{ user.q }}`)
	if got, err := alone.EvalWith(t.Context(), expr.Vars{}, url.PathEscape); err != nil || got != "" {
		t.Errorf("null: got %q, %v", got, err)
	}
}

func TestEvalStringTellsNullFromEmpty(t *testing.T) {
	env := newEnv(t)
	for source, want := range map[string]struct {
		text string
		ok   bool
	}{
		`${{ user.nope }}`:  {"", false},
		`${{ user.empty }}`: {"", true},
		`${{ 3 }}`:          {"3", true},
		`x`:                 {"x", true},
	} {
		text, ok, err := template(t, env, source).EvalString(t.Context(), world())
		if err != nil || text != want.text || ok != want.ok {
			t.Errorf("%s: got %q, %v, %v", source, text, ok, err)
		}
	}
	for _, source := range []string{`${{ steps.company.body.people }}`, `${{ steps.company }}`, `a ${{ [1] }}`, `${{ 1 / 0 }}`, `x ${{ 1 / 0 }}`} {
		if text, ok, err := template(t, env, source).EvalString(t.Context(), world()); err == nil || ok || text != "" {
			t.Errorf("%s: got %q, %v, %v", source, text, ok, err)
		}
	}
}

func TestATextOfManyExpressionsIsBounded(t *testing.T) {
	vars := expr.Vars{"user": strings.Repeat("a", expr.MaxResult/2)}
	twice := `${{ default(user, "") }}${{ default(user, "") }}`
	if _, err := template(t, newEnv(t), twice).Eval(t.Context(), vars); err != nil {
		t.Errorf("just small enough: %v", err)
	}
	if _, err := template(t, newEnv(t), twice+`${{ 1 }}`).Eval(t.Context(), vars); err == nil {
		t.Error("a text over the limit")
	}
}

func TestText(t *testing.T) {
	for _, test := range []struct {
		value any
		want  string
	}{
		{nil, ""}, {"a", "a"}, {"", ""}, {true, "true"}, {false, "false"},
		{int64(-42), "-42"}, {1.5, "1.5"}, {3.0, "3"}, {1e21, "1000000000000000000000"}, {0.000001, "0.000001"},
		{90 * time.Minute, "1h30m0s"},
		{time.Date(2026, 1, 31, 13, 0, 0, 0, time.FixedZone("", 3600)), "2026-01-31T12:00:00Z"},
	} {
		if got, err := expr.Text(test.value); err != nil || got != test.want {
			t.Errorf("%v: got %q, %v; want %q", test.value, got, err, test.want)
		}
	}
	for _, value := range []any{[]any{}, map[string]any{}, struct{}{}, 3} {
		if got, err := expr.Text(value); err == nil || got != "" || strings.Contains(err.Error(), "{}") {
			t.Errorf("%v: got %q, %v", value, got, err)
		}
	}
}

func TestANullMakesALongerTextNull(t *testing.T) {
	tm, err := newEnv(t).Template("mr ${{ user.nope.upperAscii() }}")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := tm.Eval(t.Context(), world()); got != nil || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	if text, ok, err := tm.EvalString(t.Context(), world()); text != "" || ok || err != nil {
		t.Errorf("got %q, %v, %v", text, ok, err)
	}
}
