// Package examples holds the example pipelines of this folder as they stand, for programs that play them.
//
// Each folder is a pipeline file, to be copied and changed, and a test that it has no mistake. The package promises the
// bytes of the files, and refuses names that are none of theirs.
package examples

import (
	"embed"
	"fmt"
)

//go:embed crm-sync/pipeline.yaml welcome/pipeline.yaml
var files embed.FS

// The names of the examples, which are those of their folders.
const (
	CRMSync = "crm-sync"
	Welcome = "welcome"
)

// Pipeline gives the pipeline file of the example called name. A name that is none is an error.
func Pipeline(name string) ([]byte, error) {
	data, err := files.ReadFile(name + "/pipeline.yaml")
	if err != nil {
		return nil, fmt.Errorf("examples: read %s: %w", name, err)
	}
	return data, nil
}
