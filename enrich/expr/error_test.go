package expr_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich/expr"
)

// said gives every mistake as line:column message; hint.
func said(err error) []string {
	all := []string{}
	var one *expr.Error
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			all = append(all, said(e)...)
		}
	} else if errors.As(err, &one) {
		all = append(all, fmt.Sprintf("%d:%d %s", one.Line, one.Column, one))
	}
	return all
}

func TestMistakesAreSaidInPlainWords(t *testing.T) {
	env := newEnv(t)
	for source, want := range map[string][]string{
		``:                         {"1:0 the expression is empty"},
		" \n ":                     {"2:1 the expression is empty"},
		`1 +`:                      {"1:3 the expression ends too early"},
		`(1`:                       {"1:2 the expression ends too early"},
		`user.a ? 1`:               {"1:10 the expression ends too early"},
		`usr.email`:                {`1:0 unknown name "usr"; did you mean "user"?`},
		`"😀" + usr.a + stepz.b`:    {`1:6 unknown name "usr"; did you mean "user"?`, `1:14 unknown name "stepz"; did you mean "steps"?`},
		"1 +\n  usr.a":             {`2:2 unknown name "usr"; did you mean "user"?`},
		`whatever.x`:               {`1:0 unknown name "whatever"; known are user, run, steps, secrets`},
		`True`:                     {`1:0 unknown name "True"; did you mean "true"?`},
		`user.given-name`:          {`1:11 unknown name "name"; "-" is minus here; a name with a hyphen is read as ["…-name"]`},
		`foo(1)`:                   {`1:0 unknown function "foo"`},
		`user.a.lowerAsci()`:       {`1:7 unknown function "lowerAsci"; did you mean "lowerAscii"?`},
		`user.a == "x" and user.b`: {`1:14 unexpected "and"; did you mean "&&"?`},
		`user.a or user.b`:         {`1:7 unexpected "or"; did you mean "||"?`},
		`user.a = "x"`:             {`1:7 unexpected "="; did you mean "=="?`},
		`user.a & user.b`:          {`1:7 unexpected "&"; did you mean "&&"?`},
		`user.custom:plan == "x"`:  {`1:11 unexpected ":"; write user["custom:…"]`},
		`steps.in.x`:               {`1:6 unexpected ".in"`},
		`user..x`:                  {`1:5 unexpected ".."`},
		`user.a == "x`:             {`1:10 a text has no closing quote`},
		`'x' + 1`:                  {`1:4 + does not work on (string, int); make a text of the other side with string(…)`},
		`"x".substring("y")`:       {`1:13 the function substring does not take (string)`},
		`1 ? 2 : 3`:                {`1:2 what stands before ? must be true or false`},
		`!1`:                       {`1:0 ! does not work on (int)`},
		`duration("3d")`:           {`1:9 this is no duration; write "72h", "90m" or "30s"; there are no days`},
		`timestamp("x")`:           {`1:10 this is no time; write "2026-01-31T12:00:00Z"`},
		`user.a.matches("(")`:      {`1:15 this is no regular expression`},
		`[1].map(user, user.x)`:    {`1:7 a variable may not be called user; take another name, x for example`},
	} {
		t.Run(source, func(t *testing.T) {
			_, err := env.Compile(source)
			if diff := cmp.Diff(want, said(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAQuotationIsKeptShort(t *testing.T) {
	_, err := newEnv(t).Compile(strings.Repeat("x", 1000))
	if err == nil || len(err.Error()) > 200 {
		t.Errorf("got %v", err)
	}
}
