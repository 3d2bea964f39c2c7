package connect_test

import (
	"errors"
	"net/url"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// inMemory runs a test against a vendor behind pipes, on the clock of a bubble. The client's real transports are used.
func inMemory(t *testing.T, o connect.Options, script []pretend.Answer, test func(*testing.T, *pretend.Vendor, *connect.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		vendor := pretend.New(script...)
		defer vendor.Close()
		o.Dial = vendor.Dial
		client := connect.NewClient(&o)
		defer client.Close()
		test(t, vendor, client)
	})
}

func script(answers ...pretend.Answer) []pretend.Answer { return answers }

func to(t testing.TB, method, text string) connect.Request {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return connect.Request{Method: method, URL: u}
}

// failure is err as the *enrich.Error that Do promises.
func failure(t testing.TB, err error) *enrich.Error {
	t.Helper()
	var e *enrich.Error
	if !errors.As(err, &e) {
		t.Fatalf("Do returned %v (%T), want an *enrich.Error", err, err)
	}
	return e
}
