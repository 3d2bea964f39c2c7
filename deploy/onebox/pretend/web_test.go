package pretend_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/postconfirm/postconfirm/deploy/onebox/pretend"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo answers with its name and counts nothing.
func echo(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) })
}

func web(t *testing.T) *pretend.Web {
	t.Helper()
	w, err := pretend.NewWeb(pretend.Vendor{Name: "one", Host: "api.example.com", Handler: echo("one"), Repeated: func() int { return 3 }},
		pretend.Vendor{Name: "two", Host: "hooks.example.com", Handler: echo("two"), Unreachable: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// get asks as a connector would: real names, the web's roots and dialer.
func get(t *testing.T, w *pretend.Web, roots *x509.CertPool, url, host string) (status int, body string, err error) {
	t.Helper()
	client := &http.Transport{DialContext: w.Dial, ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	defer client.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	answer, err := client.RoundTrip(r)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	read, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(read), err
}

func TestEveryVendorAnswersAtItsOwnName(t *testing.T) {
	w := web(t)
	for host, want := range map[string]string{"api.example.com": "one", "hooks.example.com": "two"} {
		if status, body, err := get(t, w, w.Roots(), "https://"+host+"/x", ""); err != nil || status != 200 || body != want {
			t.Errorf("%s: %d %q %v", host, status, body, err)
		}
	}
	if status, _, err := get(t, w, w.Roots(), "https://api.example.com/x", "other.example.com"); err != nil || status != http.StatusMisdirectedRequest {
		t.Errorf("another host: %d %v", status, err)
	}
	want := map[string]pretend.Count{"one": {Answered: 1, Repeated: 3}, "two": {Answered: 1}}
	if diff := cmp.Diff(want, w.Counts()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNobodyElseTrustsTheAuthority(t *testing.T) {
	w, other := web(t), web(t)
	for name, roots := range map[string]*x509.CertPool{"the system": nil, "another web": other.Roots()} {
		var unknown x509.UnknownAuthorityError
		if _, _, err := get(t, w, roots, "https://api.example.com/", ""); !errors.As(err, &unknown) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestNothingElseCanBeDialled: not even a name is looked up.
func TestNothingElseCanBeDialled(t *testing.T) {
	w := web(t)
	for _, address := range []string{"example.com:443", "api.example.com:80", "API.example.com:443", "127.0.0.1:443", "169.254.169.254:80", "localhost:22", "api.example.com", ""} {
		conn, err := w.Dial(t.Context(), "tcp", address)
		if !errors.Is(err, syscall.ENETUNREACH) {
			t.Errorf("%s: %v, %v", address, conn, err)
		}
		var op *net.OpError
		if !errors.As(err, &op) || op.Op != "dial" {
			t.Errorf("%s: %T", address, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), -time.Second)
	defer cancel()
	if conn, err := w.Dial(ctx, "tcp", "api.example.com:443"); err == nil {
		t.Error("it dials for nobody", conn.Close())
	}
}

func TestAVendorThatIsDownIsHeardOfOnlyAsDown(t *testing.T) {
	w := web(t)
	for _, name := range []string{"one", "two"} {
		w.SetDown(name, true)
	}
	if status, body, err := get(t, w, w.Roots(), "https://api.example.com/", ""); err != nil || status != http.StatusServiceUnavailable || !strings.Contains(body, "maintenance") {
		t.Errorf("%d %q %v", status, body, err)
	}
	if _, _, err := get(t, w, w.Roots(), "https://hooks.example.com/", ""); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("%v", err)
	}
	for _, name := range []string{"one", "two"} {
		w.SetDown(name, false)
	}
	if status, _, err := get(t, w, w.Roots(), "https://hooks.example.com/", ""); err != nil || status != http.StatusOK {
		t.Errorf("%d %v", status, err)
	}
	want := map[string]pretend.Count{"one": {Refused: 1, Repeated: 3}, "two": {Answered: 1, Refused: 1}}
	if diff := cmp.Diff(want, w.Counts()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAClosedWebListensNoMore(t *testing.T) {
	w := web(t)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if conn, err := w.Dial(t.Context(), "tcp", "api.example.com:443"); err == nil {
		t.Error("it listens", conn.Close())
	}
}
