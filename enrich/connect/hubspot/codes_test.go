package hubspot_test

import (
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/hubspot"
	"github.com/postconfirm/postconfirm/enrich/enrichtest"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
)

func TestThePageHasTheCodesAndNoOthers(t *testing.T) {
	page := hubspot.Kind(connect.NewClient(nil)).Page
	enrichtest.Sources(t, page, map[string]string{"connect": ".."})
	fails := func(code string, kind enrich.FailureKind, fill func(*hubspot.Config), script ...pretend.Answer) enrichtest.Scene {
		return enrichtest.Scene{Code: code, Kind: kind, Fail: func(t *testing.T) error {
			_, _, err := run(t, vars(), fill, script...)
			return err
		}}
	}
	without := func(c *hubspot.Config) { c.Token = template(t, "${{ user.none }}") }
	nobody := func(c *hubspot.Config) { c.Email = template(t, "${{ user.none }}") }
	list := func(c *hubspot.Config) { c.Properties = templates(t, map[string]string{"x": "${{ [user.sub] }}"}) }
	scenes := []enrichtest.Scene{
		fails(hubspot.CodeNoCredential, enrich.Permanent, without),
		fails(hubspot.CodeBadEmail, enrich.Permanent, nobody),
		fails(hubspot.CodeBadValue, enrich.Permanent, list),
		fails(hubspot.CodeConflict, enrich.Temporary, asIs, conflict(), pretend.JSON(207, missing)),
		fails(hubspot.CodeConflict, enrich.Permanent, asIs, conflict(), found(), conflict()),
		fails(hubspot.CodeUnnamed, enrich.Permanent, asIs, partial("OF_TOMORROW")),
		fails(hubspot.CodeNoResult, enrich.Temporary, asIs, pretend.JSON(200, `{}`)),
		fails("http_423", enrich.Temporary, asIs, pretend.JSON(423, `{}`)),
		fails(hubspot.CodeRolling, enrich.Throttled, asIs, pretend.JSON(429, `{"policyName":"SECONDLY"}`)),
		fails(hubspot.CodeDaily, enrich.Throttled, asIs, pretend.JSON(429, `{"policyName":"DAILY"}`)),
		fails(hubspot.CodeMoving, enrich.Throttled, asIs, pretend.RetryAfter(477)),
	}
	for _, category := range []string{"VALIDATION_ERROR", "OBJECT_NOT_FOUND", "BAD_REQUEST", "INVALID_PARAMS", "METHOD_NOT_ALLOWED", "UNSUPPORTED_MEDIA_TYPE"} {
		scenes = append(scenes, fails(strings.ToLower(category), enrich.Permanent, asIs, partial(category)),
			fails(strings.ToLower(category), enrich.Permanent, asIs, pretend.JSON(400, `{"category":"`+category+`"}`)))
	}
	for _, category := range []string{"INTERNAL_ERROR", "SERVICE_UNAVAILABLE", "TIMEOUT"} {
		scenes = append(scenes, fails(strings.ToLower(category), enrich.Temporary, asIs, partial(category)))
	}
	enrichtest.Codes(t, page, scenes)
}
