package ses_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/ses"
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
