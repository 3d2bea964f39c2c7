package ses_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/ses"
	"github.com/postconfirm/postconfirm/enrich/connect/ses/pretend"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// open starts an SES that sends nothing, and gives a step's block for it.
func open(t *testing.T) (*pretend.Outbox, *ses.Config) {
	t.Helper()
	outbox := &pretend.Outbox{}
	server := httptest.NewServer(outbox)
	t.Cleanup(server.Close)
	client := connect.NewClient(&connect.Options{AllowLoopback: true})
	t.Cleanup(client.Close)
	return outbox, config(t, client, server.URL)
}

// sent runs a step once and gives the mail that arrived.
func sent(t *testing.T, outbox *pretend.Outbox, c *ses.Config, vars expr.Vars) pretend.Mail {
	t.Helper()
	result, err := made(t, c).Run(t.Context(), enrich.Call{EffectKey: "0a1b-welcome", Vars: vars})
	if err != nil {
		t.Fatal(err)
	}
	mails := outbox.Mails()
	if len(mails) != 1 || result["message_id"] != mails[0].ID {
		t.Fatalf("the result is %v, the mails are %+v", result, mails)
	}
	return mails[0]
}

func TestWhatArrives(t *testing.T) {
	for _, test := range []struct {
		name string
		fill func(*testing.T, *ses.Config)
		want pretend.Mail
	}{
		{"a stored template by language", func(t *testing.T, c *ses.Config) {
			c.Templates = templates(t, map[string]string{"de": "welcome-de", "default": "welcome"})
			c.ConfigurationSet, c.ReplyTo = "events", []string{"Support <support@example.com>", "b@example.com"}
			c.Data = templates(t, map[string]string{"company": "${{ steps.company.name }}", "nobody": "${{ steps.company.none }}",
				"staff": "${{ steps.company.staff }}", "tags": "${{ steps.company.tags }}"})
		}, pretend.Mail{Template: "welcome-de", ConfigurationSet: "events", ReplyTo: []string{`"Support" <support@example.com>`, "b@example.com"},
			Data: map[string]any{"greeting": "Canary Née", "company": "Canary & Sons", "nobody": "", "staff": 12.0, "tags": []any{"a", "b"}}}},
		{"one stored template for everybody", func(_ *testing.T, c *ses.Config) { c.Template, c.Data = "welcome", nil },
			pretend.Mail{Template: "welcome", Data: map[string]any{"greeting": "Canary Née"}}},
		{"a mail written in the file", func(_ *testing.T, c *ses.Config) {
			c.Subject, c.Text = "Willkommen, schön!", "Hallo {{.greeting}},\n{{.company}}"
			c.HTML = `<p title="{{.company}}">{{.greeting}}, {{.company}}</p>`
		}, pretend.Mail{Subject: "Willkommen, schön!", Text: "Hallo Canary Née,\nCanary & Sons",
			HTML: `<p title="Canary &amp; Sons">Canary Née, Canary &amp; Sons</p>`}},
		{"lists and maps in a mail written in the file", func(t *testing.T, c *ses.Config) {
			c.Data = templates(t, map[string]string{"tags": "${{ steps.company.tags }}", "company": "${{ steps.company }}"})
			c.Subject, c.Text, c.HTML = "Hi", "{{range .tags}}{{.}};{{end}}", "{{.company.name}}"
		}, pretend.Mail{Subject: "Hi", Text: "a;b;", HTML: "Canary &amp; Sons"}},
		{"a sender with letters of his own", func(_ *testing.T, c *ses.Config) {
			c.Template, c.Data, c.From = "welcome", nil, "Bücher <hello@example.com>"
		}, pretend.Mail{From: "=?utf-8?q?B=C3=BCcher?= <hello@example.com>", Template: "welcome", Data: map[string]any{"greeting": "Canary Née"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			outbox, c := open(t)
			test.fill(t, c)
			if test.want.From == "" {
				test.want.From = `"Example" <hello@example.com>`
			}
			test.want.To, test.want.Tags = "canary.mail@example.com", map[string]string{ses.EffectTag: "0a1b-welcome"}
			got := sent(t, outbox, c, vars())
			if diff := cmp.Diff(test.want, got, cmpopts.IgnoreFields(pretend.Mail{}, "ID"), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// hostile is what people write into names to attack those who get the mail, or whoever shows it.
const hostile = "<a href='http://evil.example'>\"Bob\"</a>\r\nBcc: all@example.com\u202e\x00 {{.greeting}} `x`"

// D9, C3-63, C3-64, C3-69, C3-74.
func TestValuesNeverBecomeStructure(t *testing.T) {
	values := vars()
	values["user"].(map[string]any)["given_name"] = hostile
	values["steps"].(map[string]any)["company"] = map[string]any{"name": hostile, "list": []any{map[string]any{hostile: hostile}}}
	t.Run("in a stored template", func(t *testing.T) {
		outbox, c := open(t)
		c.Template = "welcome"
		c.Data["list"] = template(t, "${{ steps.company.list }}")
		const plain = "‹a href=’http://evil.example’›”Bob”‹/a› Bcc: all@example.com {{.greeting}} ’x’"
		want := map[string]any{"greeting": "there", "company": plain, "list": []any{map[string]any{plain: plain}}}
		if diff := cmp.Diff(want, sent(t, outbox, c, values).Data); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("in a mail written in the file", func(t *testing.T) {
		outbox, c := open(t)
		c.Subject, c.Text, c.HTML = "Welcome", "Hi {{.greeting}}.\n{{.company}}\n", `<p>{{.company}}<script>var x = {{.company}}</script><a href="{{.company}}">x</a>`
		got := sent(t, outbox, c, values)
		if lines := strings.Split(got.Text, "\n"); len(lines) != 3 || lines[0] != "Hi there." || !strings.HasPrefix(lines[1], "<a href='http") {
			t.Errorf("the text is %q", got.Text)
		}
		const escaped = "&lt;a href=&#39;http://evil.example&#39;&gt;&#34;Bob&#34;&lt;/a&gt; Bcc: all@example.com {{.greeting}} `x`"
		const script = "\"\\u003ca href='http://evil.example'\\u003e\\\"Bob\\\"\\u003c/a\\u003e Bcc: all@example.com {{.greeting}} `x`\""
		if diff := cmp.Diff("<p>"+escaped+"<script>var x = "+script+"</script><a href=\"#ZgotmplZ\">x</a>", got.HTML); diff != "" {
			t.Errorf("the HTML (-want +got):\n%s", diff)
		}
	})
}

// C3-75.
func TestTheNeutralWordIsThatOfTheLanguage(t *testing.T) {
	for locale, want := range map[string]string{"de": "zusammen", "de_AT": "zusammen", "DE-de.UTF-8": "zusammen", "fr": "there", "": "there",
		"../../etc/passwd": "there", "default": "there", strings.Repeat("de-", 5000): "there", "zh-Hant-TW": "nin", "zh": "there"} {
		t.Run("of "+locale[:min(len(locale), 20)], func(t *testing.T) {
			outbox, c := open(t)
			c.Template, c.Neutral = "welcome", templates(t, map[string]string{"de": "zusammen", "zh_Hant": "nin", "default": "there"})
			values := vars()
			values["user"].(map[string]any)["locale"] = locale
			values["user"].(map[string]any)["given_name"] = nil
			if got := sent(t, outbox, c, values).Data["greeting"]; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// D9, D10: no mail to two people, and none to a list.
func TestNothingIsSentWithoutAPlainRecipient(t *testing.T) {
	for _, to := range []any{nil, "", "ann", hostile, []any{"a@example.com"}} {
		outbox, c := open(t)
		c.Template = "welcome"
		values := vars()
		values["user"].(map[string]any)["email"] = to
		_, err := made(t, c).Run(t.Context(), enrich.Call{EffectKey: "k", Vars: values})
		if e := failure(t, err); e.Kind != enrich.Permanent || e.Sent || outbox.Calls() != 0 || strings.Contains(err.Error(), "evil") {
			t.Errorf("%v: got %+v, %d calls", to, e, outbox.Calls())
		}
	}
}

// C3-84.
func TestWhatIsTooLargeIsNotSent(t *testing.T) {
	long := strings.Repeat("a", 16_000)
	for name, fill := range map[string]func(*ses.Config){
		"data": func(c *ses.Config) {
			c.Template = "welcome"
			for i := range ses.MaxData/len(long) + 1 {
				c.Data[fmt.Sprint("k", i)] = c.Data["company"]
			}
		},
		"text": func(c *ses.Config) {
			c.Subject, c.Text = "Hi", strings.Repeat("{{.company}}", ses.MaxText/len(long)+1)
		},
		"html": func(c *ses.Config) {
			c.Subject, c.Text, c.HTML = "Hi", "Hi", strings.Repeat("{{.company}}", ses.MaxText/len(long)+1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			outbox, c := open(t)
			fill(c)
			values := vars()
			values["steps"].(map[string]any)["company"] = map[string]any{"name": long}
			_, err := made(t, c).Run(t.Context(), enrich.Call{EffectKey: "k", Vars: values})
			if e := failure(t, err); e.Code != ses.CodeTooLarge || e.Kind != enrich.Permanent || e.Sent || outbox.Calls() != 0 {
				t.Errorf("got %+v, %d calls", e, outbox.Calls())
			}
		})
	}
}

func TestTheEffectKeyFitsIntoATag(t *testing.T) {
	long := strings.Repeat("k", 257)
	for key, want := range map[string]string{"0a1b-welcome_2": "0a1b-welcome_2", "a.b": "", long: "", "": ""} {
		got := ses.Effect(key)
		if want != "" && got != want || want == "" && len(got) != 64 || got != ses.Effect(key) {
			t.Errorf("%q became %q", key, got)
		}
	}
	if ses.Effect("a.b") == ses.Effect("a.c") {
		t.Error("two keys have one tag")
	}
}

func TestACancelledCallIsNotSent(t *testing.T) {
	outbox, c := open(t)
	c.Template = "welcome"
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	_, err := made(t, c).Run(ctx, enrich.Call{EffectKey: "k", Vars: vars()})
	if e := failure(t, err); e.Kind != enrich.Temporary || e.Sent || e.Code != connect.CodeTimeout || outbox.Calls() != 0 {
		t.Errorf("got %+v, %d calls", e, outbox.Calls())
	}
}

func failure(t *testing.T, err error) *enrich.Error {
	t.Helper()
	var e *enrich.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *enrich.Error", err)
	}
	return e
}

// TestTheSignatureHoldsOnTheWire: the connectors' client adds headers of its own to a request that the SDK has signed.
func TestTheSignatureHoldsOnTheWire(t *testing.T) {
	var signed, again string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		signed, again = r.Header.Get("Authorization"), resigned(t, r)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"MessageId":"1"}`))
	}))
	defer server.Close()
	client := connect.NewClient(&connect.Options{AllowLoopback: true})
	defer client.Close()
	c := config(t, client, server.URL)
	c.Template = "welcome"
	if _, err := made(t, c).Run(t.Context(), enrich.Call{EffectKey: "k", Vars: vars()}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(again, signed); diff != "" || !strings.Contains(signed, "/eu-west-1/ses/aws4_request") {
		t.Errorf("the signature (-of what arrived +as sent):\n%s", diff)
	}
}

// resigned is the Authorization of a request as the service would compute it from what arrived.
func resigned(t *testing.T, r *http.Request) string {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	fresh := r.Clone(r.Context())
	fresh.URL.Scheme, fresh.URL.Host, fresh.Header = "http", r.Host, http.Header{}
	_, list, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
	list, _, _ = strings.Cut(list, ",")
	for name := range strings.SplitSeq(list, ";") {
		if values := r.Header.Values(name); name != "host" && name != "content-length" {
			fresh.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		t.Error(err)
	}
	sum := sha256.Sum256(body)
	err = v4.NewSigner().SignHTTP(r.Context(), aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "canary-secret"}, fresh,
		hex.EncodeToString(sum[:]), "ses", "eu-west-1", at)
	if err != nil {
		t.Error(err)
	}
	return fresh.Header.Get("Authorization")
}
