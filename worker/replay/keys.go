package replay

import (
	"bufio"
	"bytes"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
)

// Ref names a run that an operator chose by hand: by its key, or by who it is, which a ledger finds faster.
type Ref struct {
	key [16]byte
	id  *worker.Identity
}

var keyLetters = base32.HexEncoding.WithPadding(base32.NoPadding)

// ParseKey reads a run key: 26 characters of a-v and 0-9.
func ParseKey(text string) (Ref, error) {
	var r Ref
	raw, err := keyLetters.DecodeString(strings.ToUpper(text))
	if err != nil || len(raw) != len(r.key) || strings.ToLower(text) != text {
		return r, errors.New("this is no run key: one has 26 characters of a-v and 0-9")
	}
	copy(r.key[:], raw)
	if r.Key() != text {
		return r, errors.New("this is no run key: its last character can't be")
	}
	return r, nil
}

// Key is the run key.
func (r Ref) Key() string { return strings.ToLower(keyLetters.EncodeToString(r.key[:])) }

// The bounds of a file of keys.
const (
	maxLine     = 64 << 10
	maxMistakes = 20
)

// KeyMistakes are the mistakes of a file of keys, each with its line: the first twenty.
type KeyMistakes struct {
	Name  string
	Lines []KeyMistake
}

// KeyMistake is one of them.
type KeyMistake struct {
	Line int // from 1; 0 is the file
	Text string
}

// Error gives them all, one per line.
func (m *KeyMistakes) Error() string {
	var all []string
	for _, l := range m.Lines {
		if l.Line == 0 {
			all = append(all, m.Name+": "+l.Text)
			continue
		}
		all = append(all, fmt.Sprintf("%s:%d: %s", m.Name, l.Line, l.Text))
	}
	return strings.Join(all, "\n")
}

// ReadKeys reads a file of run keys, one in a line, or one JSON object in a line with "key" (or "run", as log lines have
// it), or "pool", "sub" and "generation", or all of them; other members are skipped, so what lists print can be read. A
// byte order mark, CRLF, empty lines and a last line without end are fine; a key that stands twice counts once. It reads
// line by line and keeps 24 bytes for each key. The error is *KeyMistakes, or of the reading; there are no keys then.
func ReadKeys(name string, from io.Reader) ([]Ref, error) {
	k := keyReader{mistakes: KeyMistakes{Name: name}, seen: map[[16]byte]bool{}}
	in := bufio.NewReaderSize(from, maxLine)
	for k.line = 1; len(k.mistakes.Lines) < maxMistakes; k.line++ {
		text, err := in.ReadSlice('\n')
		if err != nil && err != io.EOF && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, fmt.Errorf("%s: read: %w", name, err)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			k.wrong(fmt.Sprintf("the line is longer than %d bytes; what follows was not read", maxLine))
			break
		}
		if !k.take(text) || err == io.EOF {
			break
		}
	}
	if len(k.mistakes.Lines) == 0 && len(k.refs) == 0 {
		k.line = 0
		k.wrong("there is no key in it")
	}
	if len(k.mistakes.Lines) > 0 {
		return nil, &k.mistakes
	}
	return k.refs, nil
}

type keyReader struct {
	line     int
	refs     []Ref
	seen     map[[16]byte]bool
	mistakes KeyMistakes
}

func (k *keyReader) wrong(text string) {
	k.mistakes.Lines = append(k.mistakes.Lines, KeyMistake{k.line, text})
}

// take reads one line. It is false when what follows can't be read either.
func (k *keyReader) take(text []byte) bool {
	if k.line == 1 {
		if bytes.HasPrefix(text, []byte{0xFE, 0xFF}) || bytes.HasPrefix(text, []byte{0xFF, 0xFE}) {
			k.wrong("this is UTF-16: save it as UTF-8")
			return false
		}
		text = bytes.TrimPrefix(text, []byte("\ufeff"))
	}
	text = bytes.Trim(text, " \t\r\n")
	switch {
	case len(text) == 0:
		return true
	case bytes.IndexByte(text, 0) >= 0:
		k.wrong("there is a NUL byte in it")
	case !utf8.Valid(text):
		k.wrong("this is no UTF-8")
	case len(k.refs) >= MaxEntries:
		k.wrong(fmt.Sprintf("a plan has at most %d runs", MaxEntries))
		return false
	default:
		k.ref(text)
	}
	return true
}

func (k *keyReader) ref(text []byte) {
	parse := func() (Ref, error) { return ParseKey(string(text)) }
	if text[0] == '{' {
		parse = func() (Ref, error) { return parseObject(text) }
	}
	r, err := parse()
	if err != nil {
		k.wrong(err.Error())
		return
	}
	if !k.seen[r.key] {
		k.seen[r.key] = true
		k.refs = append(k.refs, r)
	}
}

// parseObject reads a run from a line of JSON.
func parseObject(text []byte) (r Ref, err error) {
	m, err := members(text)
	if err != nil {
		return r, err
	}
	key := m["key"]
	if key == "" {
		key = m["run"]
	}
	if key != "" {
		if r, err = ParseKey(key); err != nil {
			return r, err
		}
	}
	if m["pool"] == "" || m["sub"] == "" {
		if key == "" {
			return r, errors.New(`this names no run: want "key", or "pool" and "sub"`)
		}
		return r, nil
	}
	id := worker.Identity{Pool: m["pool"], Sub: m["sub"], Generation: m["generation"]}
	if id.Generation == "" {
		id.Generation = event.Onboarding
	}
	whole, err := ParseKey(id.Key())
	if err == nil && key != "" && whole.key != r.key {
		return r, errors.New("the key is not that of this pool, sub and generation")
	}
	whole.id = &id
	return whole, err
}

// members are the texts of an object that may name a run. One that stands twice names nobody.
func members(text []byte) (map[string]string, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("this is no JSON object")
	}
	all := map[string]string{}
	for d.More() {
		name, err := d.Token()
		var value any
		if err == nil {
			err = d.Decode(&value)
		}
		if err != nil {
			return nil, errors.New("the JSON ends too early, or is none")
		}
		switch name {
		case "key", "run", "pool", "sub", "generation":
			text, isText := value.(string)
			if _, twice := all[name.(string)]; twice || !isText {
				return nil, fmt.Errorf("%q stands twice, or is no text", name)
			}
			all[name.(string)] = text
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, errors.New("the JSON ends too early, or is none")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("there is more behind the JSON object")
	}
	return all, nil
}
