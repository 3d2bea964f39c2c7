package presignup_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/trigger/presignup"
)

const good = "a@example.com"

// renamed gives the plain good event with one text replaced.
func renamed(from, to string) []byte {
	e := string(event(nil, with(good)))
	if !strings.Contains(e, from) {
		panic(from)
	}
	return []byte(strings.Replace(e, from, to, 1))
}

// manyAttributes are more than Cognito lets anybody have.
func manyAttributes() object {
	many := object{"email": good}
	for i := range 5000 {
		many[fmt.Sprintf("custom:a%d", i)] = "x"
	}
	return many
}

// badEvents are the rows of the trigger's event, and what the staff policy decides.
var badEvents = []struct {
	name    string
	payload []byte
	outcome string
	reason  string
}{
	{"C1-1 nothing", nil, presignup.Unreadable, "event_undecodable"},
	{"C1-2 null", []byte("null"), presignup.Unreadable, "event_undecodable"},
	{"C1-2 a list", []byte("[]"), presignup.Unreadable, "event_undecodable"},
	{"C1-2 a text", []byte(`"x"`), presignup.Unreadable, "event_undecodable"},
	{"C1-2 a number", []byte("42"), presignup.Unreadable, "event_undecodable"},
	{"C1-3 half an event", event(nil, with(good))[:200], presignup.Unreadable, "event_undecodable"},
	{"C1-5 a byte-order mark", append([]byte("\ufeff"), event(nil, with(good))...), presignup.Unreadable, "event_undecodable"},
	{"C1-6 10,001 lists in each other", []byte(strings.Repeat("[", 10001)), presignup.Unreadable, "event_undecodable"},
	{"C1-6 the same inside", []byte(`{"triggerSource":` + strings.Repeat("[", 10001) + strings.Repeat("]", 10001) + "}"), presignup.Unreadable, "event_undecodable"},
	{"C1-7 5 MB beside", event(object{"more": strings.Repeat("x", 5<<20)}, with(good)), confirm, "rule_matched"},
	{"C1-8 email and EMAIL", renamed(`"email":`, `"EMAIL":"a@evil.com","email":`), noauto, "event_ambiguous"},
	{"C1-8 Email only", renamed(`"email":`, `"Email":`), noauto, "event_ambiguous"},
	{"C1-8 email twice", renamed(`"email":`, `"email":"a@evil.com","email":`), noauto, "event_ambiguous"},
	{"C1-8 email twice, null first", renamed(`"email":`, `"email":null,"email":`), noauto, "event_ambiguous"},
	{"C1-8 email twice, alike", renamed(`"email":`, `"email":"a@example.com","email":`), noauto, "event_ambiguous"},
	{"C1-8 email escaped and not", renamed(`"email":`, `"\u0065mail":"a@evil.com","email":`), noauto, "event_ambiguous"},
	{"C1-8 email denied in another case", renamed(`"email":`, `"EMAIL":"a@mailinator.com","email":`), deny, "denied_domain"},
	{"C1-8 a telephone number twice", renamed(`"email":`, `"phone_number":"+12065550100","PHONE_NUMBER":"+12065550101","email":`), noauto, "event_ambiguous"},
	{"C1-8 two pools", renamed(`"userPoolId":`, `"userPoolId":"eu-west-1_Other0000","userPoolId":`), noauto, "event_ambiguous"},
	{"C1-8 two user names", renamed(`"userName":`, `"USERNAME":"x","userName":`), noauto, "event_ambiguous"},
	{"C1-8 two requests", renamed(`"request":`, `"Request":{},"request":`), noauto, "event_ambiguous"},
	{"C1-8 two responses", renamed(`"response":`, `"response":{},"response":`), noauto, "event_ambiguous"},
	{"C1-8 two maps of attributes", renamed(`"userAttributes":`, `"userAttributes":{"email":"b@example.com"},"userAttributes":`), noauto, "event_ambiguous"},
	{"C1-8 a flag twice", renamed(`"autoVerifyEmail":false`, `"autoVerifyEmail":false,"autoVerifyEmail":true`), noauto, "event_ambiguous"},
	{"C1-8 a flag in another case", renamed(`"autoVerifyEmail":false`, `"autoVerifyEmail":false,"AutoVerifyEmail":true`), noauto, "event_ambiguous"},
	{"C1-8 two trigger sources", renamed(`"triggerSource":`, `"triggerSource":"PreSignUp_SignUp","triggerSource":`), noauto, "event_ambiguous"},
	{"C1-11 no user name", event(object{"userName": nil}, with(good)), confirm, "rule_matched"},
	{"C1-12 a user name of odd characters", event(object{"userName": "\x00\n\u202e" + strings.Repeat("😀", 128)}, with(good)), confirm, "rule_matched"},
	{"C1-14 an e-mail of true", event(nil, object{"email": true}), noauto, "address_not_plain"},
	{"C1-14 an e-mail of 1", event(nil, object{"email": 1}), noauto, "address_not_plain"},
	{"C1-14 an e-mail of a map", event(nil, object{"email": object{"email": good}}), noauto, "address_not_plain"},
	{"C1-14 an e-mail of a list", event(nil, object{"email": []string{good}}), noauto, "address_not_plain"},
	{"C1-14 other attributes of any type", event(nil, object{"email": good, "email_verified": true, "name": 1, "a": nil, "b": object{}}), confirm, "rule_matched"},
	{"C1-15 no attributes", event(object{"request": object{}}, nil), noauto, "no_rule"},
	{"C1-15 attributes of null", event(object{"request": object{"userAttributes": nil}}, nil), noauto, "no_rule"},
	{"C1-15 no request", event(object{"request": nil}, nil), noauto, "no_rule"},
	{"C1-16 5,000 attributes", event(nil, manyAttributes()), confirm, "rule_matched"},
	{"C1-18 a pool with a path in it", event(object{"userPoolId": "../eu-west-1_Ab12cd34E"}, with(good)), noauto, "pool_unreadable"},
	{"C1-18 a pool of a number", event(object{"userPoolId": 1}, with(good)), noauto, "pool_unreadable"},
	{"C1-18 no pool, but a caller", event(object{"userPoolId": nil}, with(good)), noauto, "pool_unreadable"},
	{"C1-20 another version", event(object{"version": "banana"}, with(good)), confirm, "rule_matched"},
	{"C1-20 no version", event(object{"version": nil}, with(good)), confirm, "rule_matched"},
	{"C1-21 an unknown source", event(object{"triggerSource": "InboundFederation_ExternalProvider"}, with(good)), ignored, "not_a_sign_up"},
	{"C1-21 the other trigger's", event(object{"triggerSource": "PostConfirmation_ConfirmSignUp"}, with(good)), ignored, "not_a_sign_up"},
	{"C1-21 a source in another case", event(object{"triggerSource": "presignup_signup"}, with(good)), ignored, "not_a_sign_up"},
	{"C1-21 no source, but a pool", event(object{"triggerSource": nil}, with(good)), ignored, "not_a_sign_up"},
	{"C1-24 unknown members", event(object{"más": object{"x": []int{1}}}, with(good)), confirm, "rule_matched"},
	{"C1-25 a number of 1e400", renamed(`"version":"1"`, `"version":1e400,"n":`+strings.Repeat("9", 40)), confirm, "rule_matched"},
	{"no response", event(object{"response": nil}, with(good)), noauto, "response_unreadable"},
	{"a response of null", renamed(`"response":{"autoConfirmUser":false,"autoVerifyEmail":false,"autoVerifyPhone":false}`, `"response":null`), noauto, "response_unreadable"},
	{"a telephone number that isn't plain", event(nil, object{"email": good, "phone_number": "+1 206 555"}), noauto, "phone_not_plain"},
	{"C3-76 a telephone number +0", event(nil, object{"email": good, "phone_number": "+0"}), noauto, "phone_not_plain"},
	{"C3-76 tel:", event(nil, object{"email": good, "phone_number": "tel:+12065550100"}), noauto, "phone_not_plain"},
	{"C3-76 50 digits", event(nil, object{"email": good, "phone_number": "+" + strings.Repeat("1", 50)}), noauto, "phone_not_plain"},
	{"C3-76 a number", event(nil, object{"email": good, "phone_number": 12065550100}), noauto, "phone_not_plain"},
	{"C3-79 attributes that are ours", event(nil, object{"email": "a@evil.com", "custom:role": "admin", "email_verified": "true"}), noauto, "no_rule"},
	{"C3-80 1,000 keys of metadata", event(object{"request": object{"userAttributes": with(good), "clientMetadata": manyAttributes(), "__proto__": object{}}}, nil), confirm, "rule_matched"},
	{"C3-84 a name of 10 MB", event(nil, object{"email": good, "name": strings.Repeat("x", 10<<20)}), confirm, "rule_matched"},
}

