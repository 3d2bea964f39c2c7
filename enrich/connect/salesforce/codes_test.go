package salesforce_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/oauth"
	"github.com/postconfirm/postconfirm/enrich/connect/salesforce"
	"github.com/postconfirm/postconfirm/enrich/enrichtest"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

func TestThePageHasTheCodesAndNoOthers(t *testing.T) {
	page := salesforce.Kind(connect.NewClient(nil)).Page
	enrichtest.Sources(t, page, map[string]string{"connect": "..", "oauth": "../oauth"})
	fails := func(code string, kind enrich.FailureKind, fill func(*salesforce.Config), script ...pretend.Answer) enrichtest.Scene {
		return enrichtest.Scene{Code: code, Kind: kind, Fail: func(t *testing.T) (err error) {
			in(t, fill, func(t *testing.T, s enrich.Connector, _ *pretend.Vendor) {
				_, err = s.Run(t.Context(), enrich.Call{EffectKey: "key", Vars: vars()})
			}, script...)
			return err
		}}
	}
	token := func(code string, kind enrich.FailureKind, answer pretend.Answer) enrichtest.Scene {
		return enrichtest.Scene{Code: code, Kind: kind, Fail: func(t *testing.T) (err error) {
			in(t, asItIs, func(t *testing.T, s enrich.Connector, v *pretend.Vendor) {
				v.When(isToken, answer)
				_, err = s.Run(t.Context(), enrich.Call{EffectKey: "key", Vars: vars()})
			}, pretend.JSON(201, saved))
			return err
		}}
	}
	says := func(status int, code string, kind enrich.FailureKind) enrichtest.Scene {
		return fails(strings.ToLower(code), kind, asItIs, pretend.JSON(status, `[{"errorCode":"`+code+`"}]`))
	}
	long := func(c *salesforce.Config) {
		items := map[string]*expr.Tree{}
		for i := range 100 {
			items[fmt.Sprintf("F%d", i)] = expr.Constant(strings.Repeat("x", 16<<10))
		}
		c.Fields = expr.Map(slices.Sorted(maps.Keys(items)), items)
	}
	enrichtest.Codes(t, page, []enrichtest.Scene{
		fails(salesforce.CodeNoSecret, enrich.Permanent, func(c *salesforce.Config) { c.Secret = template(t, "${{ user.none }}") }),
		fails(salesforce.CodeBadValue, enrich.Permanent, func(c *salesforce.Config) { c.Value = template(t, "${{ user.none }}") }),
		fails(salesforce.CodeTooLarge, enrich.Permanent, long),
		fails(salesforce.CodeSeveral, enrich.Permanent, asItIs, pretend.JSON(300, `[]`)),
		fails("not_saved", enrich.Permanent, asItIs, pretend.JSON(200, `{"success":false}`)),
		fails("http_202", enrich.Permanent, asItIs, pretend.JSON(202, `{}`)),
		says(403, "REQUEST_LIMIT_EXCEEDED", enrich.Throttled),
		says(400, "UNABLE_TO_LOCK_ROW", enrich.Temporary),
		says(400, "REQUEST_RUNNING_TOO_LONG", enrich.Temporary),
		says(503, "SERVER_UNAVAILABLE", enrich.Temporary),
		says(400, "INVALID_FIELD", enrich.Permanent),
		says(400, "REQUIRED_FIELD_MISSING", enrich.Permanent),
		says(400, "DUPLICATES_DETECTED", enrich.Permanent),
		says(404, "NOT_FOUND", enrich.Permanent),
		says(403, "INSUFFICIENT_ACCESS", enrich.Temporary),
		says(401, "INVALID_SESSION_ID", enrich.Temporary),
		says(500, "UNKNOWN_EXCEPTION", enrich.Temporary),
		says(429, "TOO_MANY", enrich.Throttled),
		fails(oauth.CodeKey, enrich.Denied, func(c *salesforce.Config) { c.Secret, c.PrivateKey, c.Username = nil, c.Secret, c.ClientID }),
		token("token_bad_instance", enrich.Denied, pretend.JSON(200, `{"access_token":"t","instance_url":"https://evil.example"}`)),
		token(oauth.CodeEmpty, enrich.Denied, pretend.JSON(200, `{}`)),
		token("token_invalid_client", enrich.Denied, pretend.JSON(401, `{"error":"invalid_client"}`)),
		token("token_unauthorized", enrich.Denied, pretend.JSON(401, `{}`)),
		token("token_http_400", enrich.Denied, pretend.JSON(400, `{}`)),
		token("token_http_503", enrich.Temporary, pretend.JSON(503, `{}`)),
		token("token_http_429", enrich.Throttled, pretend.JSON(429, `{}`)),
	})
}
