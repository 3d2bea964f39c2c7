// Package runbooks is what to do when an alarm rings or a run shows a reason code: one page for each, a page of an alarm with
// hyphens in its name, a page of a code with underscores or none. Connectors' codes are in their REFERENCE.md.
//
// It promises five sections on each page: what it means, what users feel, where to look, how to mend it, when to
// escalate; commands that exist; links that lead somewhere; an index made from the pages.
//
// It refuses to be clever: Path is for hints of the command line, which name the page and leave the reading to people.
package runbooks

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed *.md
var pages embed.FS

// index is the page that lists the others.
const index = "README"

// Path gives where the page of an alarm or a code is, from the top of the repository; "" if it has none.
func Path(code string) string {
	if code == index || strings.ContainsAny(code, `/\`) {
		return ""
	}
	if _, err := fs.Stat(pages, code+".md"); err != nil {
		return ""
	}
	return "deploy/runbooks/" + code + ".md"
}

// Alarms are the names of the alarms that have a page, sorted.
func Alarms() []string { return names(true) }

// Reasons are the codes that have a page, sorted.
func Reasons() []string { return names(false) }

func names(alarms bool) (all []string) {
	entries, _ := pages.ReadDir(".") // what is compiled in can be read
	for _, e := range entries {
		if name := strings.TrimSuffix(e.Name(), ".md"); name != index && strings.Contains(name, "-") == alarms {
			all = append(all, name)
		}
	}
	return all
}

// Page gives the text of a page as Markdown; "" if there is none.
func Page(code string) string {
	if Path(code) == "" {
		return ""
	}
	text, _ := pages.ReadFile(code + ".md")
	return string(text)
}
