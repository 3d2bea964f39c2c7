package app_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/worker/app"
)

// TestWhatTheDemoSaysOfConnectionsOpensNothing: a dialer of one's own does not let a pipeline name this machine.
func TestWhatTheDemoSaysOfConnectionsOpensNothing(t *testing.T) {
	dial := func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("nobody is dialled here")
	}
	for _, c := range []struct {
		name  string
		allow bool
		want  string // "" is no error
	}{
		{"loopback is the setting's to allow", false, "private address"},
		{"and the setting allows it", true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := setting(t, "1209600")
			s.Pipeline = write(t, strings.Replace(pipeline, "api.example.com", "127.0.0.1", 1))
			s.AllowLoopback = c.allow
			s.Connect = connect.Options{Dial: dial, AllowLoopback: !c.allow}
			a, err := app.New(t.Context(), s)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if err := a.Close(); err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}
