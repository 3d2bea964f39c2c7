package yamldoc

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// source is the file's text as lines of characters: what places are counted in.
type source struct {
	lines [][]rune
	last  traced
}

// newSource splits where YAML does: besides CR, LF and CRLF these are NEL, LS and PS.
func newSource(data []byte) *source {
	text := []rune(string(withoutBOM(data)))
	s, start := &source{}, 0
	for i := 0; i < len(text); i++ {
		if !isBreak(text[i]) {
			continue
		}
		s.lines = append(s.lines, text[start:i])
		if text[i] == '\r' && i+1 < len(text) && text[i+1] == '\n' {
			i++
		}
		start = i + 1
	}
	s.lines = append(s.lines, text[start:])
	return s
}

func isBreak(r rune) bool {
	return r == '\n' || r == '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029'
}

// at is the character at a place, both counted from 1, or 0 outside of the lines.
func (s *source) at(line, column int) rune {
	if line < 1 || line > len(s.lines) || column < 1 || column > len(s.lines[line-1]) {
		return 0
	}
	return s.lines[line-1][column-1]
}

// clamp brings a place into the file; the end of a line is one past its last character.
func (s *source) clamp(line, column int) (int, int) {
	line = min(max(line, 1), len(s.lines))
	return line, min(max(column, 1), len(s.lines[line-1])+1)
}

// unreadable finds the first character that no YAML file may hold.
func unreadable(data []byte) (line, column int, what string) {
	line, column = 1, 1
	for text := withoutBOM(data); len(text) > 0; column++ {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && size == 1:
			return line, column, "the file is not UTF-8 here"
		case isControl(r) && r != '\t' && !isBreak(r):
			return line, column, fmt.Sprintf("the character %U is invisible and not allowed", r)
		case isBreak(r) && !(r == '\r' && len(text) > 1 && text[1] == '\n'):
			line, column = line+1, 0
		}
		text = text[size:]
	}
	return 0, 0, ""
}

// isControl tells what YAML does not allow, and what would break a message's line.
func isControl(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\ufeff' || r == '\ufffe' || r == '\uffff'
}
