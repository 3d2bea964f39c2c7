// Command derive writes the schema of the AWS provider's types that a module uses, for the stand-in provider.
//
//	derive cdktf-provider-aws-VERSION.tgz schema.json FOLDER...
//
// It reads the provider's bindings for TypeScript as npm has them, which were generated from the provider's own schema, and
// of them only the types that stand in the Terraform files of the folders. It promises names, types, what is required, which
// blocks there are and how often. What is optional and computed at once is not told apart from optional there; id, region and
// tags_all are taken for both. A type that the provider does not have is left out: Terraform says so best.
package main

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: derive BINDINGS.tgz SCHEMA.json FOLDER...")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintf(os.Stderr, "derive: %v\n", err)
		os.Exit(1)
	}
}

func run(tgz, out string, folders []string) error {
	used, err := used(folders)
	if err != nil {
		return err
	}
	files, err := unpack(tgz, used)
	if err != nil {
		return err
	}
	all := map[string]map[string]any{"resource_schemas": {}, "data_source_schemas": {}}
	for folder, kind := range used {
		if files[folder].js == "" {
			continue
		}
		b, err := files[folder].block()
		if err != nil {
			return fmt.Errorf("%s: %w", kind.name, err)
		}
		all[kind.in][kind.name] = map[string]any{"version": 0, "block": b}
	}
	b, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return os.WriteFile(out, b, 0o644)
}

// unpack reads the two files of each used type: the program and its types.
func unpack(tgz string, used map[string]kind) (map[string]source, error) {
	f, err := os.Open(tgz)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	all := map[string]source{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		folder, ok := strings.CutPrefix(path.Dir(h.Name), "package/lib/")
		if _, wanted := used[folder]; !ok || !wanted {
			continue
		}
		b, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		all[folder] = all[folder].with(path.Base(h.Name), string(b))
	}
}
