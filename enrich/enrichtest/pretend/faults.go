package pretend

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// ResetUnread closes a new connection before it has read anything from it.
func ResetUnread() Answer {
	return Answer{unread: true, play: func(x *exchange) bool { return x.reset() }}
}

// ResetRead reads the request and closes the connection without an answer: the effect may have happened.
func ResetRead() Answer {
	return Answer{play: func(x *exchange) bool { return x.reset() }}
}

// Hang reads the request and never answers, until the client leaves.
func Hang() Answer {
	return Answer{play: func(x *exchange) bool {
		_, _ = io.Copy(io.Discard, x.reader)
		return false
	}}
}

// CloseAfter answers and then closes the connection without having said so.
func CloseAfter(first Answer) Answer {
	return Answer{play: func(x *exchange) bool {
		first.play(x)
		return false
	}}
}

// Truncated announces more bytes than the body has, sends the body, and closes.
func Truncated(body string, missing int) Answer {
	return Answer{play: func(x *exchange) bool {
		_, _ = fmt.Fprintf(x, "%sContent-Length: %d\r\n\r\n%s", head(200, jsonType()), len(body)+missing, body)
		return false
	}}
}

// Endless starts a string of JSON and sends it in chunks for as long as anyone listens.
func Endless() Answer {
	return Answer{play: func(x *exchange) bool {
		_, err := fmt.Fprintf(x, "%sTransfer-Encoding: chunked\r\n\r\n1\r\n\"\r\n", head(200, jsonType()))
		chunk := []byte("1000\r\n" + strings.Repeat("a", 0x1000) + "\r\n")
		for err == nil {
			_, err = x.Write(chunk)
		}
		return false
	}}
}

// Drip sends a body byte by byte, with a pause before each.
func Drip(status int, body string, pause time.Duration) Answer {
	return Answer{play: func(x *exchange) bool {
		_, err := fmt.Fprintf(x, "%sContent-Length: %d\r\n\r\n", head(status, jsonType()), len(body))
		for i := 0; i < len(body) && err == nil && x.wait(pause); i++ {
			_, err = x.Write([]byte{body[i]})
		}
		return false
	}}
}

// DripHeaders sends headers byte by byte, for ever, with a pause before each.
func DripHeaders(pause time.Duration) Answer {
	return Answer{play: func(x *exchange) bool {
		_, err := io.WriteString(x, head(200, nil)+"X-Slow: ")
		for err == nil && x.wait(pause) {
			_, err = x.Write([]byte("a"))
		}
		return false
	}}
}

// GzipBomb sends a string of JSON that is small on the wire and has no end when it is unpacked.
func GzipBomb() Answer {
	return Answer{play: func(x *exchange) bool {
		header := jsonType()
		header.Set("Content-Encoding", "gzip")
		if _, err := io.WriteString(x, head(200, header)+"Connection: close\r\n\r\n"); err != nil {
			return false
		}
		bomb := gzip.NewWriter(x)
		block := bytes.Repeat([]byte("a"), 1<<16)
		_, err := bomb.Write([]byte(`"`))
		for err == nil {
			_, err = bomb.Write(block)
		}
		return false
	}}
}

// HugeHeaders answers with count headers of size bytes each.
func HugeHeaders(count, size int) Answer {
	return Answer{play: func(x *exchange) bool {
		_, err := io.WriteString(x, head(200, nil))
		for i := 0; i < count && err == nil; i++ {
			_, err = fmt.Fprintf(x, "X-%d: %s\r\n", i, strings.Repeat("h", size))
		}
		if err == nil {
			_, _ = io.WriteString(x, "Content-Length: 0\r\n\r\n")
		}
		return false
	}}
}

// Informational sends answers that announce an answer, for ever.
func Informational() Answer {
	return Answer{play: func(x *exchange) bool {
		var err error
		for err == nil {
			_, err = io.WriteString(x, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
		}
		return false
	}}
}

// Garbage answers with bytes that are not HTTP, and quotes a text in them.
func Garbage(quote string) Answer { return Raw("\x16\x03\x01 " + quote + " \x00\xff\r\n\r\n") }

// Redirect answers with a status and a Location.
func Redirect(status int, location string) Answer {
	return Reply(status, http.Header{"Location": {location}}, "")
}

// RetryAfter answers with a status and the given Retry-After headers.
func RetryAfter(status int, values ...string) Answer {
	return Reply(status, http.Header{"Retry-After": values}, "")
}

func jsonType() http.Header { return http.Header{"Content-Type": {"application/json"}} }
