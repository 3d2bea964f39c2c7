package sqlstep_test

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	sqlstep "github.com/postconfirm/postconfirm/enrich/connect/sql"
)

// C6-142, and the sentences of enrichtest that are not about HTTP, under the same names.
func TestConformance(t *testing.T) {
	t.Run("what is found becomes the result", testFound)
	t.Run("what is not found is an outcome", testNotFound)
	t.Run("every state has its class", testStates)
	t.Run("a failure says whether the request left", testSent)
	t.Run("a silent server is given up", testSilence)
	t.Run("hostile answers stay bounded", testHostile)
	t.Run("a cancelled call returns promptly", testCancel)
	t.Run("no error shows a secret or a personal value", testCanaries)
	t.Run("calls run side by side", testConcurrent)
}

func testFound(t *testing.T) {
	in(t, found, func(t *testing.T, s *scripted, _ *connect.Client, c enrich.Connector) {
		got, err := c.Run(t.Context(), scriptedCall())
		if diff := cmp.Diff(enrich.Result{"plan": "gold", "seats": "7"}, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		for _, canary := range []string{"canary.mail@example.com", "canary-user", "canary-database", "BEGIN READ ONLY", "statement_timeout = 27000", "ROLLBACK"} {
			if !s.contains(canary) {
				t.Errorf("%s did not reach the server", canary)
			}
		}
		if enrich.ClassOf(c) != enrich.Read {
			t.Errorf("its class is %v", enrich.ClassOf(c))
		}
	})
}

func testNotFound(t *testing.T) {
	in(t, func(c *talk) error { return c.rows([]string{"plan"}) }, func(t *testing.T, _ *scripted, _ *connect.Client, c enrich.Connector) {
		if got, err := c.Run(t.Context(), scriptedCall()); got != nil || !errors.Is(err, enrich.ErrNotFound) {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

func testStates(t *testing.T) {
	for state, want := range map[string]enrich.FailureKind{
		"08006": enrich.Temporary, "28P01": enrich.Temporary, "3D000": enrich.Temporary, "40001": enrich.Temporary, "40P01": enrich.Temporary,
		"53300": enrich.Temporary, "55P03": enrich.Temporary, "57014": enrich.Temporary, "57P01": enrich.Temporary, "XX000": enrich.Temporary, "25P03": enrich.Temporary,
		"22P02": enrich.Permanent, "25006": enrich.Permanent, "42501": enrich.Permanent, "42601": enrich.Permanent, "42703": enrich.Permanent,
		"42P01": enrich.Permanent, "0A000": enrich.Permanent, "P0001": enrich.Permanent, "ZZZZZ": enrich.Permanent,
	} {
		in(t, func(c *talk) error { return c.refuse(state) }, func(t *testing.T, _ *scripted, _ *connect.Client, c enrich.Connector) {
			_, err := c.Run(t.Context(), scriptedCall())
			if e := enrich.Failure(err); e.Kind != want || e.Code != "sql_"+strings.ToLower(state) || !e.Sent || !e.Refused {
				t.Errorf("%s: got %+v, want %v", state, e, want)
			}
		})
	}
	in(t, func(c *talk) error { return c.refuse("canary\n") }, func(t *testing.T, _ *scripted, _ *connect.Client, c enrich.Connector) {
		if _, err := c.Run(t.Context(), scriptedCall()); enrich.Failure(err).Code != "sql_unknown" || enrich.Failure(err).Kind != enrich.Temporary {
			t.Errorf("a state that is none: got %v", err)
		}
	})
}

func testSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := connect.NewClient(&connect.Options{Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
		}})
		defer client.Close()
		for driver, dsn := range map[string]string{"postgres": scriptedDSN, "mysql": "mysql://u:p@db.example.com/x?sslmode=disable"} {
			_, err := made(t, config(t, client, driver, "SELECT 1 AS a")).Run(t.Context(), call(dsn, nil))
			if e := enrich.Failure(err); e.Code != connect.CodeConnect || e.Kind != enrich.Temporary || e.Sent || strings.Contains(err.Error(), "example.com") {
				t.Errorf("%s, nobody there: got %+v", driver, e)
			}
		}
	})
	in(t, func(*talk) error { return io.EOF }, func(t *testing.T, _ *scripted, _ *connect.Client, c enrich.Connector) {
		_, err := c.Run(t.Context(), scriptedCall())
		if e := enrich.Failure(err); e.Code != connect.CodeReset || e.Kind != enrich.Temporary || !e.Sent {
			t.Errorf("lost before the answer: got %+v", e)
		}
	})
	in(t, func(c *talk) error {
		c.header("plan")
		if err := c.Flush(); err != nil {
			return err
		}
		return io.EOF
	}, func(t *testing.T, _ *scripted, _ *connect.Client, c enrich.Connector) {
		_, err := c.Run(t.Context(), scriptedCall())
		if e := enrich.Failure(err); e.Code != connect.CodeReset || e.Kind != enrich.Temporary || !e.Sent {
			t.Errorf("lost inside the answer: got %+v", e)
		}
	})
}

// silent never answers, until the driver hangs up.
func silent(c *talk) error {
	_, err := io.Copy(io.Discard, c.Conn)
	return errors.Join(err, io.EOF)
}

func testSilence(t *testing.T) {
	in(t, silent, func(t *testing.T, _ *scripted, _ *connect.Client, c enrich.Connector) {
		began := time.Now()
		_, err := c.Run(t.Context(), scriptedCall())
		if e := enrich.Failure(err); e.Code != connect.CodeTimeout || e.Kind != enrich.Temporary || !e.Sent || time.Since(began) != sqlstep.MaxTime {
			t.Errorf("got %+v after %v", e, time.Since(began))
		}
	})
	in(t, func(c *talk) error {
		c.header("plan")
		for range 100 { // a row every second, never the end
			c.row("gold")
			if err := c.Flush(); err != nil {
				return err
			}
			time.Sleep(time.Second)
		}
		return io.EOF
	}, func(t *testing.T, _ *scripted, client *connect.Client, _ enrich.Connector) {
		c := config(t, client, "postgres", "SELECT plan FROM accounts")
		c.RowLimit = 100
		began := time.Now()
		_, err := made(t, c).Run(t.Context(), scriptedCall())
		if e := enrich.Failure(err); e.Code != connect.CodeTimeout || time.Since(began) > sqlstep.MaxTime {
			t.Errorf("rows that drip: got %+v after %v", e, time.Since(began))
		}
	})
}

func testHostile(t *testing.T) {
	long := strings.Repeat("x", 60<<10)
	for _, test := range []struct {
		name   string
		answer func(*talk) error
		code   string
		kind   enrich.FailureKind
	}{
		{"rows without end", func(c *talk) error {
			c.header("plan")
			for {
				c.row("gold")
				if err := c.Flush(); err != nil {
					return err
				}
			}
		}, sqlstep.CodeSeveralRows, enrich.Permanent},
		{"a row over the cap", func(c *talk) error { return c.rows([]string{"a", "b"}, []string{long, long}) }, sqlstep.CodeTooLarge, enrich.Permanent},
		{"a message of a gigabyte", func(c *talk) error {
			_, err := c.Write([]byte{'D', 0x3f, 0xff, 0xff, 0xff})
			return errors.Join(err, silent(c))
		}, sqlstep.CodeTooLarge, enrich.Permanent},
		{"a million notices", func(c *talk) error {
			for notice := append([]byte{'N', 0, 0, 0x40, 0x03}, make([]byte, 0x3fff)...); ; {
				if _, err := c.Write(notice); err != nil {
					return err
				}
			}
		}, sqlstep.CodeTooLarge, enrich.Permanent},
		{"bytes of something else", func(c *talk) error {
			_, err := c.Write([]byte{0, 0, 0, 0, 8, 'c', 'a', 'n', 'a'})
			return errors.Join(err, io.EOF)
		}, connect.CodeResponse, enrich.Temporary},
		{"bytes that are no text", func(c *talk) error { return c.rows([]string{"a"}, []string{"\xff\xfe"}) }, sqlstep.CodeBadColumn, enrich.Permanent},
		{"a name that is none", func(c *talk) error { return c.rows([]string{"canary name"}, []string{"x"}) }, sqlstep.CodeBadColumn, enrich.Permanent},
		{"a hundred and one columns", func(c *talk) error { return c.rows(make([]string, 101), make([]string, 101)) }, sqlstep.CodeBadColumn, enrich.Permanent},
	} {
		t.Run(test.name, func(t *testing.T) {
			in(t, test.answer, func(t *testing.T, _ *scripted, _ *connect.Client, c enrich.Connector) {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				_, err := c.Run(t.Context(), scriptedCall())
				runtime.ReadMemStats(&after)
				if e := enrich.Failure(err); err == nil || e.Kind != test.kind || test.code != "" && e.Code != test.code || strings.Contains(err.Error(), "canary") {
					t.Errorf("got %v (%v), want %s, %v", err, e.Kind, test.code, test.kind)
				}
				if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
					t.Errorf("it took %d bytes of memory", grown)
				}
			})
		})
	}
}

