// Package yamldoc reads a YAML (or JSON) document that people write, node by node, and gathers every mistake in it with
// its line, its column, what was meant, and how to mend it. The pipeline file and the sign-up policy are read with it.
//
// It promises: nothing is guessed. A value that two readers of YAML would read differently (on, 0755, 12:30:45,
// 2024-01-01) must be put in quotes; a key that stands twice or that nobody knows is a mistake; a mistake is told once,
// and what follows from it is not told at all.
//
// It refuses: documents above a size, anchors, aliases and tags, a second document, bytes that are no text. It does no
// I/O, knows no key by name, and runs nothing.
package yamldoc

import (
	"bytes"
	"cmp"
	"fmt"

	"go.yaml.in/yaml/v4"
)

// DefaultMax is the largest document if Kind says nothing, in bytes.
const DefaultMax = 1 << 20

// Kind is what kind of document is read, as messages to people name it.
type Kind struct {
	Name    string // one word: "pipeline" makes "a pipeline file"
	Max     int    // the largest one, in bytes; 0 means DefaultMax
	TagHint string // what may have been meant by a YAML tag; "" means that a text must stand in quotes
}

func (k Kind) file() string { return "a " + k.Name + " file" }

// Reader gathers what is found on one walk through one document. It is for one goroutine.
type Reader struct {
	kind     Kind
	data     []byte
	source   *source
	mistakes []Mistake
	warnings []Mistake
	refused  map[*yaml.Node]bool // nodes that have their mistake already
	silent   int                 // how often such a node was wanted
}

// NewReader makes a reader for one document, which [Reader.Load] then reads. It keeps data.
func NewReader(data []byte, k Kind) *Reader {
	k.Max = cmp.Or(k.Max, DefaultMax)
	return &Reader{kind: k, data: data, source: newSource(data), refused: map[*yaml.Node]bool{}}
}

// Failures counts what could not be read; it only grows, but for [Reader.Forget].
func (r *Reader) Failures() int { return len(r.mistakes) + r.silent }

// Found counts the mistakes so far.
func (r *Reader) Found() int { return len(r.mistakes) }

// Forget drops all mistakes but the first n, when others will tell them better.
func (r *Reader) Forget(n int) { r.mistakes = r.mistakes[:n] }

// Hush counts a value that is wanted but has its mistake already.
func (r *Reader) Hush() { r.silent++ }

// Refused tells whether a node has its mistake already.
func (r *Reader) Refused(n *yaml.Node) bool { return r.refused[n] }

// Err is nil, or the *[Mistakes] of the document; name is for people and stands in front of each.
func (r *Reader) Err(name string) error {
	if len(r.mistakes) == 0 {
		return nil
	}
	return &Mistakes{List: tidy(name, r.mistakes)}
}

// Warnings are what [Reader.Warn] was told, in the order of the document.
func (r *Reader) Warnings(name string) []Mistake { return tidy(name, r.warnings) }

// Warn notes what is allowed but was probably not meant.
func (r *Reader) Warn(n *yaml.Node, message, hint string) {
	r.warnings = append(r.warnings, Mistake{Line: n.Line, Column: n.Column, Message: message, Hint: hint})
}

// Mistake reports a mistake at a place; both count from 1 and are brought into the document.
func (r *Reader) Mistake(line, column int, message, hint string) {
	line, column = r.source.clamp(line, column)
	r.mistakes = append(r.mistakes, Mistake{Line: line, Column: column, Message: message, Hint: hint})
}

// At reports a mistake at the start of a node.
func (r *Reader) At(n *yaml.Node, message, hint string) { r.Mistake(n.Line, n.Column, message, hint) }

// Wants reports a value of the wrong kind, unless something worse was said about it already.
func (r *Reader) Wants(n *yaml.Node, what, want, hint string) {
	if r.refused[n] {
		r.silent++
	} else {
		r.At(n, fmt.Sprintf("%s wants %s, got %s", what, want, describe(n)), hint)
	}
}

// withoutBOM is data without the byte order mark that some editors write.
func withoutBOM(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\ufeff")) }
