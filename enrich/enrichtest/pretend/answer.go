package pretend

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Answer is one thing that a vendor does with one request.
type Answer struct {
	unread bool                   // done with the connection before a request was read
	play   func(x *exchange) bool // true keeps the connection
}

// exchange is one request on its connection.
type exchange struct {
	*Vendor
	conn    net.Conn
	reader  *bufio.Reader
	request Request
	last    bool // the client wants no further request on this connection
}

// Write sends bytes as they are, and counts them.
func (x *exchange) Write(b []byte) (int, error) {
	n, err := x.conn.Write(b)
	x.written.Add(int64(n))
	return n, err
}

// wait lets time pass; false means that the vendor closed meanwhile.
func (x *exchange) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-x.done:
		return false
	}
}

// reset ends the connection as hard as its kind allows: with RST where it is TCP.
func (x *exchange) reset() bool {
	if tcp, ok := x.conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = x.conn.Close()
	return false
}

// Raw answers with bytes and closes the connection.
func Raw(text string) Answer {
	return Answer{play: func(x *exchange) bool {
		_, _ = x.Write([]byte(text))
		return false
	}}
}

// Reply answers with a status, headers and a body, correctly framed. header may be nil. Statuses outside HTTP are sent
// as they are.
func Reply(status int, header http.Header, body string) Answer {
	return Answer{play: func(x *exchange) bool {
		return x.reply(status, header, body) && !x.last
	}}
}

// JSON answers with a status and a body of JSON.
func JSON(status int, body string) Answer {
	return Reply(status, http.Header{"Content-Type": {"application/json"}}, body)
}

// reply writes head and body in one piece.
func (x *exchange) reply(status int, header http.Header, body string) bool {
	var b strings.Builder
	b.WriteString(head(status, header))
	if status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n")
	if x.request.Method != http.MethodHead && status != http.StatusNoContent && status != http.StatusNotModified {
		b.WriteString(body)
	}
	_, err := x.Write([]byte(b.String()))
	return err == nil
}

// head is the status line and the headers, without the empty line after them.
func head(status int, header http.Header) string {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %03d Pretend\r\n", status)
	names := make([]string, 0, len(header))
	for name := range header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range header[name] {
			fmt.Fprintf(&b, "%s: %s\r\n", name, value)
		}
	}
	return b.String()
}

// Echo answers with a status and sends the request back, with all its headers, in a header and in the body: what a
// debugging proxy does to secrets.
func Echo(status int) Answer {
	return Answer{play: func(x *exchange) bool {
		text := fmt.Sprintf("%s %s %v %s", x.request.Method, x.request.Target, x.request.Header, x.request.Body)
		line := strings.Map(func(r rune) rune {
			if r < ' ' || r > '~' {
				return '.'
			}
			return r
		}, text)
		return x.reply(status, http.Header{"Content-Type": {"application/json"}, "X-Echo": {line}}, fmt.Sprintf("%q", line)) && !x.last
	}}
}

// Delayed does something after a while.
func Delayed(d time.Duration, then Answer) Answer {
	return Answer{play: func(x *exchange) bool { return x.wait(d) && then.play(x) }}
}
