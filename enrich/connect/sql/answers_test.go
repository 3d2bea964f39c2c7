package sqlstep_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	sqlstep "github.com/postconfirm/postconfirm/enrich/connect/sql"
)

// speaks runs one call against whatever stands at the other end of the wire.
func speaks(t *testing.T, driver string, serve func(conn net.Conn)) error {
	t.Helper()
	return asked(t, driver, "SELECT 1 AS a", nil, serve)
}

func asked(t *testing.T, driver, query string, user map[string]any, serve func(conn net.Conn), args ...string) (err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var all sync.WaitGroup
		client := connect.NewClient(&connect.Options{Dial: func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			all.Go(func() {
				serve(theirs)
				_ = theirs.Close()
			})
			return ours, nil
		}})
		_, err = made(t, config(t, client, driver, query, args...)).Run(t.Context(),
			call(driver+"://canary-user:canary-password@db.example.com/canary-database?sslmode=disable", user))
		client.Close()
		all.Wait()
	})
	return err
}

// mysqlPacket is one packet of the protocol: three bytes of length, a number, the body.
func mysqlPacket(number byte, body []byte) []byte {
	head := binary.LittleEndian.AppendUint32(nil, uint32(len(body)))
	head[3] = number
	return append(head, body...)
}

// greeting is how a MySQL server begins (MySQL internals, protocol version 10).
func greeting() []byte {
	body := append([]byte{10}, "8.0.0\x00"...)
	body = append(body, 1, 0, 0, 0)
	body = append(body, "12345678\x00"...)
	body = append(body, 0x08, 0xa2, 45, 2, 0, 0x08, 0x00, 21) // protocol 4.1, secure connection, plugins
	body = append(body, make([]byte, 10)...)
	body = append(body, "123456789012\x00"...)
	return mysqlPacket(0, append(body, "mysql_native_password\x00"...))
}

func mysqlError(number uint16, state string) []byte {
	body := binary.LittleEndian.AppendUint16([]byte{0xff}, number)
	return mysqlPacket(2, append(body, "#"+state+"canary-message"...))
}

// greeted says hello, hears the answer, and goes on with said.
func greeted(said []byte) func(net.Conn) {
	return func(conn net.Conn) {
		if _, err := conn.Write(greeting()); err != nil {
			return
		}
		buffer := make([]byte, 4096)
		if _, err := conn.Read(buffer); err != nil {
			return
		}
		if _, err := conn.Write(said); err == nil {
			_, _ = io.Copy(io.Discard, conn)
		}
	}
}

func TestMySQLErrorsHaveTheirClass(t *testing.T) {
	for _, test := range []struct {
		number uint16
		state  string
		code   string
		kind   enrich.FailureKind
	}{
		{1045, "28000", "sql_28000", enrich.Temporary},
		{1040, "08004", "sql_08004", enrich.Temporary},
		{1203, "42000", "sql_42000", enrich.Temporary},
		{1205, "HY000", "sql_hy000_1205", enrich.Temporary},
		{1213, "40001", "sql_40001", enrich.Temporary},
		{1049, "42000", "sql_42000", enrich.Temporary},
		{1969, "70100", "sql_70100", enrich.Temporary},
		{3024, "HY000", "sql_hy000_3024", enrich.Temporary},
		{1064, "42000", "sql_42000", enrich.Permanent},
		{1142, "42000", "sql_42000", enrich.Permanent},
		{1054, "42S22", "sql_42s22", enrich.Permanent},
		{1146, "42S02", "sql_42s02", enrich.Permanent},
		{1792, "25006", "sql_25006", enrich.Permanent},
		{1290, "HY000", "sql_hy000_1290", enrich.Permanent},
		{4321, "HY000", "sql_hy000_4321", enrich.Temporary},
		{4321, "hy0!0", "sql_hy000_4321", enrich.Permanent},
	} {
		err := speaks(t, "mysql", greeted(mysqlError(test.number, test.state)))
		if e := enrich.Failure(err); e.Code != test.code || e.Kind != test.kind || !e.Refused || strings.Contains(err.Error(), "canary") {
			t.Errorf("%d %s: got %v (%v), want %s, %v", test.number, test.state, err, e.Kind, test.code, test.kind)
		}
	}
}

