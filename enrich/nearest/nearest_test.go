package nearest_test

import (
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich/nearest"
)

func TestName(t *testing.T) {
	known := []string{"company", "crm", "welcome", "custom:plan", "Résumé"}
	for name, want := range map[string]string{
		"compny":                 "company",
		"comapny":                "company", // two letters changed places
		"Company":                "company",
		"mrc":                    "",
		"crn":                    "crm",
		"cr":                     "crm",
		"c":                      "",
		"":                       "",
		"welcoem":                "welcome",
		"custom:paln":            "custom:plan",
		"resume":                 "",
		"something else":         "",
		strings.Repeat("x", 1e6): "",
		"welcome" + "welcome":    "",
		"xelcome":                "welcome",
	} {
		if got := nearest.Name(name, known); got != want {
			t.Errorf("%.20q: got %q, want %q", name, got, want)
		}
	}
	if got := nearest.Name("bar", []string{"bax", "bay"}); got != "bax" {
		t.Errorf("of two that are as near, the first: got %q", got)
	}
}
