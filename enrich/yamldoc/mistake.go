package yamldoc

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// maxPrinted is how many mistakes Error prints; a file of something else altogether may have one per line.
const maxPrinted = 100

// Mistake is one thing to mend in a file, or, as a warning, to look at.
type Mistake struct {
	File    string `json:"file"`           // the name for people
	Line    int    `json:"line"`           // from 1
	Column  int    `json:"column"`         // from 1, in characters
	Message string `json:"message"`        // what is wrong: one line
	Hint    string `json:"hint,omitempty"` // what was probably meant: one line, may be empty
}

// String is file:line:column: message, and the hint indented below.
func (m Mistake) String() string {
	text := fmt.Sprintf("%s:%d:%d: %s", m.File, m.Line, m.Column, m.Message)
	if m.Hint != "" {
		text += "\n    " + m.Hint
	}
	return text
}

// Mistakes is the error that holds all mistakes of a file.
type Mistakes struct {
	List []Mistake // in the order of the file, none twice, at least one
}

// Error prints one mistake per line, hints indented below.
func (m *Mistakes) Error() string {
	var b strings.Builder
	for i, one := range m.List {
		if i > 0 {
			b.WriteByte('\n')
		}
		if i == maxPrinted {
			fmt.Fprintf(&b, "… and %d more", len(m.List)-maxPrinted)
			break
		}
		b.WriteString(one.String())
	}
	return b.String()
}

// tidy names the file, sorts by place, and drops what was said twice.
func tidy(name string, all []Mistake) []Mistake {
	for i := range all {
		all[i].File, all[i].Message, all[i].Hint = name, oneLine(all[i].Message), oneLine(all[i].Hint)
	}
	slices.SortStableFunc(all, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.Compact(all)
}

// oneLine keeps a message on its line: parts of it may come from the file or from others.
func oneLine(s string) string {
	if strings.ContainsFunc(s, isControl) {
		return strings.Join(strings.FieldsFunc(s, isControl), " ")
	}
	return s
}

// Short keeps a quotation from the file short.
func Short(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
