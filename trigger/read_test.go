package trigger_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/trigger"
)

const (
	pool = "eu-west-1_Ab12cd34E"
	sub  = "6f9c4f9e-0a1b-4c2d-8e3f-112233445566"
)

var clock = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// object is one level of an event. A nil value leaves its member out.
type object map[string]any

// raw is JSON as it stands.
type raw = json.RawMessage

// signup builds a sign-up event. Members of the top level are replaced by top, of request by request, of the user's
// attributes by attributes.
func signup(top, request, attributes object) []byte {
	put := func(into, from object) object {
		maps.Copy(into, from)
		maps.DeleteFunc(into, func(_ string, v any) bool { return v == nil })
		return into
	}
	r := put(object{"userAttributes": put(object{"sub": sub, "email": "ada@example.com"}, attributes)}, request)
	e := put(object{
		"version": "1", "triggerSource": "PostConfirmation_ConfirmSignUp", "region": "eu-west-1", "userPoolId": pool,
		"userName": "ada", "callerContext": object{"awsSdkVersion": "1", "clientId": "4k2"}, "request": r, "response": object{},
	}, top)
	b, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return b
}

func plain() []byte { return signup(nil, nil, nil) }

// sent is what the plain event becomes.
func sent(change func(*event.Message)) *event.Message {
	m := event.Message{
		Pool: pool, Region: "eu-west-1", User: "ada", Sub: sub, Generation: "0", Source: "signup", Client: "4k2", At: clock,
	}
	if change != nil {
		change(&m)
	}
	return &m
}

// readCase is an event and what comes of it. want nil: not sent.
type readCase struct {
	name    string
	payload []byte
	reason  string
	want    *event.Message
}

// replaced is the plain event with one piece of its text replaced.
func replaced(old, new string) []byte {
	b := strings.Replace(string(plain()), old, new, 1)
	if b == string(plain()) {
		panic("nothing replaced: " + old)
	}
	return []byte(b)
}

func user(name string) *event.Message { return sent(func(m *event.Message) { m.User = name }) }

func attributes(n int) object {
	all := object{}
	for i := range n {
		all[fmt.Sprintf("custom:a%04d", i)] = i
	}
	return all
}

