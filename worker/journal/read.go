package journal

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker/linefile"
)

// Format is how a log was written down.
type Format string

// The formats.
const (
	Auto   Format = "auto"   // Events if the file begins with a line that is only "{" or "[", as the AWS CLI prints; else Lines
	Lines  Format = "lines"  // a line for each event, bare or, if the first line is so, each behind its time: exports, aws logs tail
	Events Format = "events" // the JSON of aws logs filter-log-events or get-log-events
)

// maxLine is the longest line that is looked at, in bytes: CloudWatch takes events of up to 1 MiB.
const maxLine = 2 << 20

// maxEvent is the longest event of a JSON file, in bytes, all of it escaped.
const maxEvent = 16 << 20

// The errors of a file.
var (
	ErrFormat = errors.New("this is no JSON of log events")
	errLarge  = errors.New("an event is longer than CloudWatch takes")
)

// visit is told of each line or event of a log: a record, or else whether it was perhaps meant to be one.
type visit func(n int, r Record, ok, near bool) error

// read goes through a log, which may be compressed with gzip.
func read(file io.Reader, format Format, f visit) error {
	b := bufio.NewReaderSize(file, 64<<10)
	if magic, _ := b.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(b)
		if err != nil {
			return fmt.Errorf("journal: unpack: %w", err)
		}
		b = bufio.NewReaderSize(z, 64<<10)
	}
	if format == Events || format != Lines && printed(b) {
		return readEvents(b, f)
	}
	return readLines(b, f)
}

// printed tells whether a file begins as the AWS CLI prints JSON. No log line is a bracket and nothing else.
func printed(b *bufio.Reader) bool {
	head, _ := b.Peek(len("\xef\xbb\xbf{\r\n"))
	head = bytes.ReplaceAll(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), []byte("\r"), nil)
	return bytes.HasPrefix(head, []byte("{\n")) || bytes.HasPrefix(head, []byte("[\n"))
}

// prefix is what an export and aws logs tail put before an event: its time, and perhaps the name of its stream, as Lambda
// names them.
var prefix = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d) (\d{4}/\d\d/\d\d/[\w-]*\[[\w$]{1,20}\]\[?[0-9a-f]{8,64}\]? )?`)

// readLines takes records that are all of a line or, if the first line begins with a time, all behind one: the other lines
// of an event have none there.
func readLines(r io.Reader, f visit) error {
	first, timed := true, false
	err := linefile.Each(r, maxLine, func(n int, line []byte, wrong error) error {
		if wrong != nil {
			return f(n, Record{}, false, false)
		}
		if len(line) == 0 {
			return nil
		}
		head := len(prefix.Find(line))
		if first {
			first, timed = false, head > 0
		}
		if timed == (head > 0) {
			if record, ok := Parse(line[head:]); ok {
				return f(n, record, true, false)
			}
		}
		return f(n, Record{}, false, near(line))
	})
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// readEvents takes records that are all of an event's message.
func readEvents(r io.Reader, f visit) error {
	capped := &capped{r: r, left: maxEvent}
	b := bufio.NewReader(capped)
	if bom, _ := b.Peek(3); string(bom) == "\xef\xbb\xbf" {
		_, _ = b.Discard(3) // peeked
	}
	e := &events{Decoder: json.NewDecoder(b), capped: capped, visit: f}
	for documents := 0; ; documents++ {
		capped.left = maxEvent
		token, err := e.Token()
		switch {
		case errors.Is(err, io.EOF) && documents > 0:
			return nil
		case err != nil:
			return unreadable(err)
		case token == json.Delim('['):
			err = e.list()
		case token == json.Delim('{'):
			err = e.document()
		default:
			return fmt.Errorf("journal: %w", ErrFormat)
		}
		if err != nil {
			return err
		}
	}
}

func unreadable(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("journal: %w: %w", ErrFormat, err)
}

// events is a pass through a JSON file.
type events struct {
	*json.Decoder
	capped *capped
	visit  visit
	n      int
}

// document goes through what the CLI prints: an object, of whose members only the list of events counts.
func (e *events) document() error {
	found := false
	for e.More() {
		key, err := e.Token()
		if err != nil {
			return unreadable(err)
		}
		if key != "events" {
			if err := e.skip(); err != nil {
				return err
			}
			continue
		}
		if token, err := e.Token(); err != nil || token != json.Delim('[') || found {
			return unreadable(err)
		}
		found = true
		if err := e.list(); err != nil {
			return err
		}
	}
	if _, err := e.Token(); err != nil || !found {
		return unreadable(err)
	}
	return nil
}

func (e *events) skip() error {
	e.capped.left = maxEvent
	var value json.RawMessage
	if err := e.Decode(&value); err != nil {
		return unreadable(err)
	}
	return nil
}

// list goes through events until their list ends.
func (e *events) list() error {
	for e.More() {
		e.capped.left = maxEvent
		var raw json.RawMessage
		if err := e.Decode(&raw); err != nil {
			return unreadable(err)
		}
		e.n++
		if err := e.one(raw); err != nil {
			return err
		}
	}
	if _, err := e.Token(); err != nil {
		return unreadable(err)
	}
	return nil
}

// one takes an event: its message, there once, may end with the newline that the trigger wrote.
func (e *events) one(raw json.RawMessage) error {
	var text json.RawMessage
	if !event.Object(raw) || !event.Pick(raw, event.Wanted{Key: "message", Into: &text}) {
		return e.visit(e.n, Record{}, false, false)
	}
	message, _ := event.String(text)
	line := bytes.TrimSuffix([]byte(message), []byte("\n"))
	if r, ok := Parse(line); ok {
		return e.visit(e.n, r, true, false)
	}
	return e.visit(e.n, Record{}, false, near(line))
}

// capped ends a read that goes on for too long without an event.
type capped struct {
	r    io.Reader
	left int
}

func (c *capped) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errLarge
	}
	n, err := c.r.Read(p)
	c.left -= n
	return n, err
}
