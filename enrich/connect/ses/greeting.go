package ses

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// greetingKey is the name of the greeting in a template's data.
const greetingKey = "greeting"

// neutralWord greets those whose name is not usable: "Hello there".
const neutralWord = "there"

// The bounds of a name. People's names stay well below; messages to strangers do not.
const (
	maxName   = 60 // characters
	maxDigits = 3  // "John 3rd", but no telephone number
	maxMarks  = 4  // combining marks in a row: more than any script needs
)

// greeting is the name, trimmed and on one line, or neutral when it is empty or does not look like a name.
//
// Anybody can sign up with somebody else's address and a message as name: "Your account is locked, visit evil.example".
// The mail then carries it from a domain that people trust. So a name has letters, and beside them only what names have:
// spaces, hyphens, apostrophes, the dot of an initial. Whatever could become a link, an address, a number to call,
// markup, another line or another direction of writing makes it none.
func greeting(name, neutral string) string {
	name = strings.Join(strings.FieldsFunc(name, func(r rune) bool { return unicode.Is(unicode.Zs, r) }), " ")
	if !utf8.ValidString(name) || utf8.RuneCountInString(name) > maxName {
		return neutral
	}
	letters, digits, marks := 0, 0, 0
	runes := []rune(name)
	for i, r := range runes {
		marks++
		switch {
		case unicode.IsLetter(r):
			letters, marks = letters+1, 0
		case unicode.IsMark(r) && marks <= maxMarks && letters > 0:
		case unicode.IsDigit(r) && digits < maxDigits:
			digits, marks = digits+1, 0
		case r == '.' && initial(runes[i+1:]), joins(runes, i), strings.ContainsRune(nameSigns, r):
			marks = 0
		default:
			return neutral
		}
	}
	if letters == 0 {
		return neutral
	}
	return name
}

// nameSigns are what names have between their letters: spaces, hyphens, apostrophes, middle dots, an Arabic or a
// Hawaiian one among them.
const nameSigns = " -\u2010\u2011'\u2019`\u00b7\u30fb\u05f3\u05f4"

// initial tells whether what follows a dot leaves it the dot of an initial or a title ("J.R. Ewing", "Dr. No"), and not
// one inside a host name.
func initial(after []rune) bool {
	letters := 0
	for letters < len(after) && after[letters] != '.' && after[letters] != ' ' {
		letters++
	}
	return letters < 2
}

// joins tells whether the character is a joiner between two letters, which Persian and Indic names need.
func joins(runes []rune, i int) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	if runes[i] != nonJoiner && runes[i] != joiner || i == 0 || i+1 == len(runes) {
		return false
	}
	before, after := runes[i-1], runes[i+1]
	return (unicode.IsLetter(before) || unicode.IsMark(before)) && unicode.IsLetter(after)
}
