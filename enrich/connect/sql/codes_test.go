package sqlstep_test

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	sqlstep "github.com/postconfirm/postconfirm/enrich/connect/sql"
	"github.com/postconfirm/postconfirm/enrich/enrichtest"
)

func TestThePageHasTheCodesAndNoOthers(t *testing.T) {
	page := sqlstep.Kind(connect.NewClient(nil)).Page
	enrichtest.Sources(t, page, map[string]string{"connect": ".."})
	long := strings.Repeat("x", 60<<10)
	var scenes []enrichtest.Scene
	for _, test := range []struct {
		code   string
		kind   enrich.FailureKind
		answer func(*talk) error
	}{
		{"sql_40p01", enrich.Temporary, func(c *talk) error { return c.refuse("40P01") }},
		{"sql_42p01", enrich.Permanent, func(c *talk) error { return c.refuse("42P01") }},
		{sqlstep.CodeSeveralRows, enrich.Permanent, func(c *talk) error { return c.rows([]string{"a"}, []string{"1"}, []string{"2"}) }},
		{sqlstep.CodeTooLarge, enrich.Permanent, func(c *talk) error { return c.rows([]string{"a", "b"}, []string{long, long}) }},
		{sqlstep.CodeBadColumn, enrich.Permanent, func(c *talk) error { return c.rows([]string{"a b"}, []string{"x"}) }},
		{connect.CodeReset, enrich.Temporary, func(*talk) error { return io.EOF }},
		{connect.CodeTimeout, enrich.Temporary, silent},
		{connect.CodeResponse, enrich.Temporary, func(c *talk) error {
			_, err := c.Write([]byte{0, 0, 0, 0, 8, 'c', 'a', 'n', 'a'})
			return err
		}},
	} {
		scenes = append(scenes, enrichtest.Scene{Code: test.code, Kind: test.kind, Fail: func(t *testing.T) (err error) {
			in(t, test.answer, func(t *testing.T, _ *scripted, _ *connect.Client, c enrich.Connector) {
				_, err = c.Run(t.Context(), scriptedCall())
			})
			return err
		}})
	}
	enrichtest.Codes(t, page, append(append(scenes, undialled()...),
		enrichtest.Scene{Code: "sql_hy000_1205", Kind: enrich.Temporary, Fail: func(t *testing.T) error {
			return speaks(t, "mysql", greeted(mysqlError(1205, "HY000")))
		}},
		enrichtest.Scene{Code: "sql_hy000_1290", Kind: enrich.Permanent, Fail: func(t *testing.T) error {
			return speaks(t, "mysql", greeted(mysqlError(1290, "HY000")))
		}},
		enrichtest.Scene{Code: connect.CodeCanceled, Kind: enrich.Temporary, Fail: func(t *testing.T) (err error) {
			in(t, silent, func(t *testing.T, _ *scripted, _ *connect.Client, c enrich.Connector) {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				_, err = c.Run(ctx, scriptedCall())
			})
			return err
		}}))
}

// undialled are the calls that never reach a server.
func undialled() []enrichtest.Scene {
	var scenes []enrichtest.Scene
	for _, test := range []struct {
		code, dsn, arg string
		kind           enrich.FailureKind
		dial           error
	}{
		{sqlstep.CodeNoCredential, "", "x", enrich.Permanent, nil},
		{sqlstep.CodeBadDSN, "x", "x", enrich.Permanent, nil},
		{sqlstep.CodeBadValue, scriptedDSN, "${{ [1, 2] }}", enrich.Permanent, nil},
		{connect.CodeBlocked, scriptedDSN, "x", enrich.Permanent, connect.ErrBlocked},
		{connect.CodeDNS, scriptedDSN, "x", enrich.Temporary, &net.DNSError{IsNotFound: true}},
		{connect.CodeConnect, scriptedDSN, "x", enrich.Temporary, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}},
		{connect.CodeTLS, scriptedDSN, "x", enrich.Temporary, x509.UnknownAuthorityError{}},
		{connect.CodeOther, scriptedDSN, "x", enrich.Temporary, errors.New("no network that anybody knows")},
	} {
		scenes = append(scenes, enrichtest.Scene{Code: test.code, Kind: test.kind, Fail: func(t *testing.T) (err error) {
			synctest.Test(t, func(t *testing.T) {
				client := connect.NewClient(&connect.Options{Dial: func(context.Context, string, string) (net.Conn, error) { return nil, test.dial }})
				defer client.Close()
				c := config(t, client, "postgres", "SELECT 1 AS a WHERE 'x' = $1", test.arg)
				_, err = made(t, c).Run(t.Context(), call(test.dsn, nil))
			})
			return err
		}})
	}
	return scenes
}
