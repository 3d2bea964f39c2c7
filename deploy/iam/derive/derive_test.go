package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWhatASmallProgramCalls(t *testing.T) {
	p, err := load(".", "./testdata/small")
	if err != nil {
		t.Fatal(err)
	}
	g := p.graph("small")
	got, err := g.actions(g.main, g.initial())
	if want := []string{"sqs:ListQueues", "sqs:ReceiveMessage", "sqs:SendMessage"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v, want %v: batches have their single call's name, paginators count, and what nobody makes or calls does not", got, err, want)
	}
	cut := g.main.Pkg.Func("cut").String()
	if err := g.cut(cut); err != nil {
		t.Fatal(err)
	}
	if got, _ := g.actions(g.main, g.initial()); slices.Contains(got, "sqs:ReceiveMessage") {
		t.Errorf("%v: what was cut counts", got)
	}
	if err := g.cut("nobody.Nothing"); err == nil || !strings.Contains(err.Error(), "nobody.Nothing") {
		t.Errorf("a cut that cuts nothing: %v", err)
	}
}

func TestWhatEachCommandCalls(t *testing.T) {
	p, err := load(".", "./testdata/tree")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	if err := p.graph("tree").commands(got); err != nil {
		t.Fatal(err)
	}
	reads := []string{"sqs:ReceiveMessage"}
	if diff := cmp.Diff(map[string][]string{"postconfirm pause": reads, "postconfirm resume": reads}, got); diff != "" {
		t.Errorf("a constructor that is given the name makes two commands, and what they open counts for no other:\n%s", diff)
	}
}

func TestAProgramThatCantBeReadIsAnError(t *testing.T) {
	if _, err := load(".", "./testdata/nothing-here"); err == nil {
		t.Error("no error")
	}
}
