package all_test

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/enrichtest"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
)

// Every place of every connector in the catalogue that a user's word can flow into, but for sql's, which its own package
// has (C3-63, 64, 65, 68 to 71, 74, 75, 76; D9). Each step has one such place, ${{ user.name }}.
const sinksFile = `
version: 1
pools: [eu-west-1_Ab12cd34E]
steps:
  - { id: http_path, uses: http, with: { url: "https://v.example/a/${{ default(user.name, '') }}/z?k=1" } }
  - { id: http_part, uses: http, with: { url: "https://v.example/a/x-${{ default(user.name, '') }}.json/z?k=1" } }
  - { id: http_query, uses: http, with: { url: "https://v.example/a?k=1", query: { x: "${{ user.name }}", y: "2" } } }
  - { id: http_header, uses: http, with: { url: "https://v.example/a", headers: { X-Name: "${{ user.name }}", X-Other: o } } }
  - { id: http_form, uses: http, with: { method: PUT, url: "https://v.example/a", form: { x: "${{ user.name }}", y: "2" } } }
  - { id: http_json, uses: http, with: { method: PUT, url: "https://v.example/a", json: { x: "${{ user.name }}", y: [2] } } }
  - { id: http_user, uses: http, with: { url: "https://v.example/a", basic-user: "${{ user.name }}", basic-password: p } }
  - { id: http_password, uses: http, with: { url: "https://v.example/a", basic-user: u, basic-password: "${{ user.name }}" } }
  - { id: http_bearer, uses: http, with: { url: "https://v.example/a", bearer: "${{ user.name }}" } }
  - { id: http_key, uses: http, with: { url: "https://v.example/a", auth-header: X-Key, auth-value: "${{ user.name }}" } }
  - { id: http_key_query, uses: http, with: { url: "https://v.example/a?k=1", auth-query: x, auth-value: "${{ user.name }}" } }
  - { id: hubspot_property, uses: hubspot, with: { token: t, email: ann@acme.example, properties: { firstname: "${{ user.name }}", plan: pro } } }
  - { id: hubspot_email, uses: hubspot, with: { token: t, email: "${{ default(user.name, '') }}@acme.example", properties: { plan: pro } } }
  - id: salesforce_value
    uses: salesforce
    with: { login: https://acme.my.salesforce.com, client-id: i, client-secret: s, object: Contact, external-id: Sub__c, value: "${{ user.name }}", fields: { LastName: x } }
  - id: salesforce_field
    uses: salesforce
    with: { login: https://acme.my.salesforce.com, client-id: i, client-secret: s, object: Contact, external-id: Sub__c, value: "1", fields: { LastName: "${{ user.name }}", Plan__c: pro } }
  - id: ses_to
    uses: ses
    with: { region: eu-west-1, from: hello@example.com, to: "${{ default(user.name, '') }}@acme.example", template: welcome, greeting: Ann, locale: de }
  - id: ses_data
    uses: ses
    with: { region: eu-west-1, from: Example <hello@example.com>, reply-to: [help@example.com], to: ann@acme.example, template: welcome, greeting: Ann, locale: de, data: { x: "${{ user.name }}", y: z } }
  - id: ses_greeting
    uses: ses
    with: { region: eu-west-1, from: hello@example.com, to: ann@acme.example, template: welcome, greeting: "${{ user.name }}", locale: de }
  - id: ses_locale
    uses: ses
    with: { region: eu-west-1, from: hello@example.com, to: ann@acme.example, templates: { default: welcome, fr: bienvenue }, greeting: Ann, locale: "${{ user.name }}" }
  - id: ses_text
    uses: ses
    with: { region: eu-west-1, from: hello@example.com, to: ann@acme.example, subject: Welcome, greeting: Ann, locale: de, data: { x: "${{ user.name }}" }, text: "Hi\n{{.x}}\nBye" }
  - id: ses_html
    uses: ses
    with: { region: eu-west-1, from: hello@example.com, to: ann@acme.example, subject: Welcome, greeting: Ann, locale: de, data: { x: "${{ user.name }}" }, text: Hi, html: "<p title=\"{{.x}}\">{{.x}}</p>" }
  - id: ses_unsubscribe
    uses: ses
    with: { region: eu-west-1, from: hello@example.com, to: ann@acme.example, template: welcome, greeting: Ann, locale: de, unsubscribe: "https://example.com/u?x=${{ default(user.name, '') }}&k=1" }
  - { id: webhook_json, uses: webhook, with: { url: "https://v.example/h", secret: "${{ secrets.HOOK }}", json: { x: "${{ user.name }}", y: 2 } } }
  - id: webhook_data
    uses: webhook
    with: { url: "https://v.example/h", secret: "${{ secrets.HOOK }}", format: cloudevents, type: com.example.x, source: "https://example.com", json: { x: "${{ user.name }}" } }
  - id: webhook_subject
    uses: webhook
    with: { url: "https://v.example/h", secret: "${{ secrets.HOOK }}", format: cloudevents, type: com.example.x, source: "https://example.com", subject: "${{ user.name }}", json: { y: 2 } }
attributes:
  custom:x: "${{ user.name }}"
`

