package pretend_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/postconfirm/postconfirm/enrich/connect/ses/pretend"
)

const (
	stored = `{"FromEmailAddress":"a@example.com","Destination":{"ToAddresses":["b@example.com"]},"EmailTags":[{"Name":"n","Value":"v"}],` +
		`"Content":{"Template":{"TemplateName":"t","TemplateData":"{\"greeting\":\"Ann\"}"}}}`
	simple = `{"FromEmailAddress":"a@example.com","Destination":{"ToAddresses":["b@example.com"]},"EmailTags":[{"Name":"n","Value":"v"}],` +
		`"Content":{"Simple":{"Subject":{"Data":"Hello"},"Body":{"Text":{"Data":"Hi"}}}}}`
)

// TestRequestsAreHeldAgainstTheSchema also asks a validator that knows all of JSON Schema.
func TestRequestsAreHeldAgainstTheSchema(t *testing.T) {
	whole, err := jsonschema.NewCompiler().Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, from, to, want string }{
		{"a stored template", "", "", ""},
		{"two recipients", `["b@example.com"]`, `["b@example.com","c@example.com"]`, "ToAddresses"},
		{"a copy", `"Destination":{`, `"Destination":{"BccAddresses":["c@example.com"],`, "BccAddresses"},
		{"a line in the recipient", "b@example.com", `b@example.com\r\nBcc: c`, "ToAddresses[0]"},
		{"a line in the sender", "a@example.com", `a@example.com\n`, "FromEmailAddress"},
		{"no tag", `[{"Name":"n","Value":"v"}]`, `[]`, "EmailTags"},
		{"a tag with an @", `"Value":"v"`, `"Value":"a@b"`, "Value"},
		{"no content", `{"Template":{"TemplateName":"t","TemplateData":"{\"greeting\":\"Ann\"}"}}`, `{}`, "Content"},
		{"two contents", `"Content":{`, `"Content":{"Simple":{"Subject":{"Data":"x"},"Body":{"Text":{"Data":"x"}}},`, "Content"},
		{"a raw mail", `"Template":{"TemplateName":"t","TemplateData":"{\"greeting\":\"Ann\"}"}`, `"Raw":{"Data":""}`, "Raw"},
		{"data that is a list", `"{\"greeting\":\"Ann\"}"`, `"[]"`, "TemplateData"},
		{"a number for a name", `"TemplateName":"t"`, `"TemplateName":1`, "TemplateName"},
		{"a word for a list", `["b@example.com"]`, `"b@example.com"`, "ToAddresses"},
		{"no JSON", "{", "", "no JSON"},
	} {
		t.Run(test.name, func(t *testing.T) {
			body := strings.Replace(stored, test.from, test.to, 1)
			err := pretend.CheckRequest([]byte(body))
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
			if value, bad := jsonschema.UnmarshalJSON(strings.NewReader(body)); bad == nil && (whole.Validate(value) == nil) != (err == nil) {
				t.Errorf("got %v, but all of JSON Schema says %v", err, whole.Validate(value))
			}
		})
	}
	if err := pretend.CheckRequest([]byte(simple)); err != nil {
		t.Errorf("a mail with its words: %v", err)
	}
}

func TestTheOutboxTakesAndRefuses(t *testing.T) {
	for _, test := range []struct {
		name, method, path, signature, body string
		want                                int
	}{
		{"a signed call", "POST", "/v2/email/outbound-emails", "AWS4-HMAC-SHA256 Credential=A/20260101/eu-west-1/ses/aws4_request", stored, 200},
		{"a call without a signature", "POST", "/v2/email/outbound-emails", "", stored, 400},
		{"a signature for another service", "POST", "/v2/email/outbound-emails", "AWS4-HMAC-SHA256 Credential=A/20260101/eu-west-1/sqs/aws4_request", stored, 400},
		{"another operation", "GET", "/v2/email/account", "AWS4-HMAC-SHA256 Credential=A/20260101/eu-west-1/ses/aws4_request", "", 404},
		{"a body that does not fit", "POST", "/v2/email/outbound-emails", "AWS4-HMAC-SHA256 Credential=A/20260101/eu-west-1/ses/aws4_request", "{}", 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			var outbox pretend.Outbox
			r := httptest.NewRequestWithContext(t.Context(), test.method, test.path, strings.NewReader(test.body))
			r.Header.Set("Authorization", test.signature)
			w := httptest.NewRecorder()
			outbox.ServeHTTP(w, r)
			if w.Code != test.want || len(outbox.Mails()) != map[int]int{http.StatusOK: 1}[test.want] {
				t.Errorf("got %d and %d mails: %s", w.Code, len(outbox.Mails()), w.Body)
			}
		})
	}
}
