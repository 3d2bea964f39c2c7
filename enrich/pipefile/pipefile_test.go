package pipefile_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/enrich/pipefile"
)

func mistakes(t testing.TB, source string, o *pipefile.Options) []pipefile.Mistake {
	t.Helper()
	_, err := pipefile.Parse("p.yaml", []byte(source), o)
	var m *pipefile.Mistakes
	if !errors.As(err, &m) {
		t.Fatalf("got %v", err)
	}
	return m.List
}

func TestAMistakePrintsItsPlaceAndHint(t *testing.T) {
	m := pipefile.Mistake{File: "pipeline.yaml", Line: 12, Column: 5, Message: "unknown key", Hint: "did you mean x?"}
	if got := m.String(); got != "pipeline.yaml:12:5: unknown key\n    did you mean x?" {
		t.Errorf("got %q", got)
	}
	m.Hint = ""
	if got := m.String(); got != "pipeline.yaml:12:5: unknown key" {
		t.Errorf("got %q", got)
	}
}

func TestAMistakeAsJSON(t *testing.T) {
	m := pipefile.Mistake{File: "p.yaml", Line: 12, Column: 5, Message: "unknown key"}
	got, err := json.Marshal(m)
	if want := `{"file":"p.yaml","line":12,"column":5,"message":"unknown key"}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestAFileOfNothingButMistakesPrintsAHundred(t *testing.T) {
	source := "version: 1\npools: [eu-west-1_Ab12cd34E]\n"
	for i := range 150 {
		source += fmt.Sprintf("wrong%d: 1\n", i)
	}
	all := mistakes(t, source, nil)
	m := pipefile.Mistakes{List: all}
	text := m.Error()
	if len(all) != 150 || !strings.HasSuffix(text, "\n… and 50 more") || strings.Count(text, "unknown key") != 100 {
		t.Errorf("%d mistakes: %s", len(all), text[len(text)-200:])
	}
}

func TestAFileThatIsTooLargeIsRefused(t *testing.T) {
	start := "version: 1\npools: [eu-west-1_Ab12cd34E]\nattributes: { custom:x: a }\n#"
	fits := start + strings.Repeat("x", pipefile.MaxFile-len(start))
	if _, err := pipefile.Parse("x", []byte(fits), nil); err != nil {
		t.Errorf("just small enough: %v", err)
	}
	want := []pipefile.Mistake{{File: "p.yaml", Line: 1, Column: 1, Message: "the file is larger than 1048576 bytes"}}
	if diff := cmp.Diff(want, mistakes(t, fits+"x", nil)); diff != "" {
		t.Error(diff)
	}
}

func TestBytesThatAreNoText(t *testing.T) {
	for name, test := range map[string]struct {
		data string
		want string
	}{
		"UTF-16":                    {"\xff\xfev\x00", "1:1: the file is not UTF-8 here"},
		"a cut character":           {"version: 1\n# \xc3", "2:3: the file is not UTF-8 here"},
		"NUL":                       {"version: 1\r\n\x00", "2:1: the character U+0000 is invisible and not allowed"},
		"an escape for terminals":   {"# é\x1b[31m", "1:4: the character U+001B is invisible and not allowed"},
		"a byte order mark inside":  {"\ufeffa: \ufeff", "1:4: the character U+FEFF is invisible and not allowed"},
		"old Mac ends of lines":     {"a: 1\rb: \x01", "2:4: the character U+0001 is invisible and not allowed"},
		"a C1 control":              {"a: \u009b", "1:4: the character U+009B is invisible and not allowed"},
		"after a line separator":    {"a: b\u2028c: \x02", "2:4: the character U+0002 is invisible and not allowed"},
		"the replacement character": {"a: \ufffd\x02", "1:5: the character U+0002 is invisible and not allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			m := mistakes(t, test.data, nil)
			if got := m[0].String(); len(m) != 1 || !strings.HasPrefix(got, "p.yaml:"+test.want) {
				t.Errorf("got %v", m)
			}
		})
	}
}

// TestExpressionsAreFoundInEveryFormOfScalar: each unknown name in places.yaml is pointed at exactly.
func TestExpressionsAreFoundInEveryFormOfScalar(t *testing.T) {
	data, err := os.ReadFile("testdata/bad/places.yaml")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(data), "\n")
	found := map[string]bool{}
	for _, m := range mistakes(t, string(data), &pipefile.Options{Kinds: kinds()}) {
		if !strings.HasPrefix(m.Message, "unknown name") {
			continue
		}
		rest := string([]rune(lines[m.Line-1])[m.Column-1:])
		if !regexp.MustCompile(`^zzz\.[a-z]`).MatchString(rest) {
			t.Errorf("%v points at %q", m, rest)
		}
		found[rest[:5]] = true
	}
	for letter := 'a'; letter <= 'w'; letter++ {
		if name := "zzz." + string(letter); !found[name] && letter != 't' && letter != 'u' { // these two share a line that is no expression
			t.Errorf("%s was not found", name)
		}
	}
}

func TestWithoutOptionsNoConnectorIsKnown(t *testing.T) {
	m := mistakes(t, "version: 1\npools: [eu-west-1_Ab12cd34E]\nsteps: [{ id: a, uses: http }]\n", nil)
	if len(m) != 1 || m[0].Message != `unknown connector "http"` || m[0].Hint != "" {
		t.Errorf("got %v", m)
	}
}

// Configurations that break the rules of enrich.Config.
type (
	noPointer   struct{}
	hiddenField struct {
		url string `pipe:"url"`
	}
	foreignType struct {
		URL float64 `pipe:"url"`
	}
	badDefault struct {
		Wait int `pipe:"wait" default:"soon"`
	}
	noConnector struct{}
	embedsNil   struct{ *shared }
)

func (noPointer) Connector() (enrich.Connector, error)      { return idle{}, nil }
func (c *hiddenField) Connector() (enrich.Connector, error) { return idle{}, errors.New(c.url) }
func (*foreignType) Connector() (enrich.Connector, error)   { return idle{}, nil }
func (*badDefault) Connector() (enrich.Connector, error)    { return idle{}, nil }
func (*noConnector) Connector() (enrich.Connector, error)   { return nil, nil }
func (*embedsNil) Connector() (enrich.Connector, error)     { return idle{}, nil }

func TestAConnectorThatIsBuiltWronglyIsSaidSo(t *testing.T) {
	for want, config := range map[string]enrich.Config{
		"its configuration is no pointer to a struct":    noPointer{},
		"its field url can't be set":                     &hiddenField{},
		"its field url has a type that no file can fill": &foreignType{},
		"the default of its field wait does not fit":     &badDefault{},
		"it made nothing":                                &noConnector{},
		"its field Retries can't be set":                 &embedsNil{},
	} {
		t.Run(want, func(t *testing.T) {
			with := ""
			if _, ok := config.(*foreignType); ok {
				with = ", with: { url: 1 }"
			}
			source := "version: 1\npools: [eu-west-1_Ab12cd34E]\nsteps: [{ id: a, uses: odd" + with + " }]\n"
			o := &pipefile.Options{Kinds: []enrich.Kind{{Name: "odd", Config: func() enrich.Config { return config }}}}
			m := mistakes(t, source, o)
			if len(m) != 1 || m[0].Message != "the connector odd is built wrongly: "+want || m[0].Line != 3 || m[0].Column != 24 {
				t.Errorf("got %v", m)
			}
		})
	}
}

func TestLint(t *testing.T) {
	source := `version: 1
pools: [eu-west-1_Ab12cd34E]
steps:
  - id: early
    uses: ses
    with: { from: a@b.example, template: x }
  - id: feeds
    uses: ses
    if: ${{ 1 > 2 }}
    with: { from: a@b.example, template: x, data: { password: hunter2, name: x } }
  - id: late
    uses: ses
    needs: [attributes]
    if: true
    with: { from: a@b.example, template: x }
  - id: ask
    uses: http
    with:
      url: https://a.example
      bearer: hunter2
      headers: { Authorization: Basic hunter2, x-api-key: "${{ secrets.KEY }}", accept: text/plain }
attributes:
  custom:x: ${{ steps.feeds.id }}
`
	want := []string{
		"p.yaml:5:11: the step early may run before the attributes are written\n    needs: [attributes] makes it wait for them",
		"p.yaml:9:9: the step feeds never runs: its condition is always false",
		"p.yaml:10:63: password looks like a secret in plain text\n    write ${{ secrets.NAME }} and keep the value out of the file",
		"p.yaml:20:15: bearer looks like a secret in plain text\n    write ${{ secrets.NAME }} and keep the value out of the file",
		"p.yaml:21:33: Authorization looks like a secret in plain text\n    write ${{ secrets.NAME }} and keep the value out of the file",
	}
	warnings, err := pipefile.Lint("p.yaml", []byte(source), &pipefile.Options{Kinds: kinds()})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range warnings {
		got = append(got, w.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := pipefile.Parse("p.yaml", []byte(source), &pipefile.Options{Kinds: kinds()}); err != nil {
		t.Errorf("warnings are no mistakes: %v", err)
	}
}

func TestLintSaysMistakesToo(t *testing.T) {
	_, err := pipefile.Lint("p.yaml", []byte("version: 3"), nil)
	var m *pipefile.Mistakes
	if !errors.As(err, &m) || len(m.List) != 1 {
		t.Errorf("got %v", err)
	}
}

func TestTheGoodFilesHaveNothingToLookAt(t *testing.T) {
	files, err := filepath.Glob("testdata/good/*.yaml")
	if err != nil || len(files) < 4 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if warnings, err := pipefile.Lint(file, data, &pipefile.Options{Kinds: kinds()}); err != nil || len(warnings) > 0 {
			t.Errorf("%v, %v", warnings, err)
		}
	}
}

func TestASecretInPlainTextIsNeverRepeated(t *testing.T) {
	const canary = "hunter2-canary"
	source := "version: 1\npools: [eu-west-1_Ab12cd34E]\nsteps:\n" +
		"  - { id: a, uses: http, with: { url: https://a.example, bearer: " + canary + ", headers: { authorization: " + canary + ", x: [" + canary + "] } } }\n" +
		"  - { id: b, uses: hubspot, with: { token: " + canary + " } }\n"
	warnings, err := pipefile.Lint("p.yaml", []byte(source), &pipefile.Options{Kinds: kinds()})
	if err == nil || len(warnings) != 3 || strings.Contains(fmt.Sprint(warnings, err), canary) {
		t.Errorf("%v\n%v", warnings, err)
	}
}

func TestConditionsRunAsWritten(t *testing.T) {
	p := parse(t, "design.yaml")
	for age, want := range map[string]bool{"71h": true, "73h": false} {
		v, err := compileAge(t, age).Eval(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Steps[2].If.Eval(t.Context(), expr.Vars{"run": map[string]any{"age": v}})
		if err != nil || got != want {
			t.Errorf("%s: got %v, %v", age, got, err)
		}
	}
}

func compileAge(t *testing.T, age string) *expr.Program {
	t.Helper()
	env, err := expr.NewEnv()
	if err != nil {
		t.Fatal(err)
	}
	p, err := env.Compile(`duration("` + age + `")`)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func BenchmarkParse(b *testing.B) {
	data, err := os.ReadFile("testdata/good/design.yaml")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := pipefile.Parse("x", data, &pipefile.Options{Kinds: kinds()}); err != nil {
			b.Fatal(err)
		}
	}
}
