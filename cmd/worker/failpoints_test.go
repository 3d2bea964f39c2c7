package main

import (
	"os/exec"
	"strings"
	"testing"
)

func TestNoFailpointIsInTheProgramForEverybody(t *testing.T) {
	for tags, want := range map[string]bool{"": false, "lambda.norpc": false, "failpoints": true} {
		out, err := exec.Command("go", "list", "-deps", "-tags", tags, ".").Output()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(out), "/failpoint"); got != want {
			t.Errorf("with the tags %q the program has failpoints: %v", tags, got)
		}
	}
}
