package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestABillNamesWhatIsLinked(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "bom.json")
	if err := write(out, program); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"bomFormat": "CycloneDX"`, `"pkg:golang/stdlib@`, `"alg": "SHA-256"`, `"type": "application"`} {
		if !strings.Contains(string(first), want) {
			t.Errorf("the bill has no %s:\n%s", want, first)
		}
	}
	if err := write(out, program); err != nil {
		t.Fatal(err)
	}
	if second, err := os.ReadFile(out); err != nil || string(second) != string(first) {
		t.Errorf("a second bill differs (%v)", err)
	}
}

func TestAFileThatIsNoProgramIsRefused(t *testing.T) {
	if err := write(filepath.Join(t.TempDir(), "bom.json"), "main.go"); err == nil {
		t.Error("a bill of a text file was written")
	}
}

func TestAPackageURLEscapesThePlus(t *testing.T) {
	if got := library("example.com/m", "v1.0.0+incompatible").PURL; got != "pkg:golang/example.com/m@v1.0.0%2Bincompatible" {
		t.Errorf("got %s", got)
	}
}
