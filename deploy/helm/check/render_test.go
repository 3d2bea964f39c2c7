package check_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/client-go/kubernetes/scheme"
)

// home is the chart, and kube the Kubernetes that it is rendered for.
const (
	home = "../postconfirm"
	kube = "v1.31.0"
)

// rendered is a chart with values, as a cluster would get it.
type rendered struct {
	manifests []string         // YAML, one object each, without what helm prints for people
	notes     string           // what helm prints for people
	objects   []runtime.Object // those of Kubernetes itself
	foreign   []string         // manifests of other APIs
}

// valuesFiles are the values to check the chart with.
func valuesFiles() ([]string, error) {
	files, err := filepath.Glob(home + "/ci/*-values.yaml")
	if err == nil && len(files) == 0 {
		err = errors.New("the chart has no values to check it with")
	}
	return files, err
}

// merged reads values and sets some of them, given as "a.b=VALUE" in YAML.
func merged(file string, set ...string) (map[string]any, error) {
	values, err := chartutil.ReadValuesFile(file)
	if err != nil {
		return nil, err
	}
	for _, s := range set {
		path, value, _ := strings.Cut(s, "=")
		var text strings.Builder
		for depth, key := range strings.Split(path, ".") {
			fmt.Fprintf(&text, "\n%s%s:", strings.Repeat("  ", depth), key)
		}
		one, err := chartutil.ReadValues([]byte(text.String() + " " + value))
		if err != nil {
			return nil, err
		}
		values = chartutil.CoalesceTables(one, values)
	}
	return values, nil
}

// render does what helm template does.
func render(dir string, values map[string]any) (*rendered, error) {
	c, err := loader.LoadDir(dir)
	if err != nil {
		return nil, err
	}
	texts, err := execute(c, values)
	if err != nil {
		return nil, err
	}
	var r rendered
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if strings.HasSuffix(name, "NOTES.txt") {
			r.notes = texts[name]
			continue
		}
		for _, m := range regexp.MustCompile(`(?m)^---\s*$`).Split(texts[name], -1) {
			if m = strings.TrimSpace(m); m != "" {
				r.manifests = append(r.manifests, m)
			}
		}
	}
	return &r, nil
}

func execute(c *chart.Chart, values map[string]any) (map[string]string, error) {
	caps := chartutil.DefaultCapabilities.Copy()
	version, err := chartutil.ParseKubeVersion(kube)
	if err != nil {
		return nil, err
	}
	caps.KubeVersion = *version
	o := chartutil.ReleaseOptions{Name: "users", Namespace: "identity", Revision: 1, IsInstall: true}
	all, err := chartutil.ToRenderValues(c, values, o, caps)
	if err != nil {
		return nil, err
	}
	return engine.Engine{Strict: true}.Render(c, all)
}

// decode reads each manifest as the type that it names, and refuses fields that the type has not.
func (r *rendered) decode() error {
	strict := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme.Scheme, scheme.Scheme, json.SerializerOptions{Yaml: true, Strict: true})
	var wrong []error
	for _, m := range r.manifests {
		o, _, err := strict.Decode([]byte(m), nil, nil)
		switch {
		case runtime.IsNotRegisteredError(err):
			r.foreign = append(r.foreign, m)
		case err != nil:
			wrong = append(wrong, fmt.Errorf("%.60q…: %w", m, err))
		default:
			r.objects = append(r.objects, o)
		}
	}
	return errors.Join(wrong...)
}

// linted runs Helm's linter as helm lint --strict does: a warning is an error.
func linted(dir string, values map[string]any) error {
	version, err := chartutil.ParseKubeVersion(kube)
	if err != nil {
		return err
	}
	var wrong []error
	for _, m := range lint.AllWithKubeVersion(dir, values, "identity", version).Messages {
		if m.Severity >= support.InfoSev {
			wrong = append(wrong, m)
		}
	}
	return errors.Join(wrong...)
}

// source reads a file of the worker, to compare the chart with.
func source(path string) (string, error) {
	data, err := os.ReadFile(filepath.Join("../../..", path))
	return string(data), err
}
