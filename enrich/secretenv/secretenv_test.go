package secretenv_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich/secretenv"
)

func TestSecret(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("IN_DIR", "from the directory\n")
	write("EMPTY", "\n")
	write("LARGE", strings.Repeat("x", 65<<10))
	if err := os.Mkdir(filepath.Join(dir, "A_DIR"), 0o700); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{
		"PLAIN": "from the environment", "BY_FILE_FILE": write("somewhere", "two\nlines\r\n"), "GONE_FILE": dir + "/nothing",
	}
	store := secretenv.Store{Dir: dir, Getenv: func(k string) string { return env[k] }}
	for _, c := range []struct{ name, key, want, wrong string }{
		{"an environment variable wins", "PLAIN", "from the environment", ""},
		{"NAME_FILE names a file, whose last line end is not part of it", "BY_FILE", "two\nlines", ""},
		{"a file of the secrets directory", "IN_DIR", "from the directory", ""},
		{"an empty file is missing", "EMPTY", "", "EMPTY is not set"},
		{"a name that is nowhere says how to set it", "NOWHERE", "", "export NOWHERE, or name a file in NOWHERE_FILE"},
		{"a file that is not there is missing", "GONE", "", "GONE is not set"},
		{"a directory is no secret", "A_DIR", "", "no regular file"},
		{"a large file is refused", "LARGE", "", "larger than"},
		{"a name can't walk out of the directory", "../somewhere", "", "letters, digits and _"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := store.Secret(t.Context(), c.key)
			switch {
			case c.wrong == "" && (err != nil || got.Reveal() != c.want):
				t.Errorf("got %q, %v; want %q", got.Reveal(), err, c.want)
			case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
				t.Errorf("got error %v; want one with %q", err, c.wrong)
			}
		})
	}
	t.Run("a rotated file is used without a restart", func(t *testing.T) {
		write("IN_DIR", "rotated")
		if got, err := store.Secret(t.Context(), "IN_DIR"); err != nil || got.Reveal() != "rotated" {
			t.Errorf("got %q, %v", got.Reveal(), err)
		}
	})
	t.Run("all that is missing is named at once", func(t *testing.T) {
		err := secretenv.Check(t.Context(), store, []string{"PLAIN", "ONE", "TWO"})
		if err == nil || !strings.Contains(err.Error(), "ONE") || !strings.Contains(err.Error(), "TWO") || strings.Contains(err.Error(), "PLAIN") {
			t.Errorf("got %v", err)
		}
	})
}
