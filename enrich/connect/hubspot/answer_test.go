package hubspot_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/hubspot"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
)

// conflict is what HubSpot says when a contact exists already.
func conflict() pretend.Answer {
	return pretend.JSON(409, `{"status":"error","message":"Contact already exists. Existing ID: 512","category":"CONFLICT","correlationId":"c"}`)
}

func partial(category string) pretend.Answer {
	return pretend.JSON(207, `{"status":"COMPLETE","results":[],"numErrors":1,"errors":[{"status":"error","category":"`+category+`","message":"canary","context":{"x":["canary"]}}]}`)
}

// C6-138: 207.
func TestAFailureOfTheContactHasItsCategory(t *testing.T) {
	for _, test := range []struct {
		name    string
		answer  pretend.Answer
		kind    enrich.FailureKind
		code    string
		refused bool
		wait    time.Duration
	}{
		{"a value that is not valid", partial("VALIDATION_ERROR"), enrich.Permanent, "validation_error", true, 0},
		{"in small letters", partial("validation_error"), enrich.Permanent, "validation_error", true, 0},
		{"an object that is not there", partial("OBJECT_NOT_FOUND"), enrich.Permanent, "object_not_found", true, 0},
		{"a category of tomorrow", partial("CANARY_CATEGORY"), enrich.Permanent, hubspot.CodeUnnamed, true, 0},
		{"an error of HubSpot's own", partial("INTERNAL_ERROR"), enrich.Temporary, "internal_error", false, 0},
		{"a service that is away", partial("SERVICE_UNAVAILABLE"), enrich.Temporary, "service_unavailable", false, 0},
		{"a limit", partial("RATE_LIMITS"), enrich.Throttled, hubspot.CodeRolling, true, hubspot.RollingWait},
		{"a token that is not accepted", partial("EXPIRED_AUTHENTICATION"), enrich.Temporary, connect.CodeUnauthorized, true, 0},
		{"a scope that is missing", partial("MISSING_SCOPES"), enrich.Temporary, connect.CodeForbidden, true, 0},
		{"an error that is a number", pretend.JSON(207, `{"errors":[7]}`), enrich.Permanent, hubspot.CodeUnnamed, true, 0},
		{"an error without any field", pretend.JSON(207, `{"errors":[{}]}`), enrich.Permanent, hubspot.CodeUnnamed, true, 0},
		{"a category that is a list", pretend.JSON(207, `{"errors":[{"category":["VALIDATION_ERROR"]}]}`), enrich.Permanent, hubspot.CodeUnnamed, true, 0},
		{"a result beside an error", pretend.JSON(207, `{"results":[{"id":"1"}],"errors":[{"category":"VALIDATION_ERROR"}]}`), enrich.Permanent, "validation_error", true, 0},
		{"no result", pretend.JSON(200, `{"status":"COMPLETE","results":[]}`), enrich.Temporary, hubspot.CodeNoResult, false, 0},
		{"a result without an id", pretend.JSON(200, `{"results":[{"new":true}]}`), enrich.Temporary, hubspot.CodeNoResult, false, 0},
		{"an id that is none", pretend.JSON(200, `{"results":[{"id":"canary"}]}`), enrich.Temporary, hubspot.CodeNoResult, false, 0},
		{"an id longer than any", pretend.JSON(200, `{"results":[{"id":"123456789012345678901"}]}`), enrich.Temporary, hubspot.CodeNoResult, false, 0},
		{"a negative id", pretend.JSON(200, `{"results":[{"id":-5}]}`), enrich.Temporary, hubspot.CodeNoResult, false, 0},
		{"a batch that is still waiting", pretend.JSON(202, `{"status":"PENDING"}`), enrich.Temporary, hubspot.CodeNoResult, false, 0},
		{"a list", pretend.JSON(200, `[]`), enrich.Temporary, hubspot.CodeNoResult, false, 0},
		{"nothing", pretend.JSON(204, ""), enrich.Temporary, hubspot.CodeNoResult, false, 0},
		{"a refusal with a category", pretend.JSON(400, `{"category":"VALIDATION_ERROR","message":"canary"}`), enrich.Permanent, "validation_error", true, 0},
		{"a refusal with a category of tomorrow", pretend.JSON(400, `{"category":"CANARY"}`), enrich.Permanent, "http_400", true, 0},
		{"a refusal that calls itself a conflict", pretend.JSON(400, `{"category":"CONFLICT"}`), enrich.Permanent, "http_400", true, 0},
		{"a refusal without a body", pretend.JSON(400, ""), enrich.Permanent, "http_400", true, 0},
		{"a refusal with a page", pretend.Reply(400, http.Header{"Content-Type": {"text/html"}}, "<html>canary</html>"), enrich.Permanent, "http_400", true, 0},
		{"a key that is not accepted", pretend.JSON(401, `{"category":"INVALID_AUTHENTICATION"}`), enrich.Temporary, connect.CodeUnauthorized, true, 0},
		{"a lock", pretend.JSON(423, `{}`), enrich.Temporary, "http_423", true, 2 * time.Second},
		{"a failure with a category", pretend.JSON(503, `{"category":"VALIDATION_ERROR"}`), enrich.Temporary, "http_503", false, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := run(t, vars(), asIs, test.answer)
			var e *enrich.Error
			if !errors.As(err, &e) || e.Kind != test.kind || e.Code != test.code || e.Refused != test.refused || e.RetryAfter != test.wait || !e.Sent {
				t.Fatalf("got %+v, want %s (%v), refused %v, after %v", err, test.code, test.kind, test.refused, test.wait)
			}
			if strings.Contains(strings.ToLower(err.Error()), "canary") {
				t.Errorf("the error shows what HubSpot said: %v", err)
			}
		})
	}
}

