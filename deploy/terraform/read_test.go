package terraform_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// files are the texts of a module, by name.
type files map[string]string

// on reads the module in a folder.
func on(t *testing.T, folder string) files {
	t.Helper()
	all := files{}
	names, err := filepath.Glob(filepath.Join(folder, "*.tf*"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%s has no Terraform files: %v", folder, err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(name)] = string(b)
	}
	return all
}

// module is what the files declare.
type module struct {
	files     files
	variables map[string]*hclsyntax.Block
	locals    map[string]hcl.Expression
	resources map[string]*hclsyntax.Block // by "type.name", those of data by "data.type.name"
	modules   map[string]*hclsyntax.Block
	outputs   map[string]*hclsyntax.Block
}

// parse reads declarations. Something that is declared twice, or of an unknown kind, is an error.
func parse(all files) (*module, error) {
	m := &module{all, map[string]*hclsyntax.Block{}, map[string]hcl.Expression{}, map[string]*hclsyntax.Block{}, map[string]*hclsyntax.Block{}, map[string]*hclsyntax.Block{}}
	for name, text := range all {
		if !strings.HasSuffix(name, ".tf") {
			continue
		}
		f, wrong := hclsyntax.ParseConfig([]byte(text), name, hcl.InitialPos)
		if wrong.HasErrors() {
			return nil, wrong
		}
		for _, b := range f.Body.(*hclsyntax.Body).Blocks {
			if err := m.declare(b); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return m, nil
}

func (m *module) declare(b *hclsyntax.Block) error {
	into := map[string]map[string]*hclsyntax.Block{"variable": m.variables, "resource": m.resources, "data": m.resources, "output": m.outputs, "module": m.modules}[b.Type]
	name := strings.Join(b.Labels, ".")
	switch {
	case b.Type == "terraform" || b.Type == "provider":
		return nil
	case b.Type == "locals":
		for name, a := range b.Body.Attributes {
			if m.locals[name] != nil {
				return fmt.Errorf("local.%s is there twice", name)
			}
			m.locals[name] = a.Expr
		}
		return nil
	case into == nil:
		return fmt.Errorf("a block %s is not known here", b.Type)
	case b.Type == "data":
		name = "data." + name
	}
	if into[name] != nil {
		return fmt.Errorf("%s %s is there twice", b.Type, name)
	}
	into[name] = b
	return nil
}
