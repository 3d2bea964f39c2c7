package ses

import (
	"regexp"
	"strings"

	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// anyLocale is the key for users whose language is not in the map, or who have none.
const anyLocale = "default"

// byLocale are texts of the file by language. A locale that a user wrote only ever chooses among them.
type byLocale map[string]string

// localeKey is a language, perhaps with script and region, as this package compares them: de, de-at, zh-hant-tw.
var localeKey = regexp.MustCompile(`^[a-z]{2,8}(-[a-z0-9]{1,8}){0,4}$`)

// newByLocale reads a map of the file; check says what is wrong with a text, if anything. Nil stays nil.
func newByLocale(m *connect.Mistakes, field string, written map[string]*expr.Template, check func(string) string) byLocale {
	if written == nil {
		return nil
	}
	texts := byLocale{}
	for _, key := range sorted(written) {
		at, name := field+"."+key, plainLocale(key)
		text, static := "", false
		if written[key] != nil {
			text, static = written[key].Static()
		}
		_, twice := texts[name]
		switch {
		case !static:
			m.Add(at, "it is the same for everybody with this language; write it without expressions")
		case name != anyLocale && !localeKey.MatchString(name):
			m.Add(at, "a language is written like de or de-AT; the one for everybody else is default")
		case twice:
			m.Add(at, "this language stands there twice")
		case check(text) != "":
			m.Add(at, check(text))
		}
		texts[name] = text
	}
	if _, ok := texts[anyLocale]; !ok {
		m.Add(field, "default is missing; it is for everybody whose language is not in the map")
	}
	return texts
}

// plainLocale makes de-at of "de_AT", "de-AT" and "de_AT.UTF-8@euro".
func plainLocale(locale string) string {
	if i := strings.IndexAny(locale, ".@"); i >= 0 {
		locale = locale[:i]
	}
	return strings.ToLower(strings.ReplaceAll(locale, "_", "-"))
}

// of gives the text for a locale: that of the longest beginning that is in the map, else the default.
func (b byLocale) of(locale string) string {
	const longest = 35 // bytes: the longest that RFC 5646, 4.4.1, wants to be kept
	if len(locale) > longest {
		return b[anyLocale]
	}
	for tag := plainLocale(locale); tag != ""; {
		if text, ok := b[tag]; ok {
			return text
		}
		tag = tag[:max(strings.LastIndexByte(tag, '-'), 0)]
	}
	return b[anyLocale]
}
