package webhook_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/webhook"
	"github.com/postconfirm/postconfirm/enrich/enrichtest"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

func TestThePageHasTheCodesAndNoOthers(t *testing.T) {
	page := webhook.Kind(connect.NewClient(nil)).Page
	enrichtest.Sources(t, page, map[string]string{"connect": ".."})
	fails := func(code string, kind enrich.FailureKind, fill func(*webhook.Config), script ...pretend.Answer) enrichtest.Scene {
		return enrichtest.Scene{Code: code, Kind: kind, Fail: func(t *testing.T) (err error) {
			in(t, fill, func(t *testing.T, r *receiver) { _, err = r.run(t, vars()) }, script...)
			return err
		}}
	}
	body := func(source string) func(*webhook.Config) {
		return func(c *webhook.Config) {
			leaf := expr.Leaf(template(t, source))
			c.JSON = expr.List(slices.Repeat([]*expr.Tree{leaf}, 20))
		}
	}
	enrichtest.Codes(t, page, []enrichtest.Scene{
		fails(webhook.CodeBadSecret, enrich.Denied, func(c *webhook.Config) { c.Secret = template(t, "${{ user.email }}") }),
		fails(webhook.CodeBadSecret, enrich.Denied, func(c *webhook.Config) { c.Previous = template(t, "${{ user.email }}") }),
		fails(webhook.CodeNoCredential, enrich.Permanent, func(c *webhook.Config) { c.Secret = template(t, "${{ user.none }}") }),
		fails(webhook.CodeBadValue, enrich.Permanent, body("${{ user.email - 1 }}")),
		fails(webhook.CodeTooLarge, enrich.Permanent, body("${{ user.sub + '"+strings.Repeat("x", 1<<10)+"' }}")),
		fails(webhook.CodeGone, enrich.Permanent, asIs, pretend.Reply(410, nil, "")),
	})
}
