package httpstep_test

import (
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	httpstep "github.com/postconfirm/postconfirm/enrich/connect/http"
	"github.com/postconfirm/postconfirm/enrich/connect/oauth"
	"github.com/postconfirm/postconfirm/enrich/enrichtest"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

func TestThePageHasTheCodesAndNoOthers(t *testing.T) {
	page := httpstep.Kind(connect.NewClient(nil)).Page
	enrichtest.Sources(t, page, map[string]string{"connect": "..", "oauth": "../oauth", "enrich": "../.."})
	fails := func(code string, kind enrich.FailureKind, fill func(*httpstep.Config), answer pretend.Answer) enrichtest.Scene {
		return enrichtest.Scene{Code: code, Kind: kind, Fail: func(t *testing.T) error {
			_, _, err := run(t, answer, vars(), fill)
			return err
		}}
	}
	asked := func(c *httpstep.Config) {
		c.TokenURL, c.ClientID, c.ClientSecret = "https://login.example.com/token", template(t, "a"), template(t, "b")
	}
	fine := pretend.JSON(200, `{}`)
	enrichtest.Codes(t, page, []enrichtest.Scene{
		fails(httpstep.CodeNoCredential, enrich.Permanent, func(c *httpstep.Config) { c.Bearer = template(t, "${{ user.none }}") }, fine),
		fails(httpstep.CodeBadValue, enrich.Permanent, func(c *httpstep.Config) { c.Bearer = template(t, "${{ user.email - 1 }}") }, fine),
		fails(httpstep.CodeTooLarge, enrich.Permanent, func(c *httpstep.Config) {
			c.Method, c.JSON = "POST", expr.Constant(strings.Repeat("x", httpstep.MaxRequest))
		}, fine),
		fails(enrich.CodePending, enrich.Throttled, func(c *httpstep.Config) { c.Pending = []int{202} }, pretend.JSON(202, `{}`)),
		fails(oauth.CodeEmpty, enrich.Denied, asked, fine),
		fails("token_http_400", enrich.Denied, asked, pretend.JSON(400, `{}`)),
		fails("token_http_503", enrich.Temporary, asked, pretend.JSON(503, `{}`)),
		fails("token_http_429", enrich.Throttled, asked, pretend.JSON(429, `{}`)),
	})
}
