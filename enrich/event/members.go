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
		i := bytes.IndexByte(raw, '{') + 1
		for {
			i = skip(raw, i, " \t\r\n,")
			if raw[i] == '}' {
				return
			}
			end := value(raw, i)
			key := raw[i:end]
			i = skip(raw, end, " \t\r\n:")
			end = value(raw, i)
			name, _ := String(key)
			if !yield(name, raw[i:end]) {
				return
			}
			i = end
		}
	}
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
