// Command bom writes the bill of materials of a Go program: which modules, in which versions, are linked into it. It reads
// what the linker wrote into the program, not what a go.mod asks for, and writes CycloneDX 1.5 as JSON.
//
//	bom OUTPUT PROGRAM
//
// It promises the same bytes for the same program: no time, no serial number. It refuses files that are no Go program,
// and replaced modules, whose origin the name does not tell.
package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
)

// document is what CycloneDX 1.5 calls a BOM; the fields are the specification's.
type document struct {
	Format     string      `json:"bomFormat"`
	Spec       string      `json:"specVersion"`
	Version    int         `json:"version"`
	Metadata   metadata    `json:"metadata"`
	Components []component `json:"components"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Type    string `json:"type"`
	Ref     string `json:"bom-ref"`
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	PURL    string `json:"purl"`
	Hashes  []hash `json:"hashes,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: bom OUTPUT PROGRAM")
		os.Exit(2)
	}
	if err := write(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		os.Exit(1)
	}
}

func write(output, program string) error {
	d, err := bill(program)
	if err != nil {
		return fmt.Errorf("bom: %w", err)
	}
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return fmt.Errorf("bom: encode: %w", err)
	}
	return os.WriteFile(output, append(text, '\n'), 0o644)
}

// bill reads a program.
func bill(program string) (*document, error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Base(program), err)
	}
	data, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	main := library(info.Main.Path, strings.TrimSuffix(info.Main.Version, "(devel)"))
	main.Type, main.Name = "application", info.Path
	main.Hashes = []hash{{"SHA-256", hex.EncodeToString(sum[:])}}
	parts := []component{library("stdlib", strings.TrimPrefix(info.GoVersion, "go"))}
	for _, m := range info.Deps {
		if m.Replace != nil {
			return nil, fmt.Errorf("%s is replaced by %s", m.Path, m.Replace.Path)
		}
		c, err := module(m)
		if err != nil {
			return nil, err
		}
		parts = append(parts, c)
	}
	return &document{Format: "CycloneDX", Spec: "1.5", Version: 1, Metadata: metadata{main}, Components: parts}, nil
}

// module is a component. One without a sum was not held against go.sum when it was linked, so nobody knows what it is.
func module(m *debug.Module) (component, error) {
	if m.Sum == "" {
		return component{}, errors.New(m.Path + " has no sum")
	}
	return library(m.Path, m.Version), nil
}

// library names a module as a package URL, with the characters that such a URL keeps for itself escaped.
func library(path, version string) component {
	url := "pkg:golang/" + path
	if version != "" {
		url += "@" + strings.ReplaceAll(version, "+", "%2B")
	}
	return component{Type: "library", Ref: url, Name: path, Version: version, PURL: url}
}