// badEvents are named by the row of our list of bad inputs (C1) and its words.
func badEvents() []readCase {
	long := strings.Repeat("x", 5<<20)
	return append([]readCase{
		{"a good event", plain(), "", sent(nil)},
		{"C1-1 empty body", []byte(""), "event_undecodable", nil},
		{"C1-1 no body", nil, "event_undecodable", nil},
		{"C1-2 null", []byte("null"), "event_undecodable", nil},
		{"C1-2 a list", []byte("[]"), "event_undecodable", nil},
		{"C1-2 a string", []byte(`"x"`), "event_undecodable", nil},
		{"C1-2 a number", []byte("42"), "event_undecodable", nil},
		{"C1-3 truncated", plain()[:len(plain())-1], "event_undecodable", nil},
		{"C1-5 byte-order mark first", append([]byte("\xef\xbb\xbf"), plain()...), "event_undecodable", nil},
		{"C1-6 10,001 nested arrays", signupWithRaw(strings.Repeat("[", 10001) + strings.Repeat("]", 10001)), "event_undecodable", nil},
		{"C1-7 5 MB of attributes", signup(nil, nil, object{"custom:big": long}), "", sent(nil)},
		{"C1-7 5 MB of metadata", signup(nil, object{"clientMetadata": object{"plan": long}}, nil), "", sent(nil)},
		{"C1-7 5 MB of user name", signup(object{"userName": long}, nil, nil), "identity_malformed", nil},
		{"C1-8 USERNAME beside userName", signup(object{"USERNAME": "eve", "username": "eve"}, nil, object{"SUB": "eve"}), "", sent(nil)},
		{"C1-8 only USERNAME", signup(object{"userName": nil, "USERNAME": "eve"}, nil, nil), "identity_missing", nil},
		{"C1-8 userName twice", replaced(`{`, `{"userName":"eve",`), "identity_ambiguous", nil},
		{"C1-8 userName twice, once escaped", replaced(`{`, `{"us\u0065rName":"eve",`), "identity_ambiguous", nil},
		{"C1-8 sub twice", replaced(`"sub":`, `"sub":"eve","sub":`), "identity_ambiguous", nil},
		{"C1-8 request twice", replaced(`{`, `{"request":{},`), "identity_ambiguous", nil},
		{"C1-8 userAttributes twice", replaced(`"userAttributes":`, `"userAttributes":{},"userAttributes":`), "identity_ambiguous", nil},
		{"C1-8 clientId twice", replaced(`"clientId":`, `"clientId":"x","clientId":`), "identity_ambiguous", nil},
		{"C1-8 triggerSource twice", replaced(`{`, `{"triggerSource":"PreSignUp_SignUp",`), "identity_ambiguous", nil},
		{"C1-8 an unread member twice", replaced(`"version":`, `"version":2,"version":`), "", sent(nil)},
		{"C1-15 userAttributes missing", signup(nil, object{"userAttributes": nil}, nil), "identity_missing", nil},
		{"C1-15 userAttributes null", signup(nil, object{"userAttributes": raw("null")}, nil), "identity_missing", nil},
		{"C1-15 request missing", signup(object{"request": nil}, nil, nil), "identity_missing", nil},
		{"C1-15 request is a list", signup(object{"request": []int{1}}, nil, nil), "identity_missing", nil},
		{"C1-16 5,000 attributes", signup(nil, nil, attributes(5000)), "", sent(nil)},
		{"C1-18 pool of another region", signup(object{"userPoolId": "us-east-1_X"}, nil, nil), "", sent(func(m *event.Message) { m.Pool = "us-east-1_X" })},
		{"C1-18 pool with path characters", signup(object{"userPoolId": "../x"}, nil, nil), "", sent(func(m *event.Message) { m.Pool = "../x" })},
		{"C1-18 pool missing", signup(object{"userPoolId": nil}, nil, nil), "identity_missing", nil},
		{"C1-18 pool is an object", signup(object{"userPoolId": object{}}, nil, nil), "identity_malformed", nil},
		{"C1-19 region not the pool's", signup(object{"region": "us-east-1"}, nil, nil), "", sent(func(m *event.Message) { m.Region = "us-east-1" })},
		{"C1-19 region missing", signup(object{"region": nil}, nil, nil), "", sent(func(m *event.Message) { m.Region = "" })},
		{"C1-19 region is a number", signup(object{"region": 1}, nil, nil), "", sent(func(m *event.Message) { m.Region = "" })},
		{"C1-20 version 2", signup(object{"version": 2}, nil, nil), "", sent(nil)},
		{"C1-20 version banana", signup(object{"version": "banana"}, nil, nil), "", sent(nil)},
		{"C1-20 version missing", signup(object{"version": nil}, nil, nil), "", sent(nil)},
		{"C1-23 response already filled in", signup(object{"response": object{"autoConfirmUser": true}}, nil, nil), "", sent(nil)},
		{"C1-24 unknown top-level members", replaced(`{`, " {\n \"new\" : [ 1 , {\"a\":\"\\u00e9\"} ] ,\t"), "", sent(nil)},
		{"C1-25 number 1e400", signup(object{"version": raw("1e400")}, nil, object{"custom:n": raw("1e400")}), "", sent(nil)},
		{"C1-25 integer of 40 digits", signup(nil, nil, object{"custom:n": raw(strings.Repeat("9", 40))}), "", sent(nil)},
		{"C1-26 client of an admin call", signup(object{"callerContext": object{"clientId": "CLIENT_ID_NOT_APPLICABLE"}}, nil, nil), "",
			sent(func(m *event.Message) { m.Client = "CLIENT_ID_NOT_APPLICABLE" })},
		{"C1-26 callerContext missing", signup(object{"callerContext": nil}, nil, nil), "", sent(func(m *event.Message) { m.Client = "" })},
		{"C1-26 callerContext is a string", signup(object{"callerContext": "x"}, nil, nil), "", sent(func(m *event.Message) { m.Client = "" })},
		{"C1-26 clientId null", signup(object{"callerContext": object{"clientId": raw("null")}}, nil, nil), "", sent(func(m *event.Message) { m.Client = "" })},
	}, append(names(), append(sources(), odd()...)...)...)
}

// TestEveryRowOfTheBadEventsHasACase: a row is named C1-1 to C1-26; those that are left out are of other parts.
func TestEveryRowOfTheBadEventsHasACase(t *testing.T) {
	missing := map[int]bool{}
	for _, row := range []int{1, 2, 3, 5, 6, 7, 8, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 23, 24, 25, 26} {
		missing[row] = true
	}
	for _, tt := range badEvents() {
		var row int
		if _, err := fmt.Sscanf(tt.name, "C1-%d ", &row); err == nil {
			delete(missing, row)
		}
	}
	if len(missing) > 0 {
		t.Errorf("no case for the rows %v", slices.Sorted(maps.Keys(missing)))
	}
}

func signupWithRaw(value string) []byte { return replaced(`"response":{}`, `"response":`+value) }

