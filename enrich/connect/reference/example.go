package reference

import (
	"fmt"
	"slices"
	"strings"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/pipefile"
)

// classOf is the class as the connector says it in words, or else the classes of the example's steps.
func classOf(kind enrich.Kind) (string, error) {
	classes, err := classes(kind)
	switch {
	case err != nil:
		return "", err
	case kind.Page.Class != "":
		return strings.TrimSuffix(kind.Page.Class, "."), nil
	case len(classes) == 0:
		return "said by each step when the file is read; one that says nothing is unsafe", nil
	}
	return strings.Join(classes, ", "), nil
}

// classes reads the example as a pipeline file and gives the classes of this connector's steps, each once.
func classes(kind enrich.Kind) ([]string, error) {
	if kind.Page.Example == "" {
		return nil, nil
	}
	file := "version: 1\npools: [eu-west-1_Ab12cd34E]\nsteps:\n" + indent(kind.Page.Example) + "\n"
	p, err := pipefile.Parse("example", []byte(file), &pipefile.Options{Kinds: []enrich.Kind{kind}})
	if err != nil {
		return nil, fmt.Errorf("its example: %w", err)
	}
	var all []string
	for _, step := range p.Steps {
		if class := step.Class.String(); !slices.Contains(all, class) {
			all = append(all, class)
		}
	}
	return all, nil
}

// indent puts steps under "steps:".
func indent(steps string) string {
	lines := strings.Split(strings.Trim(steps, "\n"), "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = "  " + line
		}
	}
	return strings.Join(lines, "\n")
}