// C6-138: the limit of ten seconds, and that of a day.
func TestEveryLimitHasItsWait(t *testing.T) {
	limit := func(body string, header ...string) pretend.Answer {
		h := http.Header{"Content-Type": {"application/json"}}
		for i := 0; i+1 < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return pretend.Reply(429, h, body)
	}
	policy := func(name string) string {
		return `{"status":"error","message":"You have reached your limit.","errorType":"RATE_LIMIT","policyName":"` + name + `"}`
	}
	const left, window = "X-HubSpot-RateLimit-Daily-Remaining", "X-HubSpot-RateLimit-Interval-Milliseconds"
	for _, test := range []struct {
		name   string
		answer pretend.Answer
		code   string
		wait   time.Duration
	}{
		{"the daily one", limit(policy("DAILY")), hubspot.CodeDaily, time.Hour},
		{"the daily one, with a short Retry-After", limit(policy("DAILY"), "Retry-After", "5"), hubspot.CodeDaily, time.Hour},
		{"the daily one, with a long Retry-After", limit(policy("DAILY"), "Retry-After", "86400"), hubspot.CodeDaily, time.Hour},
		{"the daily one, by its message", limit(`{"message":"You have reached your daily limit.","errorType":"RATE_LIMIT"}`), hubspot.CodeDaily, time.Hour},
		{"the daily one, by its header", limit(`{}`, left, "0"), hubspot.CodeDaily, time.Hour},
		{"the rolling one", limit(policy("TEN_SECONDLY_ROLLING")), hubspot.CodeRolling, 10 * time.Second},
		{"the rolling one at the end of a day", limit(policy("TEN_SECONDLY_ROLLING"), left, "0"), hubspot.CodeRolling, 10 * time.Second},
		{"the rolling one, with Retry-After", limit(policy("SECONDLY"), "Retry-After", "3", window, "1000"), hubspot.CodeRolling, 3 * time.Second},
		{"the rolling one, with its window", limit(policy("SECONDLY"), window, "1000"), hubspot.CodeRolling, time.Second},
		{"a window that is none", limit(policy("SECONDLY"), window, "-1"), hubspot.CodeRolling, 10 * time.Second},
		{"a window beyond all windows", limit(policy("SECONDLY"), window, "99999999999999"), hubspot.CodeRolling, 10 * time.Second},
		{"one without a policy", limit(`{"errorType":"RATE_LIMIT"}`), hubspot.CodeRolling, 10 * time.Second},
		{"one that HubSpot's edge sends", limit("<html>"), "http_429", 0},
		{"one with odd fields", limit(`{"policyName":["DAILY"],"errorType":null,"message":7}`), "http_429", 0},
		{"an account that moves", pretend.RetryAfter(477, "600"), hubspot.CodeMoving, 10 * time.Minute},
		{"an account that moves for a day", pretend.RetryAfter(477, "86400"), hubspot.CodeMoving, time.Hour},
		{"an account that moves, nobody knows how long", pretend.RetryAfter(477), hubspot.CodeMoving, time.Hour},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := run(t, vars(), asIs, test.answer)
			e := enrich.Failure(err)
			if e.Kind != enrich.Throttled || e.Code != test.code || e.RetryAfter != test.wait || !e.Refused {
				t.Errorf("got %+v, want %s after %v", e, test.code, test.wait)
			}
		})
	}
}

