package pretend_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ask sends one request through a vendor's RoundTrip and reads the whole answer.
func ask(t *testing.T, v *pretend.Vendor, method, url, body string, header http.Header) (int, string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	answer, err := v.RoundTrip(r)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}

func TestTheScriptIsPlayedInOrderAndItsEndHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := pretend.New(pretend.JSON(201, "1"), pretend.Delayed(time.Hour, pretend.JSON(202, "2")), pretend.Echo(418))
		defer v.Close()
		began := time.Now()
		got := []int{}
		for range 4 {
			status, _, err := ask(t, v, "GET", "https://vendor.example/", "", nil)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, status)
		}
		if diff := cmp.Diff([]int{201, 202, 418, 418}, got); diff != "" || time.Since(began) != time.Hour {
			t.Errorf("after %v (-want +got):\n%s", time.Since(began), diff)
		}
		v.Say()
		if status, body, err := ask(t, v, "GET", "https://vendor.example/", "", nil); status != 200 || body != "{}" || err != nil {
			t.Errorf("with an empty script: %d %q %v", status, body, err)
		}
		if dialed := v.Dialed(); len(dialed) != 1 || dialed[0] != "vendor.example:80" {
			t.Errorf("dialled %q, want one kept connection", dialed)
		}
	})
}

func TestSomeRequestsHaveAScriptOfTheirOwn(t *testing.T) {
	v := pretend.New(pretend.JSON(201, "1"), pretend.JSON(202, "2"))
	defer v.Close()
	token := func(r pretend.Request) bool { return strings.HasPrefix(r.Target, "/token") }
	v.When(token, pretend.JSON(211, "1"), pretend.JSON(212, "2"))
	v.When(func(r pretend.Request) bool { return r.Target == "/token/2" })
	for i, want := range []struct {
		path   string
		status int
	}{{"/token", 211}, {"/a", 201}, {"/token", 212}, {"/token/2", 200}, {"/a", 202}, {"/token", 212}, {"/b", 202}} {
		if got, _, err := ask(t, v, "GET", "http://vendor.example"+want.path, "", nil); got != want.status || err != nil {
			t.Errorf("request %d, %s: got %d %v, want %d", i, want.path, got, err, want.status)
		}
	}
	if seen := v.Seen(); len(seen) != 7 {
		t.Errorf("%d requests were remembered, want all 7", len(seen))
	}
}

func TestWhatWasAskedIsRemembered(t *testing.T) {
	v := pretend.New()
	defer v.Close()
	header := http.Header{"Authorization": {"Basic bWU6aHVudGVyMg=="}, "X-Name": {"Ann"}}
	if _, _, err := ask(t, v, "POST", "http://vendor.example/a%2Fb?mail=x%40y", "the body", header); err != nil {
		t.Fatal(err)
	}
	seen := v.Seen()
	if len(seen) != 1 || seen[0].Method != "POST" || seen[0].Host != "vendor.example" || seen[0].Target != "/a%2Fb?mail=x%40y" {
		t.Fatalf("seen %+v", seen)
	}
	for text, want := range map[string]bool{"a/b": true, "a%2Fb": true, "x@y": true, "the body": true, "Ann": true, "hunter2": true, "nobody": false} {
		if seen[0].Contains(text) != want {
			t.Errorf("Contains(%q) is %v", text, !want)
		}
	}
	v.Close()
	if v.Written() == 0 {
		t.Error("nothing was counted")
	}
}

func TestAVendorGoesDownAndComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := pretend.New()
		defer v.Close()
		for _, down := range []bool{false, true, false} {
			v.Down(down)
			synctest.Wait()
			_, _, err := ask(t, v, "GET", "http://vendor.example/", "", nil)
			if down != errors.Is(err, syscall.ECONNREFUSED) || !down && err != nil {
				t.Errorf("down %v: got %v", down, err)
			}
		}
	})
}

func TestCloseEndsEverything(t *testing.T) {
	for name, answer := range map[string]pretend.Answer{
		"silence": pretend.Hang(), "a long pause": pretend.Delayed(24*time.Hour, pretend.Echo(200)),
		"a slow body": pretend.Drip(200, "aaaa", time.Hour), "slow headers": pretend.DripHeaders(time.Hour),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := pretend.New(answer)
				var calls sync.WaitGroup
				calls.Go(func() {
					if _, _, err := ask(t, v, "GET", "http://vendor.example/", "", nil); err == nil {
						t.Error("the call succeeded")
					}
				})
				synctest.Wait()
				v.Close()
				calls.Wait()
				v.Close()
				if _, _, err := ask(t, v, "GET", "http://vendor.example/", "", nil); !errors.Is(err, syscall.ECONNREFUSED) {
					t.Errorf("after Close: %v", err)
				}
			})
		})
	}
}