// sink says how a value arrives.
type sink struct {
	// read takes the value out of a request, with a parser that is not ours, and gives what is left, which must be the
	// same for everybody.
	read func(r pretend.Request) (value, rest string, err error)
	// refuses says which values are not sent at all; nil is none.
	refuses func(value string) bool
	// becomes is what must arrive for a value; nil is the value itself.
	becomes func(value string) string
	// holds is asked in place of becomes where a value is cleaned.
	holds func(value, arrived string) bool
	vary  []string // headers that carry the value
}

func sinks() map[string]sink {
	const salesforce = "/services/data/v62.0/sobjects/Contact/Sub__c/"
	noHeader := func(v string) bool {
		return len(v) > connect.MaxHeaderValue || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r > '~' })
	}
	return map[string]sink{
		"http_path":        {read: inPath("/a/", "/z?k=1"), refuses: func(v string) bool { return noPath(v, "") }},
		"http_part":        {read: inPath("/a/x-", ".json/z?k=1"), refuses: func(v string) bool { return noPath(v, "x-") }},
		"http_query":       {read: inQuery, refuses: func(v string) bool { return len(url.QueryEscape(v)) > 8<<10 }},
		"http_key_query":   {read: inQuery, refuses: func(v string) bool { return len(url.QueryEscape(v)) > 8<<10 }},
		"http_header":      {read: inHeader("X-Name"), refuses: noHeader, becomes: strings.TrimSpace, vary: []string{"X-Name"}},
		"http_key":         {read: inHeader("X-Key"), refuses: noHeader, becomes: strings.TrimSpace, vary: []string{"X-Key"}},
		"http_bearer":      {read: inHeader("Authorization"), refuses: noHeader, becomes: func(v string) string { return strings.TrimRight("Bearer "+v, " ") }, vary: []string{"Authorization"}},
		"http_user":        {read: inBasic(true), refuses: func(v string) bool { return strings.Contains(v, ":") || len(v) > 6000 }, vary: []string{"Authorization"}},
		"http_password":    {read: inBasic(false), refuses: func(v string) bool { return len(v) > 6000 }, vary: []string{"Authorization"}},
		"http_form":        {read: inForm},
		"http_json":        {read: inJSON("x"), becomes: letters},
		"hubspot_property": {read: inJSON("inputs", 0, "properties", "firstname"), becomes: letters},
		"hubspot_email":    {read: inJSON("inputs", 0, "id"), refuses: noEmail, becomes: func(v string) string { return strings.ToLower(v + "@acme.example") }},
		"salesforce_value": {read: inPath(salesforce, ""), refuses: func(v string) bool { return len(v) > 1024 || leads(v) }},
		"salesforce_field": {read: inJSON("LastName"), becomes: letters},
		"ses_to":           {read: inJSON("Destination", "ToAddresses", 0), refuses: noRecipient, becomes: func(v string) string { return v + "@acme.example" }},
		"ses_data":         {read: inTemplate("x"), holds: clean},
		"ses_greeting":     {read: inTemplate("greeting"), holds: greets},
		"ses_locale":       {read: inJSON("Content", "Template", "TemplateName"), becomes: func(string) string { return "welcome" }},
		"ses_text":         {read: inJSON("Content", "Simple", "Body", "Text", "Data"), holds: oneLine("Hi\n", "\nBye")},
		"ses_html":         {read: inHTML, holds: oneLine("", "")},
		"ses_unsubscribe":  {read: inUnsubscribe, refuses: func(v string) bool { return len(url.QueryEscape(v)) > 850 }},
		"webhook_json":     {read: inJSON("x"), becomes: letters},
		"webhook_data":     {read: inJSON("data", "x"), becomes: letters},
		"webhook_subject":  {read: inJSON("subject"), refuses: noSubject},
	}
}

