package ses_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/ses"
	"github.com/postconfirm/postconfirm/enrich/enrichtest"
)

// D26, C6-131: a message id becomes an output, perhaps an attribute. One that is none is not believed, and whether the
// mail was accepted is unknown then, as with an answer that has none.
func TestThreatD26TheMessageIdIsPlain(t *testing.T) {
	for id, good := range map[string]bool{
		"0102018f00000001-1b2c3d4e-0000-000000": true, "<a.b_c@eu-west-1.amazonses.com>": true,
		"": false, "a b": false, "a\r\nb": false, "a\x00": false, "\u202ea": false, "é": false, strings.Repeat("a", 257): false,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]string{"MessageId": id})
		}))
		client := connect.NewClient(&connect.Options{AllowLoopback: true})
		c := config(t, client, server.URL)
		c.Template = "welcome"
		result, err := made(t, c).Run(t.Context(), enrich.Call{EffectKey: "k", Vars: vars()})
		client.Close()
		server.Close()
		if good {
			if err != nil || result["message_id"] != id {
				t.Errorf("%q: %v, %v", id, result, err)
			}
			continue
		}
		if e := failure(t, err); e.Code != ses.CodeNoID || !e.Unknown() {
			t.Errorf("%q: got %v, %+v", id, result, e)
		}
	}
}

// D10: whoever was signed up by somebody else gets away with one click (RFC 8058).
func TestThreatD10AMailSaysHowToGetNoMore(t *testing.T) {
	for name, fill := range map[string]func(*ses.Config){
		"a stored template": func(c *ses.Config) { c.Template = "welcome" },
		"a mail in a file":  func(c *ses.Config) { c.Data, c.Subject, c.Text = nil, "Hi", "Hi" },
	} {
		t.Run(name, func(t *testing.T) {
			outbox, c := open(t)
			fill(c)
			c.Unsubscribe = template(t, "https://example.com/mails/${{ default(user.sub, '') }}?why=welcome&to=${{ default(user.email, '') }}")
			want := map[string]string{"List-Unsubscribe": "<https://example.com/mails/5b1c?why=welcome&to=canary.mail%40example.com>",
				"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
			if diff := cmp.Diff(want, sent(t, outbox, c, vars()).Headers); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	t.Run("without a URL there is no such header", func(t *testing.T) {
		outbox, c := open(t)
		c.Template = "welcome"
		if got := sent(t, outbox, c, vars()).Headers; got != nil {
			t.Errorf("got %v", got)
		}
	})
	for source, want := range map[string]bool{
		"https://example.com": true, "https://example.com/": true, "https://example.com?x=1": true, "https://example.com/a?x=${{ default(user.sub, '') }}": true,
		"https://example.com:8443/${{ default(user.sub, '') }}": true, "http://example.com/": false, "mailto:a@example.com": false, "example.com/": false, "": false,
		"https://${{ default(user.sub, '') }}/": false, "https://example.com${{ default(user.sub, '') }}/": false, "https://example.com?x=${{ default(user.sub, '') }}": true, "https://example.com.${{ default(user.sub, '') }}/": false,
		"https://u:p@example.com/": false, "https://localhost/": false, "https://127.0.0.1/": false, "https://example.com/#x": false, "https://exa mple.com/": false,
		"https:///x": false, "https://example.com\\@evil.example/": false,
	} {
		c := config(t, connect.NewClient(nil), "")
		c.Template, c.Unsubscribe = "welcome", template(t, source)
		if _, err := c.Connector(); (err == nil) != want || err != nil && !strings.HasPrefix(err.Error(), "unsubscribe: ") {
			t.Errorf("%q: got %v", source, err)
		}
	}
}

// D9: a value in that URL is one word, and the header one line.
func TestThreatD9AValueInTheUnsubscribeURLIsOneWord(t *testing.T) {
	outbox, c := open(t)
	c.Template, c.Unsubscribe = "welcome", template(t, "https://example.com/mails/${{ default(user.sub, '') }}/end?to=${{ default(user.sub, '') }}&k=1")
	step := made(t, c)
	for name, value := range enrichtest.Hostile() {
		values, before := vars(), outbox.Calls()
		values["user"].(map[string]any)["sub"] = value
		_, err := step.Run(t.Context(), enrich.Call{EffectKey: "k", Vars: values})
		if err != nil {
			dots := slices.Contains([]string{".", "..", "../../admin", `..\..\admin`}, value)
			if e := failure(t, err); e.Kind != enrich.Permanent || e.Sent || outbox.Calls() != before || !dots && len(value) < 100 {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		line := outbox.Mails()[len(outbox.Mails())-1].Headers["List-Unsubscribe"]
		u, err := url.Parse(strings.TrimSuffix(strings.TrimPrefix(line, "<"), ">"))
		if err != nil || u.Host != "example.com" || strings.Count(line, "<")+strings.Count(line, ">") != 2 || strings.ContainsAny(line, " ,\r\n") {
			t.Errorf("%s: %q, %v", name, line, err)
			continue
		}
		segments := strings.Split(u.EscapedPath(), "/")
		if plain, err := url.PathUnescape(segments[2]); err != nil || len(segments) != 4 || plain != value || u.Query().Get("to") != value || len(u.Query()) != 2 {
			t.Errorf("%s: arrives in %q", name, line)
		}
	}
}

// D9: SES decodes encoded words (RFC 2047) in what it takes for an address with a name. Somebody's local part must not be
// one: decoded, it could be another address, or two.
func TestThreatD9AnEncodedWordIsNoRecipient(t *testing.T) {
	for address, plain := range map[string]bool{
		"=?utf-8?q?all=40evil.example=2c_b?=@example.com": false, "=?utf-8?b?YUBldmlsLmV4YW1wbGU+?=@example.com": false, "a=?iso-8859-1?q?=3e?=@example.com": false,
		"=?x@example.com": false, "a=b@example.com": true, "who?@example.com": true, "a?=b@example.com": true,
	} {
		if err := ses.CheckRecipient(address); (err == nil) != plain {
			t.Errorf("%s: %v", address, err)
		}
	}
}
