// Package reference writes the reference pages of connectors: Markdown, made of a connector's [enrich.Kind] and of the
// tags of its configuration, so that what a page says about an option is what the file reader does with it.
//
// It promises: the same kind gives the same bytes; the steps of an example are read as a worker would read them, and
// the class on the page is what came out; a kind without an [enrich.Page] has a page nevertheless.
//
// It refuses to write a page whose example has a mistake, or an option without a sentence.
package reference

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/pipefile"
)

// Page is the reference page of one connector. The error is for whoever wrote the connector, and says all that is wrong.
func Page(kind enrich.Kind) ([]byte, error) {
	fields, err := pipefile.Fields(kind.Config())
	if err != nil {
		return nil, fmt.Errorf("reference: %s: %w", kind.Name, err)
	}
	class, err := classOf(kind)
	if err = errors.Join(err, checkFields(fields), checkTexts(kind.Page)); err != nil {
		return nil, fmt.Errorf("reference: %s: %w", kind.Name, err)
	}
	p := &page{}
	p.line("<!-- Made from the connector's own words by `make reference`. Change those, not this page. -->")
	p.line("# %s\n\n%s\n", kind.Name, kind.Doc)
	p.line("**Class:** %s.\n", class)
	p.options(fields)
	p.example(kind.Page.Example)
	p.result(kind.Page.Result)
	p.codes(kind.Page)
	p.list("Limits", kind.Page.Limits)
	p.list("Permissions", kind.Page.Permissions)
	return p.bytes(), nil
}

// checkFields: a page that leaves an option unexplained is no reference.
func checkFields(fields []pipefile.Field) error {
	var wrong []error
	for _, f := range fields {
		if f.Doc == "" {
			wrong = append(wrong, fmt.Errorf("the option %s has no doc tag", f.Name))
		}
		if f.Type == "" {
			wrong = append(wrong, fmt.Errorf("the option %s has a type that no file can fill", f.Name))
		}
	}
	return errors.Join(wrong...)
}

// checkTexts: everything but the example is one line.
func checkTexts(p enrich.Page) error {
	texts := append(append([]string{p.Class}, p.Limits...), p.Permissions...)
	for _, term := range p.Result {
		texts = append(texts, term.Name, term.Doc)
	}
	for _, code := range p.Codes {
		texts = append(texts, code.Code, code.Doc)
	}
	var wrong []error
	for _, text := range texts {
		if strings.ContainsAny(text, "\r\n") {
			wrong = append(wrong, fmt.Errorf("%q is more than one line", text))
		}
	}
	return errors.Join(wrong...)
}

// page gathers Markdown.
type page struct{ out bytes.Buffer }

func (p *page) line(format string, args ...any) {
	fmt.Fprintf(&p.out, format+"\n", args...)
}

// bytes is the page with one line end at its end.
func (p *page) bytes() []byte { return append(bytes.TrimRight(p.out.Bytes(), "\n"), '\n') }

func (p *page) options(fields []pipefile.Field) {
	if len(fields) == 0 {
		p.line("## Options\n\nNone: leave `with` out.\n")
		return
	}
	p.line("## Options\n\n| option | type | default | |\n|---|---|---|---|")
	for _, f := range fields {
		name, doc := "`"+f.Name+"`", f.Doc
		if f.Step {
			doc += " Stands beside `with`, not under it."
		}
		p.line("| %s | %s | %s | %s |", name, f.Type, defaultOf(f), cell(doc))
	}
	p.line("")
}

func defaultOf(f pipefile.Field) string {
	switch {
	case f.Required:
		return "**required**"
	case f.Default == "":
		return ""
	}
	return "`" + cell(f.Default) + "`"
}

func (p *page) example(steps string) {
	if steps == "" {
		return
	}
	p.line("## Example\n\n```yaml\nsteps:\n%s\n```\n", indent(steps))
}

func (p *page) result(terms []enrich.Term) {
	if len(terms) == 0 {
		return
	}
	p.line("## Result\n\n| `steps.ID.` | |\n|---|---|")
	for _, term := range terms {
		p.line("| `%s` | %s |", cell(term.Name), cell(term.Doc))
	}
	p.line("")
}

func (p *page) codes(about enrich.Page) {
	if len(about.Codes) == 0 && !about.HTTP {
		return
	}
	p.line("## Codes of failures\n")
	if len(about.Codes) > 0 {
		p.codeTable(about.Codes)
	}
	if about.HTTP {
		p.line("And those of [every connector that speaks HTTP](../CONNECTORS.md#codes-of-every-connector-that-speaks-http).\n")
	}
}

func (p *page) codeTable(codes []enrich.Code) {
	p.line("| code | kind | |\n|---|---|---|")
	for _, code := range codes {
		p.line("| `%s` | %s | %s |", cell(code.Code), code.Kind, cell(code.Doc))
	}
	p.line("")
}

func (p *page) list(title string, items []string) {
	if len(items) == 0 {
		return
	}
	p.line("## %s\n", title)
	for _, item := range items {
		p.line("- %s", item)
	}
	p.line("")
}

// cell keeps a text inside its cell of a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
