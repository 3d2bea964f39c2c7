package event_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich/event"
)

const sub = "6f9c4f9e-0a1b-4c2d-8e3f-112233445566"

// body is a good message with members put in front of, or instead of, the known ones.
func body(members string) string {
	return `{"v":1,"pool":"eu-west-1_Ab12cd34E","user":"ada","sub":"` + sub + `"` + members + `}`
}

// who is what body("") says.
func who(change func(*event.Message)) event.Message {
	m := event.Message{Pool: "eu-west-1_Ab12cd34E", User: "ada", Sub: sub, Generation: "0", Source: "signup"}
	if change != nil {
		change(&m)
	}
	return m
}

func unknown(key, raw string) event.Message {
	return who(func(m *event.Message) { m.Unknown = map[string]json.RawMessage{key: json.RawMessage(raw)} })
}

func at(text string) event.Message {
	return who(func(m *event.Message) {
		if text != "" {
			m.At, _ = time.Parse(time.RFC3339Nano, text)
		}
	})
}

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(text))
	w.Close()
	return b.String()
}

// filled is a message of exactly size bytes.
func filled(size int) string {
	b := body(`,"x":""`)
	return strings.Replace(b, `"x":""`, `"x":"`+strings.Repeat("a", size-len(b))+`"`, 1)
}

func metadataOf(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `%s"k%d":"v"`, strings.Repeat(",", min(i, 1)), i)
	}
	return b.String()
}

type decodeCase struct {
	name   string
	body   string
	reason event.Reason   // "" when the body is read
	want   *event.Message // nil: only that it is read
}

// badBodies are named by the row of our list of bad inputs (C1 trigger events, C3 metadata, C5 bodies) and its words.
func badBodies() []decodeCase {
	return slices.Concat(identityCases(), versionCases(), shapeCases(), hintCases(), namesAndSubs(), metadataCases())
}

func bad(name, body string, reason event.Reason) decodeCase {
	return decodeCase{name, body, reason, nil}
}

func good(name, body string, m event.Message) decodeCase { return decodeCase{name, body, "", &m} }

func identityCases() []decodeCase {
	noUser := `{"v":1,"pool":"p","sub":"s"%s}`
	return []decodeCase{
		good("a good message", body(""), who(nil)),

		bad("C1-11 user missing", fmt.Sprintf(noUser, ""), event.IdentityMissing),
		bad("C1-11 user null", fmt.Sprintf(noUser, `,"user":null`), event.IdentityMissing),
		bad("C1-11 user empty", fmt.Sprintf(noUser, `,"user":""`), event.IdentityMissing),
		bad("C1-11 user of another letter case", fmt.Sprintf(noUser, `,"User":"ada"`), event.IdentityMissing),
		bad("C1-11 user is a number", fmt.Sprintf(noUser, `,"user":7`), event.BodySchema),
		bad("C1-11 pool missing", `{"v":1,"user":"u","sub":"s"}`, event.IdentityMissing),
		bad("C1-8 user twice", body(`,"user":"eve"`), event.IdentityAmbiguous),
		bad("C1-8 user twice, once escaped", body(`,"us\u0065r":"eve"`), event.IdentityAmbiguous),
		bad("C1-8 an unknown member twice", body(`,"x":1,"x":1`), event.IdentityAmbiguous),

		bad("C1-17 sub missing", `{"v":1,"pool":"p","user":"u"}`, event.IdentityMissing),
		bad("C1-17 sub is a list", `{"v":1,"pool":"p","user":"u","sub":[]}`, event.BodySchema),
	}
}

func versionCases() []decodeCase {
	return []decodeCase{
		bad("C1-20 version 2", `{"v":2,"pool":"p","user":"u","sub":"s"}`, event.VersionUnknown),
		bad("C1-20 version 2 of another shape", `{"v":2}`, event.VersionUnknown),
		bad("C1-20 version banana", `{"v":"banana","pool":"p","user":"u","sub":"s"}`, event.BodySchema),
		bad("C1-20 version as a string", `{"v":"1","pool":"p","user":"u","sub":"s"}`, event.BodySchema),
		bad("C1-20 version 0", `{"v":0,"pool":"p","user":"u","sub":"s"}`, event.BodySchema),
		bad("C1-20 version 1.5", `{"v":1.5,"pool":"p","user":"u","sub":"s"}`, event.BodySchema),
		bad("C1-20 version of 40 digits", `{"v":`+strings.Repeat("1", 40)+`}`, event.BodySchema),
		bad("C1-20 version null", `{"v":null,"pool":"p","user":"u","sub":"s"}`, event.BodySchema),
		bad("C1-20 version missing", `{"pool":"p","user":"u","sub":"s"}`, event.BodySchema),
	}
}

