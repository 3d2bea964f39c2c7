package expr_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich/expr"
)

func TestEveryBombIsStopped(t *testing.T) {
	numbers := make([]any, 2000)
	for i := range numbers {
		numbers[i] = int64(i)
	}
	vars := expr.Vars{"user": map[string]any{"list": numbers, "text": strings.Repeat("a", 16<<10), "one": "x"}}
	for name, test := range map[string]struct{ source, want string }{
		"loops in loops": {`user.list.all(x, user.list.all(y, user.list.all(z, x + y + z >= 0)))`, "cost limit exceeded"},
		"a list of lists": {
			`user.list.map(x, user.list)`, "memory limit exceeded"},
		"a list that doubles": {
			`[[1]]` + strings.Repeat(`.map(x, x + x)`, 40) + `.map(x, size(x))`, "memory limit exceeded"},
		"a list that doubles and compares with itself": {
			`[user.list]` + strings.Repeat(`.map(x, x + x)`, 30) + `.exists(x, x == x)`, "memory limit exceeded"},
		"a doubling list behind a small decoy": {
			`[["a"], user.list]` + strings.Repeat(`.map(x, x + x)`, 25) + `.exists(x, x == [1, 2])`, "memory limit exceeded"},
		"a text that doubles": {
			`[user.text]` + strings.Repeat(`.map(x, x + x)`, 40), "memory limit exceeded"},
		"a text that replaces itself": {
			`[user.text].map(x, x.replace("a", x).replace("a", x))`, "a value is too large"},
		"a constant that replaces itself": {
			`["` + strings.Repeat("a", 800) + `"].map(x, x.replace("a", x).replace("a", x, 1000000))`, "a value is too large"},
		"many small replacements": {
			`"a"` + strings.Repeat(`.replace("a", "aaaaaaaaaa")`, 60), "cost limit exceeded"},
		"a join with a long text between": {
			`[user.text].map(x, x.split("").join(x))`, "a value is too large"},
		"a big regular expression from data": {
			`"x".matches(user.one + "((a{0,100}){0,10}){0,10}")`, "a value has the wrong form"},
	} {
		t.Run(name, func(t *testing.T) {
			program := compile(t, newEnv(t), test.source)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := program.Eval(t.Context(), vars)
			runtime.ReadMemStats(&after)
			if err == nil || err.Error() != "expr: evaluate: "+test.want {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if spent := (after.TotalAlloc - before.TotalAlloc) >> 20; spent > 64 {
				t.Errorf("took %d MiB to stop", spent)
			}
		})
	}
}

func TestTheResultIsBounded(t *testing.T) {
	env := newEnv(t)
	fits := strings.Repeat("a", expr.MaxResult)
	half := make([]any, expr.MaxResult/2)
	for name, test := range map[string]struct {
		source string
		value  any
		stays  bool
	}{
		"a text of just the limit":     {`user`, fits, true},
		"a text over the limit":        {`user`, fits + "a", false},
		"a text in a list":             {`[user]`, fits, false},
		"a text under a key":           {`{"k": user}`, fits, false},
		"a long list of small numbers": {`user + user + user`, half, false},
		"a list within the limit":      {`user`, half, true},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := compile(t, env, test.source).Eval(t.Context(), expr.Vars{"user": test.value})
			if stays := err == nil; stays != test.stays {
				t.Errorf("got %v", err)
			}
			if err != nil && err.Error() != "expr: evaluate: the result is larger than 16384 bytes" {
				t.Error(err)
			}
		})
	}
}

func TestTheSourceIsBounded(t *testing.T) {
	env := newEnv(t)
	for name, test := range map[string]struct{ source, want string }{
		"long":               {`"` + strings.Repeat("a", expr.MaxSource) + `"`, "the expression is longer than 2048 characters"},
		"deep in brackets":   {strings.Repeat("(", 500) + "1" + strings.Repeat(")", 500), "the expression is nested too deeply"},
		"deep in lists":      {strings.Repeat("[", 100) + "1" + strings.Repeat("]", 100), "the expression is nested too deeply"},
		"a long chain":       {`[1]` + strings.Repeat(".map(x,x)", 100), "the expression is nested too deeply"},
		"a regular big bang": {`"x".matches("((a{0,100}){0,10}){0,1}")`, "regex program size"},
		"format":             {`"%.999999999f".format([1.0])`, `unknown function "format"`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := env.Compile(test.source); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	if _, err := env.Compile(`"` + strings.Repeat("a", expr.MaxSource-2) + `"`); err != nil {
		t.Errorf("just long enough: %v", err)
	}
}
