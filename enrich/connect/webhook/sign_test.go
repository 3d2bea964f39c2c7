package webhook_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/webhook"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
)

// verify asks the reference library whether a request is signed with a secret. It looks at the timestamp too, by the
// clock of the bubble.
func verify(t *testing.T, secret string, r pretend.Request) error {
	t.Helper()
	other, err := standard.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	return other.Verify(r.Body, r.Header)
}

// D36: one signature, and two while a secret is replaced.
func TestTheReferenceLibraryAcceptsOurSignatures(t *testing.T) {
	rotating := func(c *webhook.Config) { c.Previous = template(t, "${{ secrets.OLD }}") }
	for _, test := range []struct {
		name       string
		fill       func(*webhook.Config)
		signatures int
		old        bool
	}{
		{"of a plain body", asIs, 1, false},
		{"of a CloudEvent", event(t), 1, false},
		{"while a secret is replaced", rotating, 2, true},
		{"when the old secret is null", func(c *webhook.Config) { c.Previous = template(t, "${{ user.nope }}") }, 1, false},
		{"when the old secret is empty", func(c *webhook.Config) { c.Previous = template(t, "${{ secrets.NONE }}") }, 1, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			in(t, test.fill, func(t *testing.T, r *receiver) {
				if _, err := r.run(t, vars()); err != nil {
					t.Fatal(err)
				}
				got := r.Seen()[0]
				if err := verify(t, secretOf(32, "n"), got); err != nil {
					t.Errorf("with the secret: %v", err)
				}
				if err := verify(t, secretOf(24, "o"), got); (err == nil) != test.old {
					t.Errorf("with the old secret: %v", err)
				}
				if err := verify(t, secretOf(32, "x"), got); err == nil {
					t.Error("any secret is accepted")
				}
				if list := strings.Split(got.Header.Get("webhook-signature"), " "); len(list) != test.signatures {
					t.Errorf("%d signatures, want %d", len(list), test.signatures)
				}
				got.Body = append(got.Body, ' ')
				if err := verify(t, secretOf(32, "n"), got); err == nil {
					t.Error("another body is accepted")
				}
			})
		})
	}
}

