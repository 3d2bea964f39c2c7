package enrich_test

import (
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

func TestThreatD26WhatMustNotBecomeAnAttribute(t *testing.T) {
	env, err := expr.NewEnv(enrich.Roots()...)
	if err != nil {
		t.Fatal(err)
	}
	const vendor, person, file = "${{ steps.company.name }}", "${{ user.given_name }}", "written in the file"
	roles := []string{"user", "guest"}
	for name, c := range map[string]struct {
		attribute, source string
		oneOf             []string
		text, want        string
	}{
		"a plain text":                             {"custom:x", vendor, nil, "Zoë & <Söhne> 😀 —", ""},
		"a tab":                                    {"custom:x", vendor, nil, "a\tb", "control_character"},
		"a delete":                                 {"custom:x", person, nil, "a\x7fb", "control_character"},
		"a next line":                              {"custom:x", file, nil, "a\u0085b", "control_character"},
		"a paragraph's end":                        {"address", vendor, nil, "a\u2029b", "control_character"},
		"an address of lines":                      {"address", vendor, nil, "a\r\nb", ""},
		"lines in another attribute":               {"custom:address", vendor, nil, "a\nb", "control_character"},
		"joiners, and marks of direction":          {"custom:x", vendor, nil, "\u200c\u200d\u200e\u200f\u061c", ""},
		"the first that turns":                     {"custom:x", vendor, nil, "\u202a", "bidi_control"},
		"the last of the old ones":                 {"custom:x", vendor, nil, "\u202e", "bidi_control"},
		"what stands behind them":                  {"custom:x", vendor, nil, "\u202f", ""},
		"the first isolate":                        {"custom:x", vendor, nil, "\u2066", "bidi_control"},
		"the last isolate":                         {"custom:x", vendor, nil, "\u2069", "bidi_control"},
		"a person's own, which the pool has":       {"custom:x", person, nil, "\u202e", ""},
		"a person's own, beside a vendor's":        {"custom:x", "${{ default(user.given_name, '') }}${{ default(steps.company.name, '') }}", nil, "\u202e", "bidi_control"},
		"one of the values":                        {"custom:x", vendor, roles, "guest", ""},
		"none of the values":                       {"custom:x", vendor, roles, "admin", "not_one_of"},
		"one of the values in another case":        {"custom:x", vendor, roles, "Guest", "not_one_of"},
		"an http address":                          {"website", vendor, nil, "HTTP://acme.example", ""},
		"a name":                                   {"website", vendor, nil, "acme.example/a:b", ""},
		"code for an address":                      {"picture", vendor, nil, "JAVASCRIPT:alert(1)", "not_a_web_address"},
		"code behind blanks":                       {"profile", vendor, nil, "  vbscript:x", "not_a_web_address"},
		"a file":                                   {"website", person, nil, "file:///etc/passwd", "not_a_web_address"},
		"the same where nobody expects an address": {"custom:x", vendor, nil, "javascript:alert(1)", ""},
	} {
		t.Run(name, func(t *testing.T) {
			value, err := env.Template(c.source)
			if err != nil {
				t.Fatal(err)
			}
			a := enrich.Attribute{Name: c.attribute, Value: value, OneOf: c.oneOf}
			if got := a.Refuses(c.text); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
