package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// printable is a text that somebody else wrote, safe for a terminal: quoted if it has anything that doesn't print, so that
// nothing of it is hidden.
func printable(s string) string {
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}

// oneLine is what the operator typed, as it is kept: control characters, and those that change the direction of writing
// or are not seen, are left out; ends of lines and tabs become spaces; what is no UTF-8 becomes a question mark.
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r' || r == '\u2028' || r == '\u2029':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "?")))
}

// utc is a moment in a table, whose reader is told that it is UTC.
func utc(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// rfc3339 is a moment in a sentence, which can be given to a flag as it stands; "" for none.
func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// age is a duration in its largest unit.
func age(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	case d >= time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d >= time.Minute:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return fmt.Sprintf("%ds", max(0, d/time.Second))
}

// nearly is how long something takes, as people say it.
func nearly(d time.Duration) string {
	switch {
	case d < time.Second:
		return "at once"
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.1f h", d.Hours())
}

// lasting is how long so many take at a rate per second.
func lasting(n int, rate float64) time.Duration {
	return time.Duration(float64(n) / rate * float64(time.Second)).Round(time.Second)
}

// count says "1 run", "2 runs", "2 entries".
func count(n int, what string) string {
	if root, ok := strings.CutSuffix(what, "y"); ok {
		return countOf(n, what, root+"ies")
	}
	return countOf(n, what, what+"s")
}

// countOf is count for words that don't just take an s.
func countOf(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// are says "1 run is", "2 runs are".
func are(n int, what string) string {
	if n == 1 {
		return count(n, what) + " is"
	}
	return count(n, what) + " are"
}

// writeCount is a line of a report, left out if there are none.
func writeCount(w io.Writer, n int, text string) {
	if n > 0 {
		fmt.Fprintf(w, "  %-7d %s\n", n, text)
	}
}

// encoded writes one object for machines.
func encoded(w io.Writer, o any) { _ = json.NewEncoder(w).Encode(o) }