// TestAVectorOfTheStandard (D36) holds the signature against the one that the specification's libraries test with.
func TestAVectorOfTheStandard(t *testing.T) {
	const secret, id, timestamp, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, `{"test": 2432232314}`
	other, err := standard.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := other.Sign(id, time.Unix(timestamp, 0), []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	header, err := webhook.Signed(id, time.Unix(timestamp, 0), []byte(body), secret)
	if err != nil {
		t.Fatal(err)
	}
	const want = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	if ours := header.Get("webhook-signature"); ours != want || theirs != want {
		t.Errorf("ours %s, the library's %s, the standard's %s", ours, theirs, want)
	}
}

// D36: the id is stable, the timestamp is each try's own.
func TestTheIdStaysAndTheTimestampMovesFromTryToTry(t *testing.T) {
	in(t, asIs, func(t *testing.T, r *receiver) {
		before := time.Now()
		for range 2 {
			if _, err := r.run(t, vars()); err == nil {
				t.Fatal("503 is a success")
			}
			time.Sleep(10 * time.Minute)
		}
		for i, got := range r.Seen() {
			at, err := strconv.ParseInt(got.Header.Get("webhook-timestamp"), 10, 64)
			if want := before.Add(time.Duration(i) * 10 * time.Minute).Unix(); err != nil || at != want {
				t.Errorf("try %d: the timestamp is %d, want %d", i, at, want)
			}
			if got.Header.Get("webhook-id") != "effect-1" {
				t.Errorf("try %d: the id is %q", i, got.Header.Get("webhook-id"))
			}
		}
	}, pretend.Reply(503, nil, ""))
}

func TestOnlyOurHeadersAreSent(t *testing.T) {
	in(t, asIs, func(t *testing.T, r *receiver) {
		if _, err := r.run(t, vars()); err != nil {
			t.Fatal(err)
		}
		got := r.Seen()[0]
		want := http.Header{"Accept-Encoding": nil, "Content-Length": nil, "Content-Type": nil, "User-Agent": nil,
			"Webhook-Id": nil, "Webhook-Timestamp": nil, "Webhook-Signature": nil}
		for name, values := range got.Header {
			if _, known := want[name]; !known || len(values) != 1 {
				t.Errorf("%s is sent: %q", name, values)
			}
		}
		if got.Method != "POST" || got.Target != "/users?v=1" || got.Host != "hooks.example.com" {
			t.Errorf("%s %s at %s", got.Method, got.Target, got.Host)
		}
		for _, secret := range []string{secretOf(32, "n"), strings.Repeat("n", 32)} {
			if got.Contains(secret) || got.Contains(strings.TrimPrefix(secret, "whsec_")) {
				t.Error("the secret itself is sent")
			}
		}
	})
}

func TestABadSecretSignsNothing(t *testing.T) {
	const canary = "canarycanarycanarycanarycanary"
	for _, test := range []struct{ name, secret, code string }{
		{"none", "", webhook.CodeNoCredential},
		{"without its prefix", strings.TrimPrefix(secretOf(32, "c"), "whsec_"), webhook.CodeBadSecret},
		{"of another scheme", "whsk_" + canary, webhook.CodeBadSecret},
		{"that is no base64", "whsec_" + canary + "!", webhook.CodeBadSecret},
		{"one byte too short", secretOf(23, "c"), webhook.CodeBadSecret},
		{"one byte too long", secretOf(65, "c"), webhook.CodeBadSecret},
		{"of nothing", "whsec_", webhook.CodeBadSecret},
		{"that is good", secretOf(24, "c"), ""},
		{"with the line end of its file", secretOf(24, "c") + "\n", ""},
		{"that is as long as can be", secretOf(64, "c"), ""},
	} {
		for _, field := range []string{"secret", "previous-secret"} {
			t.Run(field+" "+test.name, func(t *testing.T) {
				values := vars()
				values["secrets"].(map[string]any)["X"] = test.secret
				fill := func(c *webhook.Config) { c.Secret = template(t, "${{ secrets.X }}") }
				want := test.code
				if field == "previous-secret" {
					fill = func(c *webhook.Config) { c.Previous = template(t, "${{ secrets.X }}") }
					want = strings.Replace(want, webhook.CodeNoCredential, "", 1)
				}
				in(t, fill, func(t *testing.T, r *receiver) {
					_, err := r.run(t, values)
					if want == "" {
						if err != nil {
							t.Error(err)
						}
						return
					}
					if err == nil {
						t.Fatal("it is accepted")
					}
					e, kind := enrich.Failure(err), enrich.Permanent
					if want == webhook.CodeBadSecret {
						kind = enrich.Denied
					}
					if e.Code != want || e.Kind != kind || e.Sent || len(r.Seen()) != 0 || !strings.Contains(err.Error(), field) {
						t.Errorf("got %+v, want %s", e, want)
					}
					if test.secret != "" && strings.Contains(err.Error(), strings.TrimPrefix(test.secret, "whsec_")) && test.secret != "whsec_" {
						t.Errorf("the error shows the secret: %v", err)
					}
				})
			})
		}
	}
}

func TestASecretThatIsMendedSignsTheNextTry(t *testing.T) {
	for _, field := range []string{"secret", "previous-secret"} {
		t.Run(field, func(t *testing.T) {
			fill := func(c *webhook.Config) {
				c.Secret = template(t, "${{ secrets.X }}")
				if field == "previous-secret" {
					c.Secret, c.Previous = template(t, "${{ secrets.NEW }}"), c.Secret
				}
			}
			in(t, fill, func(t *testing.T, r *receiver) {
				values := vars()
				for range 3 {
					values["secrets"].(map[string]any)["X"] = "whsec_c2hvcnQ="
					if _, err := r.run(t, values); err == nil || enrich.Failure(err).Kind != enrich.Denied || enrich.Failure(err).Unknown() {
						t.Fatalf("got %v", err)
					}
				}
				values["secrets"].(map[string]any)["X"] = secretOf(32, "m")
				if _, err := r.run(t, values); err != nil || len(r.Seen()) != 1 || verify(t, secretOf(32, "m"), r.Seen()[0]) != nil {
					t.Errorf("mended: %v after %d requests", err, len(r.Seen()))
				}
			})
		})
	}
}

// D36: no full stop in the id.
func TestAnIdThatCouldStandForTwoMessagesIsNotSent(t *testing.T) {
	for _, id := range []string{"", "a.b", "a b", "a\nb"} {
		in(t, asIs, func(t *testing.T, r *receiver) {
			_, err := r.connector.Run(t.Context(), enrich.Call{EffectKey: id, Vars: vars()})
			if e := enrich.Failure(err); e.Kind != enrich.Permanent || e.Sent || len(r.Seen()) != 0 || e.Code != webhook.CodeBadValue && e.Code != connect.CodeBadHeader {
				t.Errorf("%q: got %v", id, err)
			}
		})
	}
}