// TestBadEvents: nothing is granted that should not be, nothing panics, the event goes back as it came.
func TestBadEvents(t *testing.T) {
	for _, tt := range badEvents {
		t.Run(tt.name, func(t *testing.T) {
			l, before := &log{}, bytes.Clone(tt.payload)
			answer, err := presignup.New(policy(t, staff), &pool{}, &presignup.Options{Log: l}).Invoke(t.Context(), tt.payload)
			line := l.last(t)
			if line["outcome"] != tt.outcome || line["reason"] != tt.reason {
				t.Errorf("%v, %v; want %s, %s", line["outcome"], line["reason"], tt.outcome, tt.reason)
			}
			if !bytes.Equal(tt.payload, before) {
				t.Error("the event was changed in place")
			}
			switch tt.outcome {
			case deny:
				if err == nil || answer != nil {
					t.Errorf("%s, %v", answer, err)
				}
			case confirm:
				if err != nil || !response(t, answer)["autoConfirmUser"] {
					t.Errorf("%.200s, %v", answer, err)
				}
			default:
				if err != nil || !bytes.Equal(answer, tt.payload) && tt.name != "C1-8 a flag twice" {
					t.Errorf("%.200s, %v", answer, err)
				}
			}
		})
	}
}

// TestC123AResponseThatIsFilledInIsSetAnew: what stands in the response already is not ours, and is set to what was decided.
func TestC123AResponseThatIsFilledInIsSetAnew(t *testing.T) {
	for name, tt := range map[string]struct{ email, before, after string }{
		"C1-23 a grant that isn't ours is taken back": {"a@evil.com", `{"autoConfirmUser":true,"x":[1, 2],"autoVerifyEmail" : true}`, `{"autoConfirmUser":false,"x":[1, 2],"autoVerifyEmail" : false}`},
		"C1-23 a text for a flag is taken back":       {"a@evil.com", `{"autoConfirmUser":"true"}`, `{"autoConfirmUser":false}`},
		"C1-23 null is false already":                 {"a@evil.com", `{"autoConfirmUser":null}`, `{"autoConfirmUser":null}`},
		"C1-23 a grant that is ours stays":            {good, `{"autoConfirmUser":true}`, `{"autoVerifyEmail":true,"autoConfirmUser":true}`},
		"what is false becomes true":                  {good, `{ "autoVerifyPhone" : false , "autoVerifyEmail":null,"autoConfirmUser":false}`, `{ "autoVerifyPhone" : false , "autoVerifyEmail":true,"autoConfirmUser":true}`},
		"an empty response is filled":                 {good, `{}`, `{"autoConfirmUser":true,"autoVerifyEmail":true}`},
		"an empty response with blanks":               {good, `{ }`, `{"autoConfirmUser":true,"autoVerifyEmail":true }`},
		"an empty response stays empty":               {"a@evil.com", `{}`, `{}`},
		"what nobody knows stays":                     {good, `{"new":{"autoConfirmUser":false}}`, `{"autoConfirmUser":true,"autoVerifyEmail":true,"new":{"autoConfirmUser":false}}`},
	} {
		t.Run(name, func(t *testing.T) {
			const place = `"response":{"autoConfirmUser":false,"autoVerifyEmail":false,"autoVerifyPhone":false}`
			payload := strings.Replace(string(event(nil, with(tt.email))), place, `"response" : `+tt.before+" ", 1)
			want := strings.Replace(string(event(nil, with(tt.email))), place, `"response" : `+tt.after+" ", 1)
			answer, err := presignup.New(policy(t, staff), &pool{}, &presignup.Options{Log: &log{}}).Invoke(t.Context(), []byte(payload))
			if err != nil || string(answer) != want {
				t.Errorf("%v\ngot  %s\nwant %s", err, answer, want)
			}
		})
	}
}

// TestBlanksAroundAnEventStay, and a payload that has room behind it is patched in the right place.
func TestBlanksAroundAnEventStay(t *testing.T) {
	text := "\r\n\t " + string(event(nil, with(good))) + " \n"
	payload := append(make([]byte, 0, len(text)+512), text...)
	answer, err := presignup.New(policy(t, staff), &pool{}, &presignup.Options{Log: &log{}}).Invoke(t.Context(), payload)
	want := strings.NewReplacer(`"autoConfirmUser":false`, `"autoConfirmUser":true`, `"autoVerifyEmail":false`, `"autoVerifyEmail":true`).Replace(text)
	if err != nil || string(answer) != want {
		t.Errorf("%v\ngot  %q\nwant %q", err, answer, want)
	}
}

func TestABigEventTakesNoTime(t *testing.T) {
	payload := event(nil, object{"email": good, "name": strings.Repeat(`\u2028`, 1<<17)})
	p := policy(t, staff)
	began := time.Now()
	if d := p.Decide(payload); d.Outcome != confirm {
		t.Errorf("%+v", d)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}
