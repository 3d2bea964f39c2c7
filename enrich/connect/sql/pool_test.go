package sqlstep_test

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
)

func TestAConnectionIsKeptForAMinute(t *testing.T) {
	in(t, found, func(t *testing.T, s *scripted, _ *connect.Client, c enrich.Connector) {
		ask := func(wantDialled int) {
			t.Helper()
			if _, err := c.Run(t.Context(), scriptedCall()); err != nil {
				t.Fatal(err)
			}
			if dialled, open := s.count(); dialled != wantDialled || open != 1 {
				t.Errorf("%d connections were made, %d are open, want %d and 1", dialled, open, wantDialled)
			}
		}
		ask(1)
		time.Sleep(59 * time.Second)
		ask(1)
		time.Sleep(61 * time.Second)
		synctest.Wait()
		if _, open := s.count(); open != 0 {
			t.Errorf("%d connections are left", open)
		}
		ask(2)
	})
}

func TestConnectionsEndWithTheClientWhichStaysUsable(t *testing.T) {
	in(t, found, func(t *testing.T, s *scripted, client *connect.Client, c enrich.Connector) {
		for want := 1; want <= 2; want++ {
			if _, err := c.Run(t.Context(), scriptedCall()); err != nil {
				t.Fatal(err)
			}
			client.Close()
			synctest.Wait()
			if dialled, open := s.count(); dialled != want || open != 0 {
				t.Errorf("%d connections were made, %d are open", dialled, open)
			}
		}
	})
}

func TestADSNThatChangesGetsConnectionsOfItsOwn(t *testing.T) {
	in(t, found, func(t *testing.T, s *scripted, _ *connect.Client, c enrich.Connector) {
		for i, dsn := range []string{scriptedDSN, scriptedDSN, "postgres://other:word@db.example.com/x?sslmode=disable"} {
			if _, err := c.Run(t.Context(), call(dsn, nil)); err != nil {
				t.Fatal(err)
			}
			if dialled, _ := s.count(); dialled != max(i, 1) {
				t.Errorf("after %d calls %d connections were made", i+1, dialled)
			}
		}
	})
}

func TestAKeptConnectionThatIsLostIsReplacedOnce(t *testing.T) {
	for name, last := range map[string]func(*talk) error{
		"lost":   func(*talk) error { return io.EOF },
		"killed": func(c *talk) error { return c.refuse("57P01") },
	} {
		calls := 0
		in(t, func(c *talk) error {
			if calls++; calls == 2 {
				return last(c)
			}
			return found(c)
		}, func(t *testing.T, s *scripted, _ *connect.Client, c enrich.Connector) {
			for range 2 {
				if _, err := c.Run(t.Context(), scriptedCall()); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			if dialled, _ := s.count(); dialled != 2 || calls != 3 {
				t.Errorf("%s: %d connections, %d questions", name, dialled, calls)
			}
		})
	}
	always := 0
	in(t, func(*talk) error { always++; return io.EOF }, func(t *testing.T, _ *scripted, _ *connect.Client, c enrich.Connector) {
		if _, err := c.Run(t.Context(), scriptedCall()); err == nil || always != 1 {
			t.Errorf("a new connection that is lost: got %v after %d questions", err, always)
		}
	})
}