// shapeCases are bodies that are no message at all.
func shapeCases() []decodeCase {
	return []decodeCase{
		bad("C5-105 no bytes", "", event.BodyEmpty),
		bad("C5-105 only spaces", " \t\r\n ", event.BodyEmpty),
		bad("C5-105 null", "null", event.BodySchema),
		bad("C5-105 an empty object", "{}", event.BodySchema),
		bad("C5-105 an empty list", "[]", event.BodySchema),
		bad("C5-105 a string", `"{}"`, event.BodySchema),

		bad("C5-106 plain text", "hello", event.BodyUndecodable),
		bad("C5-106 HTML", "<!doctype html><title>503</title>", event.BodyUndecodable),
		bad("C5-106 XML", `<?xml version="1.0"?><m/>`, event.BodyUndecodable),
		bad("C5-106 base64", base64.StdEncoding.EncodeToString([]byte(body(""))), event.BodyUndecodable),
		bad("C5-106 gzip", gzipped(body("")), event.BodyUndecodable),
		bad("C5-106 half a message", body("")[:40], event.BodyUndecodable),
		bad("C5-106 a message and more", body("")+body(""), event.BodyUndecodable),
		bad("C5-106 a byte-order mark first", "\xef\xbb\xbf"+body(""), event.BodyUndecodable),
		bad("C5-106 nested too deep", `{"v":`+strings.Repeat("[", 10001)+strings.Repeat("]", 10001)+`}`, event.BodyUndecodable),

		{"C5-108 1 MiB exactly", filled(event.MaxBody), "", nil},
		bad("C5-108 one byte above 1 MiB", filled(event.MaxBody+1), event.BodyTooLarge),
		bad("C5-108 much above 1 MiB of no JSON", strings.Repeat("{", 4*event.MaxBody), event.BodyTooLarge),

		bad("C5-109 SNS", `{"Type":"Notification","MessageId":"1","TopicArn":"arn:aws:sns:eu-west-1:1:t","Message":"{}"}`, event.EnvelopeUnknown),
		bad("C5-109 EventBridge", `{"version":"0","id":"1","detail-type":"x","source":"aws.s3","detail":{}}`, event.EnvelopeUnknown),
		bad("C5-109 S3 test event", `{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}`, event.EnvelopeUnknown),
		bad("C5-109 S3 event", `{"Records":[{"eventSource":"aws:s3"}]}`, event.EnvelopeUnknown),
		bad("C5-109 Lambda destination", `{"version":"1.0","requestContext":{},"requestPayload":{},"responsePayload":{}}`, event.EnvelopeUnknown),
		bad("C5-109 a Cognito event", `{"version":"1","triggerSource":"PostConfirmation_ConfirmSignUp","userName":"ada"}`, event.BodySchema),
	}
}

// hintCases say what another place says better: the queue, the worker, the ledger.
func hintCases() []decodeCase {
	return []decodeCase{
		good("C5-111 a run key claimed in the body is kept, not believed", body(`,"key":"00000000000000000000000000"`), unknown("key", `"00000000000000000000000000"`)),

		good("C5-112 at in the future", body(`,"at":"2999-01-01T00:00:00Z"`), at("2999-01-01T00:00:00Z")),
		good("C5-112 at in 1970", body(`,"at":"1970-01-01T00:00:00Z"`), at("1970-01-01T00:00:00Z")),
		good("C5-112 at of another zone", body(`,"at":"2026-01-02T05:04:05.5+02:00"`), at("2026-01-02T03:04:05.5Z")),
		good("C5-112 at absent", body(""), at("")),
		good("C5-112 at is any text", body(`,"at":"yesterday"`), at("")),
		good("C5-112 at is a number", body(`,"at":1767323045`), at("")),
		good("C5-112 at is null", body(`,"at":null`), at("")),
		good("C5-112 at before the first year", body(`,"at":"0001-01-01T00:00:00+01:00"`), at("")),
		good("C5-112 at after the last year", body(`,"at":"9999-12-31T23:59:59-01:00"`), at("")),

		good("C5-115 message attributes told in the body", body(`,"MessageAttributes":7`), unknown("MessageAttributes", "7")),
		good("C5-116 ApproximateReceiveCount told in the body", body(`,"ApproximateReceiveCount":"abc"`), unknown("ApproximateReceiveCount", `"abc"`)),
		good("C5-117 a reason told in the body is kept", body(`,"reason":"user_gone"`), unknown("reason", `"user_gone"`)),
	}
}

