// Command zips packs a program as the zip of a Lambda function: one file, called bootstrap, that may be executed.
//
//	go run ./deploy/zips -o bin/lambda-trigger.zip bin/lambda/trigger/bootstrap
//
// It promises the same bytes for the same program, wherever and whenever it runs: no time, no owner, no path is in them.
// It refuses what is no program for Linux on arm64, since Lambda would only say so at the first event. Exit codes: 0 done,
// 1 failed, 2 wrong use.
package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"debug/elf"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

func main() {
	out := flag.String("o", "", "the zip `file`")
	flag.Parse()
	if *out == "" || flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "zips: want -o FILE.zip PROGRAM")
		os.Exit(2)
	}
	if err := pack(*out, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "zips:", err)
		os.Exit(1)
	}
}

func pack(out, program string) error {
	data, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	zipped, err := archive(data)
	if err != nil {
		return fmt.Errorf("%s: %w", program, err)
	}
	return os.WriteFile(out, zipped, 0o644)
}

// archive makes the zip. Its one entry has the first time that a zip can have (APPNOTE.TXT, MS-DOS date).
func archive(program []byte) ([]byte, error) {
	file, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		return nil, fmt.Errorf("read program: %w", err)
	}
	if file.Machine != elf.EM_AARCH64 {
		return nil, fmt.Errorf("built for %v, want arm64", file.Machine)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	w.RegisterCompressor(zip.Deflate, func(to io.Writer) (io.WriteCloser, error) { return flate.NewWriter(to, flate.BestCompression) })
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	header.SetMode(0o755)
	entry, err := w.CreateHeader(header)
	if err != nil {
		return nil, fmt.Errorf("zip: %w", err)
	}
	if _, err := entry.Write(program); err != nil {
		return nil, fmt.Errorf("zip: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("zip: %w", err)
	}
	return b.Bytes(), nil
}
