package main

import (
	"io"
	"testing"

	"github.com/spf13/cobra"
)

// parsed is a command of the program with its flags read, as it would run.
func parsed(t *testing.T, path []string, args ...string) *cobra.Command {
	t.Helper()
	cmd, _, err := root(streams{io.Discard, io.Discard}).Find(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	return cmd
}

func TestTheSameCommandIsOneThatAShellTakes(t *testing.T) {
	for name, c := range map[string]struct {
		path, args, changes []string
		want                string
	}{
		"as it was": {[]string{"dlq", "sweep"}, []string{"--limit", "5", "--json"}, nil, "postconfirm dlq sweep --limit 5 --json"},
		"with other values": {[]string{"dlq", "sweep"}, []string{"--write=false", "--why", "old"}, []string{"--write", "--why=a 'b'"},
			`postconfirm dlq sweep --write --why 'a '\''b'\'''`},
		"what a shell would run": {[]string{"runs", "list"}, []string{"--step", "$(reboot)", "--code=-x"}, []string{"--after=k"},
			"postconfirm runs list --step '$(reboot)' --code=-x --after k"},
		"an argument":             {[]string{"dlq", "import"}, []string{"my file", "--strict=false"}, []string{"--write"}, "postconfirm dlq import 'my file' --strict=false --write"},
		"one that is like a flag": {[]string{"dlq", "import"}, []string{"--", "-rf"}, []string{"--write"}, "postconfirm dlq import --write -- -rf"},
		"standard input":          {[]string{"dlq", "import"}, []string{"-"}, nil, "postconfirm dlq import -"},
		"flags given twice":       {[]string{"replay", "plan"}, []string{"--key", "a", "--key", "b c"}, nil, "postconfirm replay plan --key a --key 'b c'"},
	} {
		if got := sameCommand(parsed(t, c.path, c.args...), c.changes...); got != c.want {
			t.Errorf("%s: got  %s\nwant %s", name, got, c.want)
		}
	}
}

func TestWhatComesNextFindsTheSamePlaces(t *testing.T) {
	t.Setenv("POSTCONFIRM_LEDGER", "sqlite:env")
	t.Setenv("POSTCONFIRM_DLQ_URL", "")
	cmd := parsed(t, []string{"dlq", "sweep"}, "--dlq", "http://d/1")
	for next, want := range map[string]string{
		"postconfirm dlq list":              "postconfirm dlq list --dlq http://d/1",
		"postconfirm dlq list --dlq other":  "postconfirm dlq list --dlq other",
		"postconfirm replay plan --why T":   "postconfirm replay plan --why T", // it takes no dead-letter queue
		"postconfirm dlq list --help":       "postconfirm dlq list --help",
		"add --replace":                     "add --replace",
		"postconfirm ledger verify sqlite:": "postconfirm ledger verify sqlite:",
	} {
		if got := following(cmd, next); got != want {
			t.Errorf("%s: got %s, want %s", next, got, want)
		}
	}
	cmd = parsed(t, []string{"dlq", "sweep"}, "--ledger", "sqlite:my file")
	if got, want := following(cmd, "postconfirm runs show k"), "postconfirm runs show k --ledger 'sqlite:my file'"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
