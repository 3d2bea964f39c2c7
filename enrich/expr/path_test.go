package expr_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich/expr"
)

func TestPaths(t *testing.T) {
	env := newEnv(t)
	for source, want := range map[string][]string{
		`1 + 2`:                                      {},
		`user`:                                       {"user"},
		`user.email`:                                 {"user.email"},
		`.user.email`:                                {"user.email"},
		`(user).email`:                               {"user.email"},
		`user["custom:plan"]`:                        {"user.custom:plan"},
		`user['a']["b"].c`:                           {"user.a.b.c"},
		`steps.crm.items[0].id`:                      {"steps.crm.items"},
		`steps.crm["items"][0]["id"]`:                {"steps.crm.items"},
		`steps[user.email].x`:                        {"steps", "user.email"},
		`steps.crm[user.a].x`:                        {"steps.crm", "user.a"},
		`steps.crm[steps.x.y].z`:                     {"steps.crm", "steps.x.y"},
		`user.email.lowerAscii()`:                    {"user.email"},
		`size(user.email)`:                           {"user.email"},
		`has(user.email)`:                            {"user.email"},
		`user.email == null`:                         {"user.email"},
		`null != user["x"]`:                          {"user.x"},
		`default(user.a, user.b)`:                    {"user.a", "user.b"},
		`user.a + user.b + user.a`:                   {"user.a", "user.b"},
		`user.a ? user.b : user.c`:                   {"user.a", "user.b", "user.c"},
		`[user.a, {"k": user.b}]`:                    {"user.a", "user.b"},
		`{user.a: 1}`:                                {"user.a"},
		`steps.a.list.map(x, x.id)`:                  {"steps.a.list"},
		`steps.a.list.exists(x, x.id == user.b)`:     {"steps.a.list", "user.b"},
		`steps.a.l.filter(x, x.y)[0].z`:              {"steps.a.l"},
		`[1].map(x, steps.a.b)`:                      {"steps.a.b"},
		`"x" in steps.a`:                             {"steps.a"},
		`steps.map(x, x)`:                            {"steps"},
		`steps.a.b && (steps.a.b.c || steps.a)`:      {"steps.a.b", "steps.a.b.c", "steps.a"},
		`run.age < duration("72h") && run.key != ""`: {"run.age", "run.key"},
	} {
		t.Run(source, func(t *testing.T) {
			got := []string{}
			for _, p := range compile(t, env, source).Paths() {
				got = append(got, p.String())
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUsesKnowTheirPlaces(t *testing.T) {
	env := newEnv(t)
	for source, want := range map[string][]string{
		`user.a`:                           {"1:0 user.a"},
		`  user . a`:                       {"1:2 user.a"},
		`"é😀" + user.a`:                    {"1:7 user.a"},
		"1 +\n\n  user.a":                  {"3:2 user.a"},
		`has(user.a) && user["b"] == null`: {"1:4 user.a", "1:15 user.b"},
		`user.x + user.x`:                  {"1:0 user.x"},
		`[1].map(x, user.y[x])`:            {"1:11 user.y"},
	} {
		t.Run(source, func(t *testing.T) {
			if diff := cmp.Diff(want, places(compile(t, env, source).Uses())); diff != "" {
				t.Error(diff)
			}
		})
	}
	template, err := env.Template("first ${{ run.key }}\nü ${{ user.a == null }}${{\n default(user.b,\n  run.pool + \"\") }}")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"1:10 run.key", "2:6 user.a", "3:9 user.b", "4:2 run.pool"}
	if diff := cmp.Diff(want, places(template.Uses())); diff != "" {
		t.Error(diff)
	}
}

func places(uses []expr.Use) []string {
	all := []string{}
	for _, u := range uses {
		all = append(all, fmt.Sprintf("%d:%d %s", u.Line, u.Column, u.Path))
	}
	return all
}
