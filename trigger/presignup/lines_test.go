package presignup_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/trigger/presignup"
)

// TestGoldenLines fixes the bytes of every kind of line: alarms and dashboards are built on them. The clock is the
// bubble's, so times and durations are fixed too.
func TestGoldenLines(t *testing.T) {
	held := map[string]presignup.Holder{"email=b@example.com": presignup.Confirmed, "phone_number=+12065550100": presignup.Unconfirmed}
	slow := func(context.Context, string) error { time.Sleep(12345 * time.Microsecond); return nil }
	var all strings.Builder
	for _, tt := range []struct {
		name    string
		payload []byte
		guard   *pool
	}{
		{"confirmed", event(nil, with(good)), &pool{fail: slow}},
		{"confirmed, both verified", event(nil, object{"email": good, "phone_number": "+12065550199"}), &pool{}},
		{"a rehearsal", event(object{"triggerSource": nil, "userPoolId": nil, "callerContext": nil}, with(good)), &pool{}},
		{"held", event(nil, with("b@example.com")), &pool{held: held}},
		{"held by somebody who never confirmed", event(nil, object{"email": good, "phone_number": "+12065550100"}), &pool{held: held}},
		{"in doubt", event(nil, with(good)), &pool{fail: func(context.Context, string) error { return coded("TooManyRequestsException") }}},
		{"no rule", event(nil, with("a@evil.com")), &pool{}},
		{"denied", event(nil, with("a@mailinator.com")), &pool{}},
		{"an administrator", event(object{"triggerSource": "PreSignUp_AdminCreateUser", "callerContext": object{"clientId": "CLIENT_ID_NOT_APPLICABLE"}}, with(good)), &pool{}},
		{"a strange source and client", event(object{"triggerSource": "a\nb", "callerContext": object{"clientId": "\u202e"}}, with(good)), &pool{}},
		{"undecodable", []byte("{"), &pool{}},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := &log{}
			h := presignup.New(policy(t, staff), tt.guard, &presignup.Options{Log: l})
			_, _ = h.Invoke(t.Context(), tt.payload)
			all.WriteString("# " + tt.name + "\n" + l.String())
		})
	}
	if diff := cmp.Diff(string(golden(t, "lines.golden", []byte(all.String()))), all.String()); diff != "" {
		t.Errorf("the lines changed (-file +now):\n%s", diff)
	}
}

// TestTheMetricsAreThoseThatTheLineDeclares, and one of the four counts is 1.
func TestTheMetricsAreThoseThatTheLineDeclares(t *testing.T) {
	for _, email := range []string{good, "a@evil.com", "a@mailinator.com"} {
		l := &log{}
		_, _ = presignup.New(policy(t, staff), &pool{}, &presignup.Options{Log: l}).Invoke(t.Context(), event(nil, with(email)))
		var line struct {
			AWS struct {
				CloudWatchMetrics []struct{ Metrics []struct{ Name, Unit string } }
			} `json:"_aws"`
		}
		if err := json.Unmarshal(l.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		values, sum := l.last(t), 0.0
		for _, m := range line.AWS.CloudWatchMetrics[0].Metrics {
			v, ok := values[m.Name].(float64)
			if !ok {
				t.Errorf("%s is declared and isn't there", m.Name)
			}
			if m.Unit == "Count" && m.Name != "PreSignUpDoubts" {
				sum += v
			}
		}
		if sum != 1 {
			t.Errorf("%s: the counts add up to %v", email, sum)
		}
	}
}

// canaryPolicy has every kind of rule, so that every path is gone.
const canaryPolicy = `version: 1
deny:
  - { name: domains, domains: [canary-denied.example] }
  - { name: names, username: { pattern: "canary-root" } }
  - { name: missing, missing: [email] }
confirm:
  - { name: staff, domains: [canary.example], verify: [email, phone_number] }
  - { name: claimed, self-asserted-domain: "custom:domain" }
`

// TestNoLineSaysWhoItIs puts a canary into everything personal, and looks for it in lines and errors.
func TestNoLineSaysWhoItIs(t *testing.T) {
	marked := func(top object, email any) []byte {
		all := object{
			"userName": "Google_canary-104", "canary": "canary", "version": "canary",
			"response": object{"canary": "canary"}, "userPoolId": "eu-west-1_Ab12",
			"callerContext": object{"clientId": "4k2", "awsSdkVersion": "canary"},
			"request": object{"userAttributes": object{"email": email, "phone_number": "+1206canary", "name": "Canary", "custom:domain": "canary2.example"},
				"clientMetadata": object{"canary-key": "canary-value"}, "validationData": object{"canary": "canary"}},
		}
		for key, value := range top {
			all[key] = value
		}
		return event(all, nil)
	}
	guards := map[string]*pool{
		"nobody": {}, "held": {held: map[string]presignup.Holder{"email=ann@canary.example": presignup.Confirmed}},
		"in doubt": {fail: func(context.Context, string) error { return coded("canary: canary@example.com") }},
		"panics":   {fail: func(context.Context, string) error { panic("canary") }},
	}
	for name, payload := range map[string][]byte{
		"granted":          marked(nil, "ann@canary.example"),
		"claimed":          marked(nil, "ann@canary2.example"),
		"odd":              marked(nil, "Canary <ann@canary.example>"),
		"denied":           marked(nil, "ann@canary-denied.example"),
		"a denied name":    marked(object{"userName": "canary-root"}, "ann@canary.example"),
		"no address":       marked(nil, nil),
		"another type":     marked(nil, object{"canary": 1}),
		"a strange source": marked(object{"triggerSource": "canary@example.com"}, "ann@canary.example"),
		"a strange client": marked(object{"callerContext": object{"clientId": "canary@example.com"}}, "ann@canary.example"),
		"a strange pool":   marked(object{"userPoolId": "canary@example.com"}, "ann@canary.example"),
		"a provider":       marked(object{"triggerSource": "PreSignUp_ExternalProvider"}, "ann@canary-denied.example"),
		"half an event":    marked(nil, "ann@canary.example")[:150],
	} {
		if !strings.Contains(string(payload), "canary") {
			t.Fatalf("%s: no canary in it", name)
		}
		for who, guard := range guards {
			l := &log{}
			_, err := presignup.New(policy(t, canaryPolicy), guard, &presignup.Options{Log: l}).Invoke(t.Context(), payload)
			told := strings.ToLower(l.String() + fmt.Sprintf("%+v %#v", err, err))
			if l.Len() == 0 || strings.Contains(told, "canary") || strings.Contains(told, "@") || strings.Contains(told, "1206") {
				t.Errorf("%s, %s: %s", name, who, told)
			}
		}
	}
}
