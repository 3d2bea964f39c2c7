package pretend_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/postconfirm/postconfirm/deploy/onebox/pretend"
)

const (
	hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	cloudEvent = `{"specversion":"1.0","id":"e-1","type":"com.example.user","subject":"sub-1","data":{}}`
)

// signedBy are the headers that the reference library makes.
func signedBy(t testing.TB, secret, id string, at time.Time, body string) http.Header {
	t.Helper()
	library, err := standard.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := library.Sign(id, at, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	h.Set("Webhook-Id", id)
	h.Set("Webhook-Timestamp", strconv.FormatInt(at.Unix(), 10))
	h.Set("Webhook-Signature", signature)
	return h
}

func TestTheReceiverBelievesWhatIsSignedAndNothingElse(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for _, c := range []struct {
		name   string
		change func(http.Header)
		body   string
		want   int
	}{
		{"what the reference library signs", func(http.Header) {}, cloudEvent, 204},
		{"two signatures, the second is ours", func(h http.Header) { h.Set("Webhook-Signature", "v1,AAAA "+h.Get("Webhook-Signature")) }, cloudEvent, 204},
		{"another body", func(http.Header) {}, cloudEvent + " ", 401},
		{"another id", func(h http.Header) { h.Set("Webhook-Id", "e-2") }, cloudEvent, 401},
		{"another time", func(h http.Header) { h.Set("Webhook-Timestamp", "1799999999") }, cloudEvent, 401},
		{"no id", func(h http.Header) { h.Del("Webhook-Id") }, cloudEvent, 401},
		{"no time", func(h http.Header) { h.Del("Webhook-Timestamp") }, cloudEvent, 401},
		{"no signature", func(h http.Header) { h.Del("Webhook-Signature") }, cloudEvent, 401},
		{"another version", func(h http.Header) {
			h.Set("Webhook-Signature", strings.Replace(h.Get("Webhook-Signature"), "v1,", "v2,", 1))
		}, cloudEvent, 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &pretend.Receiver{Secret: hookSecret, Now: func() time.Time { return now }}
			h := signedBy(t, hookSecret, "e-1", now, cloudEvent)
			c.change(h)
			status, _ := ask(t, r, "/users", c.body, h)
			if taken := c.want == 204; status != c.want || (len(r.Events()) == 1) != taken || (r.Refused() == 1) == taken {
				t.Errorf("%d, %d events, %d refused", status, len(r.Events()), r.Refused())
			}
		})
	}
}

func TestASignatureIsGoodForFiveMinutes(t *testing.T) {
	sent := time.Unix(1_800_000_000, 0)
	for age, want := range map[time.Duration]int{0: 204, 5 * time.Minute: 204, 5*time.Minute + time.Second: 401, -5 * time.Minute: 204, -5*time.Minute - time.Second: 401} {
		r := &pretend.Receiver{Secret: hookSecret, Now: func() time.Time { return sent.Add(age) }}
		if status, _ := ask(t, r, "/", "{}", signedBy(t, hookSecret, "e-1", sent, "{}")); status != want {
			t.Errorf("after %v: %d, want %d", age, status, want)
		}
	}
}

func TestAnotherSecretsSignatureIsNone(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for _, secret := range []string{"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_%", ""} {
		r := &pretend.Receiver{Secret: secret, Now: func() time.Time { return now }}
		if status, _ := ask(t, r, "/", "{}", signedBy(t, hookSecret, "e-1", now, "{}")); status != 401 {
			t.Errorf("%q: %d", secret, status)
		}
	}
}

func TestASecondArrivalIsCountedAndNotTakenAgain(t *testing.T) {
	r := &pretend.Receiver{Secret: hookSecret}
	for range 3 {
		if status, _ := ask(t, r, "/", cloudEvent, signedBy(t, hookSecret, "e-1", time.Now(), cloudEvent)); status != 204 {
			t.Errorf("status %d", status)
		}
	}
	ask(t, r, "/", "plain", signedBy(t, hookSecret, "e-2", time.Now(), "plain"))
	want := []pretend.Event{{ID: "e-1", Type: "com.example.user", Subject: "sub-1"}, {ID: "e-2"}}
	if diff := cmp.Diff(want, r.Events()); diff != "" || r.Repeated() != 2 || r.Refused() != 0 {
		t.Errorf("%d repeated, %d refused (-want +got):\n%s", r.Repeated(), r.Refused(), diff)
	}
}

func TestOnlyPostsAreEvents(t *testing.T) {
	r := &pretend.Receiver{Secret: hookSecret}
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	request.Header = signedBy(t, hookSecret, "e-1", time.Now(), "")
	w := httptest.NewRecorder()
	if r.ServeHTTP(w, request); w.Code != 401 || r.Refused() != 1 {
		t.Errorf("%d, %d refused", w.Code, r.Refused())
	}
}

// FuzzReceiver: the receiver and the reference library agree about every request.
func FuzzReceiver(f *testing.F) {
	now := time.Now()
	good := signedBy(f, hookSecret, "e-1", now, "{}")
	f.Add("e-1", good.Get("Webhook-Timestamp"), good.Get("Webhook-Signature"), "{}")
	f.Add("", "", "", "")
	f.Add("e-1", "18446744073709551616", "v1,", "{}")
	f.Fuzz(func(t *testing.T, id, stamp, signature, body string) {
		r := &pretend.Receiver{Secret: hookSecret}
		h := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {stamp}, "Webhook-Signature": {signature}}
		library, err := standard.NewWebhook(hookSecret)
		if err != nil {
			t.Fatal(err)
		}
		agreed := library.Verify([]byte(body), h) == nil
		if status, _ := ask(t, r, "/", body, h); (status == 204) != agreed {
			t.Errorf("status %d, but the library's answer is %v", status, agreed)
		}
	})
}
