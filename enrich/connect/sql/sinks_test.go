package sqlstep_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/enrichtest"
)

// D9, C3-71: a user's word is a bound parameter. It is never in the text of the query, and it arrives as it is: NUL and
// broken text too, which the servers refuse themselves.
func TestThreatD9AUsersWordIsABoundParameter(t *testing.T) {
	t.Run("C3-71 postgres", func(t *testing.T) {
		for name, value := range enrichtest.Hostile() {
			in(t, found, func(t *testing.T, s *scripted, _ *connect.Client, connector enrich.Connector) {
				if _, err := connector.Run(t.Context(), call(scriptedDSN, map[string]any{"email": value})); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				s.mu.Lock()
				defer s.mu.Unlock()
				bound := 0
				for i, text := range s.seen {
					switch {
					case text == "SELECT plan, seats FROM accounts WHERE email = $1":
						bound = i + 1
					case i != bound && len(value) > 4 && strings.Contains(text, value):
						t.Errorf("%s: it stands in %.100q", name, text)
					}
				}
				if bound == 0 || bound == len(s.seen) || s.seen[bound] != value {
					t.Errorf("%s: bound in %.300q", name, s.seen)
				}
			})
		}
	})
	t.Run("C3-71 mysql", func(t *testing.T) {
		for name, value := range enrichtest.Hostile() {
			var heard spoken
			err := speaksTo(t, "SELECT plan FROM accounts WHERE email = ?", value, func(conn net.Conn) { heard = listen(conn) })
			if e := enrich.Failure(err); e.Code != "sql_42000" {
				t.Fatalf("%s: %v; heard %.300q", name, err, heard.texts)
			}
			for _, text := range heard.texts {
				if len(value) > 4 && strings.Contains(text, value) {
					t.Errorf("%s: it stands in %.100q", name, text)
				}
			}
			if diff := cmp.Diff([]string{"SELECT plan FROM accounts WHERE email = ?"}, heard.prepared); diff != "" || heard.bound != value || heard.trouble != nil {
				t.Errorf("%s: bound %.100q, %v, prepared (-want +got):\n%s", name, heard.bound, heard.trouble, diff)
			}
		}
	})
}

// speaksTo is speaks with one argument.
func speaksTo(t *testing.T, query, value string, serve func(net.Conn)) error {
	t.Helper()
	return asked(t, "mysql", query, map[string]any{"email": value}, serve, "${{ user.email }}")
}

// spoken is what a MySQL server was told.
type spoken struct {
	texts, prepared []string
	bound           string
	trouble         error
}

// The commands of the protocol that the driver uses (MySQL internals, "Text Protocol", "Prepared Statements").
const comQuery, comPrepare, comExecute = 0x03, 0x16, 0x17

// listen is a MySQL server that takes everything until it is asked to execute, and refuses that.
func listen(conn net.Conn) (s spoken) {
	if _, s.trouble = conn.Write(greeting()); s.trouble != nil {
		return s
	}
	fine := []byte{0, 0, 0, 2, 0, 0, 0}
	if _, s.trouble = packet(conn); s.trouble != nil {
		return s
	}
	number := byte(2)
	for answer := fine; ; number = 1 {
		if _, s.trouble = conn.Write(mysqlPacket(number, answer)); s.trouble != nil {
			return s
		}
		said, err := packet(conn)
		if err != nil || len(said) == 0 {
			return s
		}
		switch answer = fine; said[0] {
		case comQuery:
			s.texts = append(s.texts, string(said[1:]))
		case comPrepare:
			s.prepared = append(s.prepared, string(said[1:]))
			// Statement 1 with no columns and one parameter, whose definition and end follow.
			if _, s.trouble = conn.Write(append(mysqlPacket(1, []byte{0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0}), mysqlPacket(2, definition())...)); s.trouble != nil {
				return s
			}
			if _, s.trouble = conn.Write(mysqlPacket(3, []byte{0xfe, 0, 0, 2, 0})); s.trouble != nil {
				return s
			}
			if said, s.trouble = packet(conn); s.trouble != nil || len(said) == 0 || said[0] != comExecute {
				return s
			}
			s.bound, s.trouble = parameter(said)
			_, _ = conn.Write(mysqlPacket(1, append(binary.LittleEndian.AppendUint16([]byte{0xff}, 1064), "#42000no"...)))
			_, _ = io.Copy(io.Discard, conn)
			return s
		}
	}
}

// packet reads one packet, which is shorter than 16 MiB.
func packet(conn net.Conn) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return nil, err
	}
	body := make([]byte, int(head[0])|int(head[1])<<8|int(head[2])<<16)
	_, err := io.ReadFull(conn, body)
	return body, err
}

// definition is that of a column called ?.
func definition() []byte {
	return append([]byte("\x03def\x00\x00\x00\x01?\x00\x0c"), 63, 0, 0, 0, 0, 0, 0xfd, 0, 0, 0, 0, 0)
}

// parameter is the only one of a call: command, statement (4), flags, rounds (4), which are NULL, that types follow, the
// type (2), and a text with its length before it.
func parameter(said []byte) (string, error) {
	const at = 1 + 4 + 1 + 4 + 1 + 1 + 2
	if len(said) <= at || said[10] != 0 || said[11] != 1 {
		return "", fmt.Errorf("no parameter in % x", said)
	}
	length, rest := uint64(said[at]), said[at+1:]
	if length == 0xfc {
		length, rest = uint64(binary.LittleEndian.Uint16(rest)), rest[2:]
	}
	if uint64(len(rest)) != length {
		return "", fmt.Errorf("%d bytes are announced, %d come", length, len(rest))
	}
	return string(rest), nil
}