// C6-138: 409.
func TestAContactThatSomebodyElseMakesIsChangedThen(t *testing.T) {
	properties := func(c *hubspot.Config) {
		c.Properties = templates(t, map[string]string{"firstname": "${{ user.given_name }}"})
	}
	for _, test := range []struct {
		name   string
		script []pretend.Answer
		want   enrich.Result
		code   string
		kind   enrich.FailureKind
		asked  int
	}{
		{"it is there", []pretend.Answer{conflict(), found(), pretend.JSON(200, `{"results":[{"id":"512","new":false}]}`)}, enrich.Result{"id": "512", "new": false}, "", 0, 3},
		{"a conflict inside of a 207", []pretend.Answer{partial("CONFLICT"), found(), pretend.JSON(200, `{"results":[{"id":"512","new":false}]}`)}, enrich.Result{"id": "512", "new": false}, "", 0, 3},
		{"a contact that exists, inside of a 207", []pretend.Answer{partial("OBJECT_ALREADY_EXISTS"), found(), found()}, enrich.Result{"id": "1", "new": false}, "", 0, 3},
		{"it is not there yet", []pretend.Answer{conflict(), pretend.JSON(207, missing)}, nil, hubspot.CodeConflict, enrich.Temporary, 2},
		{"it is there, and the conflict stays", []pretend.Answer{conflict(), found(), conflict()}, nil, hubspot.CodeConflict, enrich.Permanent, 3},
		{"the token may not read", []pretend.Answer{conflict(), pretend.JSON(403, `{"category":"MISSING_SCOPES"}`)}, nil, connect.CodeForbidden, enrich.Temporary, 2},
		{"reading fails", []pretend.Answer{conflict(), pretend.JSON(503, "")}, nil, "http_503", enrich.Temporary, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			result, seen, err := run(t, vars(), properties, test.script...)
			if diff := cmp.Diff(test.want, result); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if test.code != "" {
				if e := enrich.Failure(err); e.Code != test.code || e.Kind != test.kind || !e.Sent || !e.Refused {
					t.Errorf("got %+v, want %s (%v), refused", e, test.code, test.kind)
				}
			} else if err != nil {
				t.Error(err)
			}
			if len(seen) != test.asked {
				t.Fatalf("HubSpot was asked %d times, want %d", len(seen), test.asked)
			}
			valid(t, "read.schema.json", seen[1].Body)
			if test.asked == 3 && (string(seen[2].Body) != string(seen[0].Body) || !strings.Contains(string(seen[2].Body), "Canary Née")) {
				t.Errorf("the second upsert is %s, want the first again", seen[2].Body)
			}
		})
	}
}

func TestAConflictEndsWithinAMinute(t *testing.T) {
	slow := func(a pretend.Answer) pretend.Answer { return pretend.Delayed(29*time.Second, a) }
	_, seen, err := run(t, vars(), asIs, slow(conflict()), slow(found()), slow(found()))
	if e := enrich.Failure(err); e.Code != connect.CodeTimeout || !e.Unknown() || len(seen) != 3 {
		t.Errorf("got %+v after %d requests, want a timeout in the third", e, len(seen))
	}
}

func TestALookupFindsNothingInEveryWayThatHubSpotSaysIt(t *testing.T) {
	for _, answer := range []pretend.Answer{pretend.JSON(207, missing), pretend.JSON(200, missing), pretend.JSON(200, `{"results":[]}`)} {
		if _, _, err := run(t, vars(), lookup, answer); !errors.Is(err, enrich.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	}
	for _, answer := range []pretend.Answer{pretend.JSON(200, `{}`), pretend.JSON(200, `{"results":null}`), pretend.JSON(404, "{}"), pretend.JSON(204, "")} {
		if _, _, err := run(t, vars(), lookup, answer); err == nil || enrich.Failure(err).Kind == enrich.NotFound {
			t.Errorf("got %v: that is not HubSpot's way to say that there is no such contact", err)
		}
	}
}

func TestTheClassFollowsTheAction(t *testing.T) {
	for action, want := range map[string]enrich.Class{"": enrich.Idempotent, hubspot.Upsert: enrich.Idempotent, hubspot.Lookup: enrich.Read} {
		c := config(t, connect.NewClient(nil))
		c.Action = action
		connector := made(t, c)
		if got := enrich.ClassOf(connector); got != want {
			t.Errorf("%q is %v, want %v", action, got, want)
		}
		if got := connector.(enrich.Dependent).Dependency(); got != "api.hubapi.com" {
			t.Errorf("the dependency is %q", got)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	for _, body := range []string{"", "null", "[]", missing, `{"results":[{"id":"1","new":true}]}`, `{"errors":[{"category":"CONFLICT"}]}`,
		`{"policyName":"DAILY"}`, `{"results":[null],"errors":[null]}`, `{"results":[{"id":18446744073709551616}]}`} {
		for _, status := range []int{200, 207, 400, 409, 429, 477, 503} {
			f.Add(status, body)
		}
	}
	asked := &recorder{}
	client := connect.NewClient(&connect.Options{Transport: asked})
	reader := config(f, client)
	reader.Action, reader.Fetch = hubspot.Lookup, []string{"plan"}
	connectors := []enrich.Connector{made(f, config(f, client)), made(f, reader)}
	f.Fuzz(func(t *testing.T, status int, body string) {
		asked.status, asked.answer = 200+max(status, -status)%400, body
		for _, connector := range connectors {
			result, err := connector.Run(t.Context(), enrich.Call{Vars: vars()})
			var e *enrich.Error
			switch {
			case err != nil && (!errors.As(err, &e) || e.Code == "" || !e.Sent):
				t.Errorf("%d %q: %v", status, body, err)
			case err != nil && (e.RetryAfter < 0 || e.RetryAfter > time.Hour):
				t.Errorf("%d %q: wait %v", status, body, e.RetryAfter)
			case err == nil && strings.Trim(fmt.Sprint(result["id"]), "0123456789") != "":
				t.Errorf("%d %q: the id is %v", status, body, result["id"])
			}
		}
	})
}
