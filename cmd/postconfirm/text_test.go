package main

import "testing"

func TestWhatOthersWroteIsSafeForATerminal(t *testing.T) {
	for text, want := range map[string]string{"plain é": "plain é", "a\x1b[31m": `"a\x1b[31m"`, "a\u202eb": `"a\u202eb"`, "\x9b31m": `"\x9b31m"`, "a\u200bb": `"a\u200bb"`, "": ""} {
		if got := printable(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}