func testCancel(t *testing.T) {
	in(t, silent, func(t *testing.T, s *scripted, _ *connect.Client, c enrich.Connector) {
		ctx, cancel := context.WithCancel(t.Context())
		defer time.AfterFunc(3*time.Second, cancel).Stop()
		began := time.Now()
		_, err := c.Run(ctx, scriptedCall())
		if e := enrich.Failure(err); e.Code != connect.CodeCanceled || e.Kind != enrich.Temporary || !e.Sent || time.Since(began) != 3*time.Second {
			t.Errorf("while the server is silent: got %+v after %v", e, time.Since(began))
		}
		synctest.Wait()
		if dialled, open := s.count(); dialled != 1 || open != 0 {
			t.Errorf("%d connections were made, %d are left", dialled, open)
		}
		_, err = c.Run(ctx, scriptedCall())
		if e := enrich.Failure(err); e.Code != connect.CodeCanceled || e.Sent {
			t.Errorf("before it began: got %+v", e)
		}
	})
}

func testCanaries(t *testing.T) {
	for name, answer := range map[string]func(*talk) error{
		"a refusal":     func(c *talk) error { return c.refuse("23505") },
		"a loss":        func(*talk) error { return io.EOF },
		"silence":       silent,
		"a strange row": func(c *talk) error { return c.rows([]string{"canary-column!"}, []string{"canary-value"}) },
		"two rows":      func(c *talk) error { return c.rows([]string{"a"}, []string{"canary-1"}, []string{"canary-2"}) },
	} {
		in(t, answer, func(t *testing.T, _ *scripted, _ *connect.Client, c enrich.Connector) {
			_, err := c.Run(t.Context(), scriptedCall())
			if err == nil || strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "example.com") {
				t.Errorf("%s: got %v", name, err)
			}
		})
	}
}

func testConcurrent(t *testing.T) {
	in(t, func(c *talk) error {
		time.Sleep(time.Second)
		return c.rows([]string{"email"}, []string{c.args[0]})
	}, func(t *testing.T, s *scripted, client *connect.Client, _ enrich.Connector) {
		c := made(t, config(t, client, "postgres", "SELECT email FROM accounts WHERE email = $1", "${{ user.email }}"))
		began := time.Now()
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				email := strings.Repeat("x", i+1)
				got, err := c.Run(t.Context(), call(scriptedDSN, map[string]any{"email": email}))
				if err != nil || got["email"] != email {
					t.Errorf("%d: got %v, %v", i, got, err)
				}
			})
		}
		all.Wait()
		if dialled, _ := s.count(); dialled != 4 || time.Since(began) != 10*time.Second {
			t.Errorf("40 calls of a second took %v on %d connections, want 10s on 4", time.Since(began), dialled)
		}
	})
}
