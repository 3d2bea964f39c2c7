// Package linefile reads text files that went through people's hands, line by line: edited on any system, cut off,
// joined together, or no text at all.
//
// It promises: lines are numbered from one as an editor shows them; a byte order mark at the beginning, CRLF and a
// missing last line end make no difference; memory is bounded by the longest line that is wanted, however long the file
// and its lines are; a line that can't be taken is named and passed over, so that all mistakes of a file can be told at
// once.
//
// It refuses what is no UTF-8 text: a file in UTF-16 as a whole, a line with a NUL or with bytes that are not UTF-8 each
// by itself.
package linefile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// The mistakes of one line.
var (
	ErrLong    = errors.New("the line is too long")
	ErrNUL     = errors.New("there is a NUL byte in the line")
	ErrNotUTF8 = errors.New("the line is not UTF-8")
)

// ErrUTF16 says that a file is UTF-16: nothing of it is read.
var ErrUTF16 = errors.New("the file is UTF-16; save it as UTF-8")

// chunk is how much is read at a time.
const chunk = 64 << 10

// Each calls f with each line of r, in order, without its end; the line is good until f returns. A line that can't be
// taken (longer than most bytes, or one of the other mistakes) has err and no text. It ends with the first error of f or
// of r; a file that is empty has no line.
func Each(r io.Reader, most int, f func(n int, line []byte, err error) error) error {
	b := bufio.NewReaderSize(r, chunk)
	if err := begin(b); err != nil {
		return err
	}
	var line []byte
	for n := 1; ; n++ {
		var long bool
		var end error
		line, long, end = next(b, line[:0], most)
		if end != nil && !errors.Is(end, io.EOF) {
			return fmt.Errorf("read line %d: %w", n, end)
		}
		if end != nil && len(line) == 0 && !long {
			return nil
		}
		text := bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		err := mistake(text, long || len(text) > most)
		if err != nil {
			text = nil
		}
		if err := f(n, text, err); err != nil {
			return err
		}
		if end != nil {
			return nil
		}
	}
}

// begin passes over a byte order mark, and refuses UTF-16 by its mark or by the NULs of its first letters.
func begin(b *bufio.Reader) error {
	head, err := b.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read: %w", err)
	}
	switch {
	case bytes.HasPrefix(head, []byte{0xEF, 0xBB, 0xBF}):
		_, _ = b.Discard(3) // peeked
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}), bytes.HasPrefix(head, []byte{0xFE, 0xFF}),
		len(head) == 4 && (head[0] == 0) != (head[1] == 0) && (head[0] == 0) == (head[2] == 0) && (head[1] == 0) == (head[3] == 0):
		return ErrUTF16
	}
	return nil
}

// next reads to the end of a line. Of one that is too long it keeps nothing.
func next(b *bufio.Reader, line []byte, most int) (_ []byte, long bool, err error) {
	for {
		part, err := b.ReadSlice('\n')
		if long = long || len(line)+len(part) > most+len("\r\n"); long {
			line = line[:0]
		} else {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, long, err
		}
	}
}

func mistake(line []byte, long bool) error {
	switch {
	case long:
		return ErrLong
	case bytes.IndexByte(line, 0) >= 0:
		return ErrNUL
	case !utf8.Valid(line):
		return ErrNotUTF8
	}
	return nil
}
