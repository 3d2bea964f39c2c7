// Package secretenv finds the pipeline's secrets in the environment and in files.
//
// A secret called COMPANY_API_KEY is, in this order: the environment variable COMPANY_API_KEY; the file that
// COMPANY_API_KEY_FILE names (the habit of container platforms); the file COMPANY_API_KEY in the secrets directory.
// One line end at the end of a file is not part of the secret.
//
// Files are read at each use of a run, so a rotated file is used without a restart; the operating system keeps them in
// memory. It promises errors that name the secret and where it was looked for, never a value. It refuses names that
// are not made of letters, digits and underscores, so that a name can't walk out of its directory.
package secretenv

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/postconfirm/postconfirm/enrich"
)

// maxSecret is the largest secret file that is read, in bytes.
const maxSecret = 64 << 10

// Store finds secrets. Its zero value looks into the process's environment only. It is safe for concurrent use.
type Store struct {
	Dir    string              // secrets directory; "" for none
	Getenv func(string) string // os.Getenv
}

var name = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Secret finds one secret by name. An empty secret counts as missing.
func (s Store) Secret(_ context.Context, key string) (enrich.Secret, error) {
	if !name.MatchString(key) {
		return enrich.Secret{}, fmt.Errorf("secret %q: a name has letters, digits and _ only", key)
	}
	getenv := s.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	if value := getenv(key); value != "" {
		return enrich.NewSecret(value), nil
	}
	for _, path := range s.files(key, getenv) {
		value, err := read(path)
		if err == nil && value != "" {
			return enrich.NewSecret(value), nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return enrich.Secret{}, fmt.Errorf("secret %s: %w", key, err)
		}
	}
	return enrich.Secret{}, fmt.Errorf("secret %s is not set: export %s, or name a file in %s_FILE", key, key, key)
}

func (s Store) files(key string, getenv func(string) string) []string {
	var paths []string
	if path := getenv(key + "_FILE"); path != "" {
		paths = append(paths, path)
	}
	if s.Dir != "" {
		paths = append(paths, filepath.Join(s.Dir, key))
	}
	return paths
}

func read(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", err
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%s is no regular file", path)
	case info.Size() > maxSecret:
		return "", fmt.Errorf("%s is larger than %d bytes", path, maxSecret)
	}
	raw, err := os.ReadFile(path)
	return strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r"), err
}

// Check finds every name once and returns all that are missing in one error.
func Check(ctx context.Context, s enrich.Secrets, names []string) error {
	var missing []error
	for _, key := range names {
		if _, err := s.Secret(ctx, key); err != nil {
			missing = append(missing, err)
		}
	}
	return errors.Join(missing...)
}
