package main

import (
	"os"
	"strings"
	"testing"
)

const three = `package all

import (
	"x/enrich"
	httpstep "x/http"
	"x/mail"
)

func Kinds(client *int) []enrich.Kind {
	return []enrich.Kind{
		httpstep.Kind(client),
		httpstep.Other(client),
		mail.Kind(client),
	}
}
`

func TestAConnectorIsLeftOutWithItsImport(t *testing.T) {
	for i, gone := range [][]string{{"httpstep.Kind"}, {"httpstep.Other"}, {"mail.Kind", `"x/mail"`}} {
		got, err := without([]byte(three), i)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"httpstep.Kind", "httpstep.Other", "mail.Kind", `"x/mail"`, `"x/http"`, `"x/enrich"`} {
			left := true
			for _, g := range gone {
				left = left && g != word
			}
			if strings.Contains(string(got), word) != left {
				t.Errorf("without %d: %s is there: %v, want %v\n%s", i, word, !left, left, got)
			}
		}
	}
}

func TestOnlyAListCanBeMeasured(t *testing.T) {
	for _, bad := range []string{"not go", "package all\n\nfunc Kinds() []int { return nil }\n"} {
		if got, err := without([]byte(bad), 0); err == nil {
			t.Errorf("got %s", got)
		}
	}
	source, err := os.ReadFile("../../../" + catalogue)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := without(source, 0); err != nil || len(got) >= len(source) {
		t.Errorf("the catalogue itself: %v\n%s", err, got)
	}
}