// namesAndSubs are read as they come: the pool, not the decoder, knows who that is.
func namesAndSubs() (cases []decodeCase) {
	for name, user := range map[string]string{
		"C1-12 user with NUL": "a\x00b", "C1-12 user with newline": "a\nb", "C1-12 user with bidi override": "a\u202eb",
		"C1-12 user of 128 emoji": strings.Repeat("😀", 128), "C1-12 user of U+FFFF": "\uffff", "C1-12 user with quotes": `"\`,
	} {
		quoted, _ := json.Marshal(user)
		m := who(func(m *event.Message) { m.User = user })
		cases = append(cases, decodeCase{name, strings.Replace(body(""), `"ada"`, string(quoted), 1), "", &m})
	}
	for name, sub := range map[string]string{"C1-17 sub not a UUID": "42", "C1-17 sub in upper case": strings.ToUpper(sub)} {
		m := event.Message{Pool: "p", User: "u", Sub: sub, Generation: "0", Source: "signup"}
		cases = append(cases, decodeCase{name, `{"v":1,"pool":"p","user":"u","sub":"` + sub + `"}`, "", &m})
	}
	return cases
}

func metadataCases() (cases []decodeCase) {
	for _, c := range []struct {
		name, raw string
		want      map[string]string
	}{
		{"C3-80 strings", `{"plan":"pro","empty":""}`, map[string]string{"plan": "pro", "empty": ""}},
		{"C3-80 key __proto__", `{"__proto__":"x"}`, map[string]string{"__proto__": "x"}},
		{"C3-80 key of 300 characters", `{"` + strings.Repeat("k", 300) + `":"x"}`, map[string]string{strings.Repeat("k", 300): "x"}},
		{"C3-80 value of 256 bytes", `{"a":"` + strings.Repeat("é", 128) + `"}`, map[string]string{"a": strings.Repeat("é", 128)}},
		{"C3-80 value of 257 bytes is dropped", `{"a":"` + strings.Repeat("é", 128) + `x","b":"y"}`, map[string]string{"b": "y"}},
		{"C3-80 value of 100 KB is dropped", `{"a":"` + strings.Repeat("x", 100<<10) + `"}`, nil},
		{"C3-80 binary is made text", "{\"a\":\"\xff\x80\"}", map[string]string{"a": "\uFFFD\uFFFD"}},
		{"C3-80 values of other types are dropped", `{"a":1,"b":true,"c":null,"d":{},"e":["x"],"f":"y"}`, map[string]string{"f": "y"}},
		{"C3-80 a key given twice is dropped", `{"a":"1","b":"x","a":"2","a":"3"}`, map[string]string{"b": "x"}},
		{"C3-80 null", `null`, nil},
		{"C3-80 a list", `["a"]`, nil},
		{"C3-80 a string", `"{}"`, nil},
		{"C3-80 nothing in it", `{}`, nil},
	} {
		m := who(func(m *event.Message) { m.Metadata = c.want })
		cases = append(cases, decodeCase{c.name, body(`,"metadata":` + c.raw), "", &m})
	}
	return append(cases, decodeCase{"C3-80 1,000 keys", body(`,"metadata":{` + metadataOf(1000) + `}`), "", nil})
}

func TestDecode(t *testing.T) {
	for _, tt := range badBodies() {
		t.Run(tt.name, func(t *testing.T) {
			got, err := event.Decode([]byte(tt.body))
			if reason := reasonOf(t, err); reason != tt.reason {
				t.Fatalf("reason %q, want %q", reason, tt.reason)
			}
			if err != nil && !cmp.Equal(got, event.Message{}) {
				t.Errorf("a refused body left %+v", got)
			}
			if tt.want == nil {
				return
			}
			if diff := cmp.Diff(*tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAThousandMetadataKeysAreAllRead(t *testing.T) {
	m, err := event.Decode([]byte(body(`,"metadata":{` + metadataOf(1000) + `}`)))
	if err != nil || len(m.Metadata) != 1000 {
		t.Errorf("%d keys, %v", len(m.Metadata), err)
	}
}

// reasonOf fails when err is not what Decode promises.
func reasonOf(t *testing.T, err error) event.Reason {
	t.Helper()
	if err == nil {
		return ""
	}
	var refused *event.Error
	if !errors.As(err, &refused) {
		t.Fatalf("%T is not *event.Error: %v", err, err)
	}
	if refused.Reason == "" || refused.Error() != string(refused.Reason)+": "+refused.Detail {
		t.Fatalf("an error without words: %#v", refused)
	}
	return refused.Reason
}

func TestErrorsSayNothingOfTheBody(t *testing.T) {
	const canary = "canary@example.com"
	for _, b := range []string{
		canary, `"` + canary + `"`, `{"` + canary + `":1}`, `{"v":"` + canary + `"}`, `{"v":1,"pool":["` + canary + `"]}`,
		body(`,"` + canary + `":1,"` + canary + `":2`), `{"v":1,"pool":"` + canary + `"}`, `{"v":1,"user":{"` + canary + `":1}}`,
	} {
		_, err := event.Decode([]byte(b))
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", b, err)
		}
	}
}
