package sqlstep

import (
	"strconv"
	"strings"
)

// marks are what scan found outside of quotes and comments.
type marks struct {
	questions int          // how many ?
	numbers   map[int]bool // which $1, $2
	highest   int          // of those
	several   bool         // something follows a ;
	open      bool         // a quote or a comment has no end
}

// scan looks for placeholders in a query. It knows quotes (”, "", “ and $tag$) and comments (--, #, /* */) as far as
// to skip them. It decides nothing about safety: the text is the author's, and the server parses it anew.
func scan(query string, mysql bool) marks {
	found := marks{numbers: map[int]bool{}}
	ended := false
	for i := 0; i < len(query); {
		length, quoted := skip(query[i:], mysql)
		if length == 0 {
			found.open = true
			return found
		}
		if ended && (quoted || length == 1 && !blank(query[i])) {
			found.several = true
		}
		if length == 1 && !quoted {
			ended = ended || query[i] == ';'
			found.mark(query[i:])
		}
		i += length
	}
	return found
}

func blank(c byte) bool { return strings.IndexByte(" \t\r\n;", c) >= 0 }

// mark notes a placeholder at the start of rest.
func (m *marks) mark(rest string) {
	if rest[0] == '?' {
		m.questions++
	}
	if rest[0] != '$' {
		return
	}
	end := 1
	for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
		end++
	}
	if n, err := strconv.Atoi(rest[1:end]); err == nil && n > 0 && n <= 1<<16 {
		m.numbers[n] = true
		m.highest = max(m.highest, n)
	}
}

// skip gives the length of the quote or comment at the start of s, 1 for anything else, and 0 for one without an end.
func skip(s string, mysql bool) (length int, quoted bool) {
	switch {
	case s[0] == '\'', s[0] == '"', mysql && s[0] == '`':
		return closing(s, mysql), true
	case !mysql && (s[0] == 'E' || s[0] == 'e') && strings.HasPrefix(s[1:], "'"):
		if n := closing(s[1:], true); n > 0 {
			return 1 + n, true
		}
		return 0, true
	case strings.HasPrefix(s, "--"), mysql && s[0] == '#':
		if n := strings.IndexByte(s, '\n'); n >= 0 {
			return max(n, 2), false
		}
		return max(len(s), 2), false
	case strings.HasPrefix(s, "/*"):
		return 2 + until(s[2:], "*/"), false
	case !mysql && s[0] == '$':
		return dollar(s)
	}
	return 1, false
}

// until is the length up to and with the end; where there is none, it makes skip's sum 0.
func until(s, end string) int {
	if n := strings.Index(s, end); n >= 0 {
		return n + len(end)
	}
	return -2
}

// closing is the length of a quoted text. A doubled quote is two texts in a row, which comes to the same.
func closing(s string, escapes bool) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && escapes && s[0] != '`':
			i++
		case s[i] == s[0]:
			return i + 1
		}
	}
	return 0
}

// dollar is the length of a $tag$…$tag$, or 1 for a $ that starts none.
func dollar(s string) (length int, quoted bool) {
	end := 1
	for end < len(s) && (s[end] == '_' || s[end] >= 'a' && s[end] <= 'z' || s[end] >= 'A' && s[end] <= 'Z') {
		end++
	}
	if end == len(s) || s[end] != '$' {
		return 1, false
	}
	tag := s[:end+1]
	n := strings.Index(s[len(tag):], tag)
	if n < 0 {
		return 0, true
	}
	return 2*len(tag) + n, true
}
