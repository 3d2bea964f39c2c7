package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// kind is a type of the provider: its name, and which part of the schema it belongs to.
type kind struct{ name, in string }

var declared = regexp.MustCompile(`(?m)^\s*(?:mock_|override_)?(resource|data)\s+"(aws_[a-z0-9_]+)"`)

// used finds the types that the Terraform files of the folders declare, by the name of their folder in the bindings.
func used(folders []string) (map[string]kind, error) {
	all := map[string]kind{}
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.tf"))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			for _, m := range declared.FindAllStringSubmatch(string(b), -1) {
				all[place(m[1], m[2])] = kind{m[2], map[string]string{"resource": "resource_schemas", "data": "data_source_schemas"}[m[1]]}
			}
		}
	}
	return all, nil
}

func place(word, name string) string {
	if word == "data" {
		return "data-" + strings.ReplaceAll(name, "_", "-")
	}
	return strings.ReplaceAll(strings.TrimPrefix(name, "aws_"), "_", "-")
}