func TestWhatIsNoDatabase(t *testing.T) {
	write := func(text string) func(net.Conn) {
		return func(conn net.Conn) {
			_, _ = conn.Write([]byte(text))
		}
	}
	afterHello := func(text string) func(net.Conn) {
		return func(conn net.Conn) {
			if _, err := conn.Read(make([]byte, 4096)); err == nil {
				_, _ = conn.Write([]byte(text))
			}
		}
	}
	for _, test := range []struct {
		name, driver string
		serve        func(net.Conn)
		code         string
	}{
		{"hangs up", "mysql", write(""), connect.CodeReset},
		{"hangs up", "postgres", write(""), connect.CodeReset},
		{"is a web server", "mysql", write("HTTP/1.1 400 canary\r\n\r\n"), ""},
		{"is a web server", "postgres", afterHello("HTTP/1.1 400 canary\r\n\r\n"), connect.CodeResponse},
		{"speaks SSH", "mysql", write("SSH-2.0-canary\r\n"), ""},
		{"never speaks", "mysql", func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }, connect.CodeTimeout},
		{"never speaks", "postgres", func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }, connect.CodeTimeout},
		{"greets and hangs up", "mysql", write(string(greeting())), connect.CodeReset},
		{"sends sixteen megabytes", "mysql", greeted(append([]byte{0xff, 0xff, 0xff, 2}, make([]byte, 2<<20)...)), connect.CodeResponse},
	} {
		t.Run(test.driver+" "+test.name, func(t *testing.T) {
			err := speaks(t, test.driver, test.serve)
			if e := enrich.Failure(err); err == nil || e.Kind != enrich.Temporary || test.code != "" && e.Code != test.code {
				t.Errorf("got %v (%v), want %s", err, e.Kind, test.code)
			}
			if err != nil && (strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "example.com")) {
				t.Errorf("the error says too much: %v", err)
			}
		})
	}
}

// Whoever answers without a checked certificate must not be told the password.
func TestThePasswordIsNotToldToWhoeverAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{answer: found, curious: true}
		client := connect.NewClient(&connect.Options{Dial: s.dial})
		_, err := made(t, config(t, client, "postgres", "SELECT 1 AS a")).Run(t.Context(), scriptedCall())
		client.Close()
		s.all.Wait()
		if e := enrich.Failure(err); err == nil || e.Kind != enrich.Temporary || s.contains("canary-password") {
			t.Errorf("PostgreSQL: got %v", err)
		}
	})
	heard := make(chan string, 1)
	body := append([]byte{0xfe}, "mysql_clear_password\x00"...)
	err := speaks(t, "mysql", func(conn net.Conn) {
		_, werr := conn.Write(greeting())
		buffer := make([]byte, 4096)
		_, rerr := conn.Read(buffer)
		_, serr := conn.Write(mysqlPacket(2, body))
		if errors.Join(werr, rerr, serr) != nil {
			heard <- "nothing: the talk broke off"
			return
		}
		rest, _ := io.ReadAll(conn)
		heard <- string(rest)
	})
	if text := <-heard; err == nil || strings.Contains(text, "canary") || strings.Contains(text, "broke off") {
		t.Errorf("MySQL: got %v, heard %q", err, text)
	}
}

func TestBadDSNsAreSaidAndNotShown(t *testing.T) {
	client := connect.NewClient(nil)
	defer client.Close()
	for name, dsn := range map[string]string{
		"a text":              "canary",
		"keywords":            "host=canary user=canary password=canary",
		"the driver's form":   "canary:canary@tcp(canary:3306)/canary",
		"another driver":      "mysql://canary:canary@canary/canary",
		"no host":             "postgres://canary:canary@/canary",
		"two hosts":           "postgres://canary:canary@canary-a,canary-b/canary",
		"a socket":            "postgres://canary:canary@%2Fvar%2Frun/canary",
		"no user":             "postgres://canary/canary",
		"no database":         "postgres://canary:canary@canary",
		"two databases":       "postgres://canary:canary@canary/canary/canary",
		"port 0":              "postgres://canary:canary@canary:0/canary",
		"port 65536":          "postgres://canary:canary@canary:65536/canary",
		"a setting":           "postgres://canary:canary@canary/canary?options=-c%20canary",
		"an unknown sslmode":  "postgres://canary:canary@canary/canary?sslmode=prefer",
		"sslmode twice":       "postgres://canary:canary@canary/canary?sslmode=require&sslmode=disable",
		"no file":             "postgres://canary:canary@canary/canary?sslrootcert=/canary",
		"a file without one":  "postgres://canary:canary@canary/canary?sslrootcert=sql.go",
		"a password unescape": "postgres://canary:can%zzary@canary/canary",
	} {
		_, err := made(t, config(t, client, "postgres", "SELECT 1 AS a")).Run(t.Context(), call(dsn, nil))
		if e := enrich.Failure(err); err == nil || e.Code != sqlstep.CodeBadDSN || e.Kind != enrich.Permanent || e.Sent || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for _, dsn := range []string{"", "null"} {
		c := config(t, client, "postgres", "SELECT 1 AS a")
		made := made(t, c)
		vars := call(dsn, nil)
		if dsn == "null" {
			vars.Vars = nil
		}
		if _, err := made.Run(t.Context(), vars); enrich.Failure(err).Code != sqlstep.CodeNoCredential {
			t.Errorf("%q: got %v", dsn, err)
		}
	}
}
