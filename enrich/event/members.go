package event

import (
	"bytes"
	"encoding/json"
	"iter"
	"strings"
)

// Object tells whether raw is one valid JSON object and nothing else. encoding/json refuses what is nested deeper
// than 10,000, so memory stays bounded.
func Object(raw []byte) bool {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	return len(raw) > 0 && raw[0] == '{' && json.Valid(raw)
}

// Members walks the members of a JSON object in their order, keys unescaped, values as they stand in raw (not
// copied). A key that comes twice is yielded twice: the caller decides what that means. encoding/json would instead
// match keys in any letter case and let the last one win, which hands the choice to whoever wrote the object.
// raw must satisfy [Object]; for anything else nothing is yielded.
func Members(raw []byte) iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		if !Object(raw) {
			return
		}
		w := walk(raw)
		for key, value := w.next(); key != nil; key, value = w.next() {
			name, _ := String(key)
			if !yield(name, value) {
				return
			}
		}
	}
}

// Wanted is a member that [Pick] looks for, in its exact spelling, and where its value goes.
type Wanted struct {
	Key  string
	Into *json.RawMessage // not copied from the object
}

// Pick fills the wanted members of an object in one pass, without a copy; what isn't there is left alone. It tells
// whether each is there at most once: false leaves the rest unread. raw must be what [Object] accepts, or a value that
// Members or Pick took out of such an object; a value that is no object has no members.
func Pick(raw []byte, wanted ...Wanted) bool {
	if len(raw) == 0 || raw[skip(raw, 0, " \t\r\n")] != '{' {
		return true
	}
	w := walk(raw)
	for key, value := w.next(); key != nil; key, value = w.next() {
		for _, one := range wanted {
			if !spells(key, one.Key) {
				continue
			}
			if *one.Into != nil {
				return false
			}
			*one.Into = value
		}
	}
	return true
}

// spells tells whether a key, as it stands, is this name.
func spells(key json.RawMessage, name string) bool {
	if plain(key) {
		return string(key[1:len(key)-1]) == name
	}
	s, _ := String(key)
	return s == name
}

// walker goes through the members of a valid object.
type walker struct {
	raw []byte
	at  int
}

func walk(raw []byte) walker { return walker{raw, bytes.IndexByte(raw, '{') + 1} }

// next returns the next member as it stands; a nil key is the end.
func (w *walker) next() (key, content json.RawMessage) {
	w.at = skip(w.raw, w.at, " \t\r\n,")
	if w.raw[w.at] == '}' {
		return nil, nil
	}
	end := value(w.raw, w.at)
	key = w.raw[w.at:end]
	w.at = skip(w.raw, end, " \t\r\n:")
	end = value(w.raw, w.at)
	content = w.raw[w.at:end]
	w.at = end
	return key, content
}

// String reads a JSON string; ok is false for anything else. What JSON escapes but Unicode doesn't have (half a
// surrogate pair) and bytes that are not UTF-8 become U+FFFD.
func String(raw json.RawMessage) (s string, ok bool) {
	if plain(raw) {
		return string(raw[1 : len(raw)-1]), true
	}
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	var decoded string // apart from s, which would move to the heap for every plain string too
	err := json.Unmarshal(raw, &decoded)
	return decoded, err == nil
}

// plain tells whether raw is a JSON string of printable ASCII without escapes, which needs no decoder.
func plain(raw []byte) bool {
	if len(raw) < 2 || raw[0] != '"' || raw[len(raw)-1] != '"' {
		return false
	}
	for _, c := range raw[1 : len(raw)-1] {
		if c < 0x20 || c >= 0x7F || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

func skip(raw []byte, i int, set string) int {
	for strings.IndexByte(set, raw[i]) >= 0 {
		i++
	}
	return i
}

// value returns the end of the JSON value that starts at i of a valid document.
func value(raw []byte, i int) int {
	switch raw[i] {
	case '"':
		return quoted(raw, i)
	case '{', '[':
		return nested(raw, i)
	}
	for i < len(raw) && strings.IndexByte(",}] \t\r\n", raw[i]) < 0 {
		i++
	}
	return i
}

func quoted(raw []byte, i int) int {
	for i++; raw[i] != '"'; i++ {
		if raw[i] == '\\' {
			i++
		}
	}
	return i + 1
}

func nested(raw []byte, i int) int {
	for depth := 0; ; {
		switch raw[i] {
		case '"':
			i = quoted(raw, i) - 1
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		i++
		if depth == 0 {
			return i
		}
	}
}
