package main

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/worker/inspect"
)

// said is a command line of a page, in words behind the program's name.
type said struct {
	words []string
	whole bool // it is in a block of commands, so nothing is left out
}

var (
	shellBlock = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")
	inlineCode = regexp.MustCompile("`postconfirm ([^`\n]+)`")
	inner      = regexp.MustCompile(`\$\([^()]*\)`)
	ourProgram = regexp.MustCompile(`(?:^|[|;] |sudo |-- )postconfirm (.*)$`)
)

// commandsOf finds our program's command lines in a page.
func commandsOf(page string) (all []said) {
	for _, block := range shellBlock.FindAllStringSubmatch(page, -1) {
		for line := range strings.Lines(strings.ReplaceAll(block[1], "\\\n", " ")) {
			if m := ourProgram.FindStringSubmatch(strings.TrimSpace(inner.ReplaceAllString(line, "LATER"))); m != nil {
				all = append(all, said{words(m[1]), true})
			}
		}
	}
	for _, m := range inlineCode.FindAllStringSubmatch(shellBlock.ReplaceAllString(page, ""), -1) {
		all = append(all, said{words(m[1]), false})
	}
	return all
}

// words splits as a shell does, as far as pages need it: quotes, comments, and the end at a pipe or a redirection.
func words(line string) (all []string) {
	var word strings.Builder
	var quote rune
	open := false
	end := func() {
		if open {
			all = append(all, word.String())
		}
		word.Reset()
		open = false
	}
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, open = r, true
		case r == ' ':
			end()
		case strings.ContainsRune("|;>&", r), r == '#' && !open:
			end()
			return all
		default:
			word.WriteRune(r)
			open = true
		}
	}
	end()
	return all
}

// parse lets the real commands read the words. Of a sentence, what is left out is no mistake.
func (s said) parse() error {
	cmd, rest, err := root(streams{io.Discard, io.Discard}).Find(s.words)
	if err != nil {
		return err
	}
	cmd.InitDefaultHelpFlag()
	if err := cmd.ParseFlags(rest); err != nil && (s.whole || !strings.Contains(err.Error(), "needs an argument")) {
		return err
	}
	if s.whole || cmd.HasSubCommands() {
		return cmd.ValidateArgs(cmd.Flags().Args())
	}
	return nil
}

// pages are those whose commands are held against the program.
func pages(t *testing.T) (all []string) {
	t.Helper()
	top := filepath.Join("..", "..")
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || path != top && strings.HasPrefix(d.Name(), ".")) {
			return filepath.SkipDir
		}
		if err == nil && strings.HasSuffix(path, ".md") && d.Name() != "CHANGELOG.md" {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEveryCommandOfEveryPageIsOneOfOurs(t *testing.T) {
	n := 0
	for _, path := range pages(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range commandsOf(string(text)) {
			n++
			if err := s.parse(); err != nil {
				t.Errorf("%s: postconfirm %s: %v", path, strings.Join(s.words, " "), err)
			}
		}
	}
	if n < 230 {
		t.Errorf("only %d commands were found", n)
	}
}

func TestACommandThatDoesNotExistIsNoticedInAPage(t *testing.T) {
	for _, line := range []string{"postconfirm run list", "postconfirm runs lst", "postconfirm runs list --reason x", "postconfirm runs list --code",
		"aws x | postconfirm journal import - --wrte", "sudo postconfirm ledger verify"} {
		all := commandsOf("```sh\n" + line + "\n```\n")
		if len(all) != 1 || all[0].parse() == nil {
			t.Errorf("%s: %v", line, all)
		}
	}
	for _, line := range []string{"`postconfirm runs shw`", "`postconfirm attach POOL --triger ARN`"} {
		if all := commandsOf(line); len(all) != 1 || all[0].parse() == nil {
			t.Errorf("%s: %v", line, all)
		}
	}
	if got := words(`a "b c" --d='e f' | g`); !slices.Equal(got, []string{"a", "b c", "--d=e f"}) {
		t.Errorf("%q", got)
	}
}

func TestARunNamesThePageOfItsReason(t *testing.T) {
	for code, want := range map[string]bool{"crash_loop": true, "http_422": false, "": false} {
		var out strings.Builder
		d := &inspect.Detail{}
		d.Code = code
		if err := (showView{out: &out}).all(d); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(out.String(), "deploy/runbooks/"+code+".md\n"); got != want {
			t.Errorf("%q: %v:\n%s", code, got, out.String())
		}
	}
}
