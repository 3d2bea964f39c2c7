// Command weights measures what each connector adds to the worker: it builds the stripped worker with all of them, and
// once without each, and writes the differences for the index of connectors.
//
//	go run ./deploy/bench/weights [-go go] [-out enrich/connect/weights.json]
//
// It promises to change no file but the one it writes: a connector is left out by handing the compiler another
// catalogue (go build -overlay). It refuses a catalogue that is not one list of calls, one for each connector.
//
// What two connectors share (the HTTP toolkit, a library) is in neither figure, because it stays when one is left out.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/all"
	"github.com/postconfirm/postconfirm/enrich/connect/reference"
)

const catalogue = "enrich/connect/all/all.go"

func main() {
	tool := flag.String("go", "go", "the go command")
	out := flag.String("out", "enrich/connect/weights.json", "the file to write")
	flag.Parse()
	if err := run(*tool, *out); err != nil {
		log.Fatal("weights: ", err)
	}
}

func run(tool, out string) (err error) {
	dir, err := os.MkdirTemp("", "weights")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	source, err := os.ReadFile(catalogue)
	if err != nil {
		return err
	}
	b := builder{tool: tool, dir: dir}
	w := reference.Weights{Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Connectors: map[string]int64{}}
	if w.Worker, err = b.size(source); err != nil {
		return err
	}
	for i, kind := range all.Kinds(connect.NewClient(nil)) {
		less, err := without(source, i)
		if err != nil {
			return err
		}
		size, err := b.size(less)
		if err != nil {
			return fmt.Errorf("without %s: %w", kind.Name, err)
		}
		w.Connectors[kind.Name] = w.Worker - size
		fmt.Printf("%-16s %9d bytes\n", kind.Name, w.Connectors[kind.Name])
	}
	data, err := json.MarshalIndent(w, "", "  ")
	if err != nil {
		return err
	}
	fmt.Printf("%-16s %9d bytes\n", "the worker", w.Worker)
	return os.WriteFile(out, append(data, '\n'), 0o644)
}

// builder builds the worker with another catalogue.
type builder struct{ tool, dir string }

func (b builder) size(catalogueSource []byte) (int64, error) {
	file, binary, overlay := filepath.Join(b.dir, "all.go"), filepath.Join(b.dir, "worker"), filepath.Join(b.dir, "overlay.json")
	here, err := filepath.Abs(catalogue)
	if err != nil {
		return 0, err
	}
	about, err := json.Marshal(map[string]map[string]string{"Replace": {here: file}})
	if err != nil {
		return 0, err
	}
	if err := errors.Join(os.WriteFile(file, catalogueSource, 0o600), os.WriteFile(overlay, about, 0o600)); err != nil {
		return 0, err
	}
	build := exec.Command(b.tool, "build", "-overlay", overlay, "-trimpath", "-ldflags", "-s -w", "-o", binary, "./cmd/worker")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("go build: %w\n%s", err, said)
	}
	info, err := os.Stat(binary)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
