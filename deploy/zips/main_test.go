package main

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// program is the head of an executable for a machine; 183 is arm64, 62 amd64 (System V ABI, e_machine).
func program(machine uint16) []byte {
	head := make([]byte, 64)
	copy(head, "\x7fELF\x02\x01\x01")
	binary.LittleEndian.PutUint16(head[16:], 2)
	binary.LittleEndian.PutUint16(head[18:], machine)
	binary.LittleEndian.PutUint32(head[20:], 1)
	binary.LittleEndian.PutUint16(head[52:], 64)
	return append(head, strings.Repeat("code", 1000)...)
}

func TestAZipHasOneProgramAndNothingOfThisMachine(t *testing.T) {
	var before []byte
	for range 2 {
		dir := t.TempDir()
		from, to := filepath.Join(dir, "x"), filepath.Join(dir, "x.zip")
		if err := os.WriteFile(from, program(183), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := pack(to, from); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(to)
		if err != nil {
			t.Fatal(err)
		}
		if before != nil && !bytes.Equal(before, got) {
			t.Error("two zips of one program differ")
		}
		before = got
	}
	r, err := zip.NewReader(bytes.NewReader(before), int64(len(before)))
	if err != nil || len(r.File) != 1 {
		t.Fatalf("%v, %d files", err, len(r.File))
	}
	f := r.File[0]
	if f.Name != "bootstrap" || f.Mode() != 0o755 || f.Modified.Year() != 1980 {
		t.Errorf("%s, %v, %v", f.Name, f.Mode(), f.Modified)
	}
	inner, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := io.ReadAll(inner); !bytes.Equal(got, program(183)) {
		t.Error("what comes out is not what went in")
	}
}

func TestAnotherMachinesProgramIsRefused(t *testing.T) {
	for name, data := range map[string][]byte{"amd64": program(62), "no program": []byte("#!/bin/sh\n"), "nothing": nil} {
		t.Run(name, func(t *testing.T) {
			if _, err := archive(data); err == nil {
				t.Error("no error")
			}
		})
	}
	if err := pack(filepath.Join(t.TempDir(), "x.zip"), "no-such-file"); err == nil {
		t.Error("a program that is not there is no error")
	}
}