// names are C1-11, 12 and 17: who it is.
func names() (cases []readCase) {
	for name, tt := range map[string]struct {
		value  any
		reason string
	}{
		"missing": {nil, "identity_missing"}, "null": {raw("null"), "identity_missing"}, "empty": {"", "identity_missing"},
		"a number": {7, "identity_malformed"}, "true": {true, "identity_malformed"}, "an object": {object{}, "identity_malformed"},
		"2,049 bytes": {strings.Repeat("x", 2049), "identity_malformed"},
	} {
		cases = append(cases, readCase{"C1-11 userName " + name, signup(object{"userName": tt.value}, nil, nil), tt.reason, nil},
			readCase{"C1-17 sub " + name, signup(nil, nil, object{"sub": tt.value}), tt.reason, nil})
	}
	for name, value := range map[string]string{
		"NUL": "a\x00b", "newline": "a\nb", "bidi override": "a\u202eb", "128 emoji": strings.Repeat("😀", 128), "U+FFFF": "\uffff",
		"quotes": `"\`, "a federated name": "Google_104",
	} {
		cases = append(cases, readCase{"C1-12 userName of " + name, signup(object{"userName": value}, nil, nil), "", user(value)})
	}
	for name, value := range map[string]string{"not a UUID": "42", "in upper case": strings.ToUpper(sub)} {
		cases = append(cases, readCase{"C1-17 sub " + name, signup(nil, nil, object{"sub": value}), "",
			sent(func(m *event.Message) { m.Sub = value })})
	}
	return cases
}

// sources are C1-21: what is not a sign-up.
func sources() (cases []readCase) {
	for _, source := range []any{
		"PostConfirmation_ConfirmForgotPassword", "PreSignUp_SignUp", "PreSignUp_ExternalProvider", "PreSignUp_AdminCreateUser",
		"InboundFederation_ExternalProvider", "PostConfirmation_ConfirmSignUp ", "postconfirmation_confirmsignup", "", nil,
		raw("null"), true, []string{"PostConfirmation_ConfirmSignUp"},
	} {
		cases = append(cases, readCase{fmt.Sprintf("C1-21 triggerSource %q", source), signup(object{"triggerSource": source}, nil, nil), "not_a_signup", nil})
	}
	return append(cases, readCase{"C1-21 nothing in the event", []byte("{}"), "not_a_signup", nil})
}

// odd is C1-14: attributes of any type.
func odd() (cases []readCase) {
	for _, value := range []string{`true`, `1`, `{}`, `[]`, `null`, `1e400`, `{"sub":"eve"}`, `"x"`} {
		cases = append(cases, readCase{"C1-14 attribute " + value, signup(nil, nil, object{"email_verified": raw(value)}), "", sent(nil)})
	}
	return cases
}

// bubble runs a case in virtual time, in which even an event of 5 MB on a slow machine costs nothing of the budget.
func bubble(t *testing.T, name string, f func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

func TestEveryEventIsReadOrHandedBack(t *testing.T) {
	for _, tt := range badEvents() {
		bubble(t, tt.name, func(t *testing.T) {
			q, l := &queue{}, &log{}
			h := trigger.New(q, &trigger.Options{Log: l, MetadataKeys: []string{"plan"}, Now: func() time.Time { return clock }})
			invoke(t, h, tt.payload)
			result := l.result(t)
			if result.Reason != tt.reason {
				t.Errorf("reason %q, want %q", result.Reason, tt.reason)
			}
			if tt.want == nil {
				notSent(t, q, l, tt.reason)
				return
			}
			if diff := cmp.Diff(*tt.want, q.message(t)); diff != "" {
				t.Errorf("(-want +sent):\n%s", diff)
			}
			if all := l.lines(t); len(all) != 2 || all[0].Postconfirm != "journal" || all[0].Run != tt.want.Key() || result.Run != tt.want.Key() ||
				result.Outcome != "sent" || result.Sent != 1 || result.Failed+result.Ignored != 0 {
				t.Errorf("lines %+v", all)
			}
		})
	}
}

// notSent checks the one line of an event that was handed back only.
func notSent(t *testing.T, q *queue, l *log, reason string) {
	t.Helper()
	want := line{Postconfirm: "result", Outcome: "event_unreadable", Reason: reason, Failed: 1}
	if reason == "not_a_signup" {
		want = line{Postconfirm: "result", Outcome: "ignored", Reason: reason, Ignored: 1}
	}
	all := l.lines(t)
	for i := range all {
		all[i].Duration, all[i].Trigger = 0, ""
	}
	if diff := cmp.Diff([]line{want}, all); diff != "" || q.sends != 0 {
		t.Errorf("%d sends, lines:\n%s", q.sends, diff)
	}
}

func TestTheConsoleTestEventOfTheDocumentationIsHandedBack(t *testing.T) {
	payload := testdata(t, "console-test-event.json")
	var file, documented any
	const sample = `{"request":{"userAttributes":{"email":"user@example.com","email_verified":true}},"response":{}}`
	if json.Unmarshal(payload, &file) != nil || json.Unmarshal([]byte(sample), &documented) != nil || !cmp.Equal(file, documented) {
		t.Fatalf("the file is not the sample: %s", payload)
	}
	q, l := &queue{}, &log{}
	invoke(t, trigger.New(q, &trigger.Options{Log: l, OnError: trigger.FailClosed}), payload)
	notSent(t, q, l, "not_a_signup")
}

func TestTheLineOfAnIgnoredEventNamesItsTriggerSource(t *testing.T) {
	for source, want := range map[string]string{
		"PostConfirmation_ConfirmForgotPassword": "PostConfirmation_ConfirmForgotPassword",
		"ada@example.com":                        "unprintable",
		"two words":                              "unprintable",
		strings.Repeat("x", 65):                  "unprintable",
		"":                                       "",
	} {
		l := &log{}
		invoke(t, trigger.New(&queue{}, &trigger.Options{Log: l}), signup(object{"triggerSource": source}, nil, nil))
		if got := l.result(t).Trigger; got != want {
			t.Errorf("%q is written as %q, want %q", source, got, want)
		}
	}
}