func TestThreatD9AUsersWordIsAValueInEverySink(t *testing.T) {
	withAccount(t)
	vendor := pretend.New(pretend.JSON(200, `{"results":[{"id":"1","new":true}],"id":"003","success":true,"MessageId":"m"}`))
	defer vendor.Close()
	vendor.When(isSalesforceToken, pretend.JSON(200, `{"access_token":"t"}`))
	client := connect.NewClient(&connect.Options{Transport: vendor})
	pipeline := sinksOf(t, client)
	ask := func(step *enrich.Step, value string) (*pretend.Request, error) {
		before := len(vendor.Seen())
		_, err := step.Connector.Run(t.Context(), enrich.Call{EffectKey: "0a1b-x", Vars: sinkVars(value)})
		seen := slices.DeleteFunc(vendor.Seen()[before:], isSalesforceToken)
		if len(seen) > 1 {
			t.Fatalf("%s: %d requests for one call", step.ID, len(seen))
		}
		if len(seen) == 0 {
			return nil, err
		}
		return &seen[0], err
	}
	tried := map[string]bool{}
	for i := range pipeline.Steps {
		step := &pipeline.Steps[i]
		to, known := sinks()[step.ID]
		if !known {
			t.Fatalf("nobody says how a value arrives at %s", step.ID)
		}
		tried[step.Uses] = true
		t.Run(step.ID, func(t *testing.T) {
			plain, err := ask(step, "Ann")
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range enrichtest.Hostile() {
				got, err := ask(step, value)
				to.check(t, name, value, plain, got, err)
			}
		})
	}
	// sql has a test of its own, at its wire; a connector that is added later does well to stand here too.
	for _, name := range []string{"http", "hubspot", "salesforce", "ses", "webhook"} {
		if !tried[name] {
			t.Errorf("no sink of %s is tried", name)
		}
	}
}

// check holds one request against that for somebody called Ann.
func (s sink) check(t *testing.T, name, value string, plain, got *pretend.Request, err error) {
	t.Helper()
	if s.refuses != nil && s.refuses(value) {
		if e := enrich.Failure(err); err == nil || got != nil || e.Kind != enrich.Permanent || e.Sent || len(value) > 3 && strings.Contains(err.Error(), value) {
			t.Errorf("%s: want it refused and not shown; got %v, sent %v", name, err, got != nil)
		}
		return
	}
	if err != nil || got == nil {
		t.Errorf("%s: it is not sent: %v", name, err)
		return
	}
	_, want, err := s.read(*plain)
	if err != nil {
		t.Fatal(err)
	}
	arrived, rest, err := s.read(*got)
	switch {
	case err != nil:
		t.Errorf("%s: %v", name, err)
	case rest != want:
		t.Errorf("%s: beside the value stands %.300q, want %.300q", name, rest, want)
	case s.holds != nil && !s.holds(value, arrived), s.holds == nil && arrived != s.expected(value):
		t.Errorf("%s: %.100q arrives as %.100q", name, value, arrived)
	}
	if a, b := frame(*got, s.vary), frame(*plain, s.vary); a != b {
		t.Errorf("%s: the request is %s, want %s", name, a, b)
	}
}

func (s sink) expected(value string) string {
	if s.becomes != nil {
		return s.becomes(value)
	}
	return value
}

// frame is what of a request has nothing to do with anybody: method, host, all headers, and the values of those that
// have no signature or length in them.
func frame(r pretend.Request, vary []string) string {
	vary = append([]string{"Content-Length", "X-Amz-Date", "Amz-Sdk-Invocation-Id", "Amz-Sdk-Request", "Webhook-Timestamp", "Webhook-Signature"}, vary...)
	if strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-") {
		vary = append(vary, "Authorization")
	}
	text := r.Method + " " + r.Host
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		text += fmt.Sprintf("\n%s %d", name, len(r.Header[name]))
		if !slices.Contains(vary, name) {
			text += fmt.Sprintf(" %q", r.Header[name])
		}
	}
	return text
}

// C3-84: ten megabytes from a federated provider are longer than any value may be, and no sink sends them or a part of
// them.
func TestThreatD9TenMegabytesAreNotPassedOn(t *testing.T) {
	withAccount(t)
	vendor := pretend.New(pretend.JSON(200, `{"results":[{"id":"1","new":true}],"id":"003","success":true,"MessageId":"m"}`))
	defer vendor.Close()
	vendor.When(isSalesforceToken, pretend.JSON(200, `{"access_token":"t"}`))
	for _, step := range sinksOf(t, connect.NewClient(&connect.Options{Transport: vendor})).Steps {
		t.Run("C3-84 "+step.ID, func(t *testing.T) {
			before := len(vendor.Seen())
			_, err := step.Connector.Run(t.Context(), enrich.Call{EffectKey: "k", Vars: sinkVars(strings.Repeat("x", 10<<20))})
			if e := enrich.Failure(err); err == nil || e.Kind != enrich.Permanent || e.Sent {
				t.Errorf("got %v", err)
			}
			for _, r := range slices.DeleteFunc(vendor.Seen()[before:], isSalesforceToken) {
				t.Errorf("%d bytes are sent", len(r.Body)+len(r.Target))
			}
		})
	}
}
