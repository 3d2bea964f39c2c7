package webhook_test

import (
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/webhook"
	"github.com/postconfirm/postconfirm/enrich/enrichtest"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
)

func TestConformance(t *testing.T) {
	personal := []string{"canary.mail@example.com", "Canary Née"}
	for name, f := range map[string]struct {
		canaries []string
		fill     func(*webhook.Config)
	}{
		"a plain body":               {personal, asIs},
		"a CloudEvent":               {append(personal, "canary-sub"), event(t)},
		"while a secret is replaced": {personal, func(c *webhook.Config) { c.Previous = template(t, "${{ secrets.OLD }}") }},
	} {
		t.Run(name, func(t *testing.T) {
			enrichtest.Run(t, enrichtest.Harness{
				Vars: vars(), Canaries: f.canaries, Opaque: true,
				Found: pretend.Reply(202, nil, "ok"), Want: enrich.Result{"status": int64(202)},
				Key: func(r pretend.Request) string { return r.Header.Get("webhook-id") },
				New: func(t *testing.T, base string, client *connect.Client) enrich.Connector {
					c := config(t, client)
					c.URL = base + "/users"
					f.fill(c)
					return made(t, c)
				},
			})
		})
	}
}
