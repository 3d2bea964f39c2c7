package all_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/all"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/enrich/pipefile"
)

const file = `
version: 1
pools: [eu-west-1_Ab12cd34E]
steps:
  - id: company
    uses: http
    if: ${{ has(user.email_domain) }}
    with:
      url: https://api.example.com/v2/companies/${{ default(user.email_domain, "") }}
      query: { fields: "name,people", plan: "${{ run.metadata.plan }}" }
      headers: { X-Region: "${{ run.region }}" }
      bearer: ${{ secrets.COMPANY_API_KEY }}
      outputs: { name: company.legal_name, contact: people.0.id }
      max-body: 65536
    not-found: [404]
    timeout: 5s
  - id: crm
    uses: http
    needs: [company]
    with:
      method: POST
      url: https://crm.example.com/contacts
      json: { email: "${{ user.email }}", company: "${{ steps.company.name }}", tags: [signup, "${{ run.source }}"] }
      auth-header: X-Api-Key
      auth-value: ${{ secrets.CRM_KEY }}
      idempotency-key: Idempotency-Key
  - id: notify
    uses: http
    needs: [attributes]
    with: { method: POST, url: "https://hooks.example.com/signup", json: { sub: "${{ user.sub }}" }, answer: none }
attributes:
  custom:company: ${{ steps.company.name }}
  custom:crm_id: { value: "${{ steps.crm.body.id }}", mode: if-empty }
`

func TestAPipelineFileReachesTheVendor(t *testing.T) {
	vendor := pretend.New()
	defer vendor.Close()
	pipeline, err := pipefile.Parse("pipeline.yaml", []byte(file), &pipefile.Options{
		Kinds: all.Kinds(connect.NewClient(&connect.Options{Transport: vendor}))})
	if err != nil {
		t.Fatal(err)
	}
	vars := expr.Vars{
		"user":    map[string]any{"email": "ann@acme.example", "email_domain": "acme.example", "sub": "5b1c"},
		"run":     map[string]any{"region": "eu-west-1", "source": "signup"},
		"steps":   map[string]any{"company": map[string]any{"name": "ACME"}},
		"secrets": map[string]any{"COMPANY_API_KEY": "one", "CRM_KEY": "two"},
	}
	for i, want := range []struct {
		class                        enrich.Class
		answer                       pretend.Answer
		method, target, header, body string
		result                       enrich.Result
	}{
		{enrich.Read, pretend.JSON(200, `{"company":{"legal_name":"ACME"},"people":[]}`),
			"GET", "/v2/companies/acme.example?fields=name%2Cpeople", "Authorization: Bearer one", "",
			enrich.Result{"status": int64(200), "name": "ACME", "contact": nil,
				"body": map[string]any{"company": map[string]any{"legal_name": "ACME"}, "people": []any{}}}},
		{enrich.Keyed, pretend.JSON(201, `{"id":"c-1"}`),
			"POST", "/contacts", "X-Api-Key: two", `{"company":"ACME","email":"ann@acme.example","tags":["signup","signup"]}`,
			enrich.Result{"status": int64(201), "body": map[string]any{"id": "c-1"}}},
		{enrich.Unsafe, pretend.Reply(200, nil, "ok"),
			"POST", "/signup", "Content-Type: application/json", `{"sub":"5b1c"}`,
			enrich.Result{"status": int64(200), "body": nil}},
	} {
		step := pipeline.Steps[i]
		t.Run(step.ID, func(t *testing.T) {
			vendor.Say(want.answer)
			got, err := step.Connector.Run(t.Context(), enrich.Call{EffectKey: "effect", Vars: vars})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.result, got); diff != "" {
				t.Errorf("the result (-want +got):\n%s", diff)
			}
			seen := vendor.Seen()[len(vendor.Seen())-1]
			if step.Class != want.class || seen.Method != want.method || seen.Target != want.target || string(seen.Body) != want.body {
				t.Errorf("class %v, seen %+v", step.Class, seen)
			}
			if name, value, _ := strings.Cut(want.header, ": "); seen.Header.Get(name) != value {
				t.Errorf("%s is %q, want %q", name, seen.Header.Get(name), value)
			}
			if seen.Header.Get("Idempotency-Key") != map[bool]string{true: "effect"}[want.class == enrich.Keyed] {
				t.Errorf("the key is %q", seen.Header.Get("Idempotency-Key"))
			}
		})
	}
	t.Run("not-found stands beside with", func(t *testing.T) {
		vendor.Say(pretend.JSON(404, "{}"))
		if _, err := pipeline.Steps[0].Connector.Run(t.Context(), enrich.Call{Vars: vars}); !errors.Is(err, enrich.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
}

const secondFile = `
version: 1
pools: [eu-west-1_Ab12cd34E]
steps:
  - id: company
    uses: http
    rate: 5/s
    with:
      url: https://api.example.com/companies/${{ default(user.email_domain, "") }}
      token-url: https://login.example.com/oauth/token
      client-id: ${{ secrets.COMPANY_ID }}
      client-secret: ${{ secrets.COMPANY_SECRET }}
      scope: companies.read
      outputs: { name: name }
    not-found: [404]
    pending: [202]
    cache: 1h
  - id: list
    uses: http
    with:
      method: PUT
      url: https://mail.example.com/lists/1/members/${{ user.sub }}
      form: { mail: "${{ user.email }}", source: "${{ run.source }}" }
      auth-query: key
      auth-value: ${{ secrets.LIST_KEY }}
  - id: crm
    uses: salesforce
    needs: [company]
    rate: 5/s
    with:
      login: https://acme.my.salesforce.com
      client-id: ${{ secrets.SALESFORCE_ID }}
      client-secret: ${{ secrets.SALESFORCE_SECRET }}
      object: Contact
      external-id: Cognito_Sub__c
      value: ${{ user.sub }}
      fields: { Email: "${{ user.email }}", LastName: unknown, Department: "${{ steps.company.name }}" }
attributes:
  custom:company: ${{ steps.company.name }}
  custom:crm_id: ${{ steps.crm.id }}
`

func TestTokensLookUpsAndUpsertsFromAFile(t *testing.T) {
	vendor := pretend.New()
	defer vendor.Close()
	pipeline, err := pipefile.Parse("pipeline.yaml", []byte(secondFile), &pipefile.Options{
		Kinds: all.Kinds(connect.NewClient(&connect.Options{Transport: vendor}))})
	if err != nil {
		t.Fatal(err)
	}
	vars := expr.Vars{
		"user":  map[string]any{"email": "ann@acme.example", "email_domain": "acme.example", "sub": "5b1c"},
		"run":   map[string]any{"source": "signup"},
		"steps": map[string]any{"company": map[string]any{"name": "ACME"}},
		"secrets": map[string]any{"COMPANY_ID": "one", "COMPANY_SECRET": "two", "LIST_KEY": "three", "SALESFORCE_ID": "four",
			"SALESFORCE_SECRET": "five"},
	}
	vendor.When(func(r pretend.Request) bool { return strings.HasSuffix(r.Target, "/token") }, pretend.JSON(200, `{"access_token":"t"}`))
	for i, want := range []struct {
		class                  enrich.Class
		answer                 pretend.Answer
		method, target, body   string
		authorization          string
		requests, requestsNext int // of the first call, and of a second one
		result                 enrich.Result
	}{
		{enrich.Read, pretend.JSON(200, `{"name":"ACME"}`), "GET", "/companies/acme.example", "", "Bearer t", 2, 0,
			enrich.Result{"status": int64(200), "name": "ACME", "body": map[string]any{"name": "ACME"}}},
		{enrich.Idempotent, pretend.JSON(200, ""), "PUT", "/lists/1/members/5b1c?key=three", "mail=ann%40acme.example&source=signup", "", 1, 1,
			enrich.Result{"status": int64(200), "body": nil}},
		{enrich.Idempotent, pretend.JSON(201, `{"id":"003","success":true,"created":true}`), "PATCH",
			"/services/data/v62.0/sobjects/Contact/Cognito_Sub__c/5b1c", `{"Department":"ACME","Email":"ann@acme.example","LastName":"unknown"}`,
			"Bearer t", 2, 1, enrich.Result{"id": "003", "created": true}},
	} {
		step := pipeline.Steps[i]
		t.Run(step.ID, func(t *testing.T) {
			vendor.Say(want.answer)
			for _, requests := range []int{want.requests, want.requestsNext} {
				before := len(vendor.Seen())
				got, err := step.Connector.Run(t.Context(), enrich.Call{EffectKey: "effect", Vars: vars})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want.result, got); diff != "" || len(vendor.Seen())-before != requests {
					t.Errorf("%d requests, want %d; the result (-want +got):\n%s", len(vendor.Seen())-before, requests, diff)
				}
			}
			seen := vendor.Seen()[len(vendor.Seen())-1]
			if step.Class != want.class || seen.Method != want.method || seen.Target != want.target || string(seen.Body) != want.body ||
				seen.Header.Get("Authorization") != want.authorization {
				t.Errorf("class %v, seen %+v", step.Class, seen)
			}
		})
	}
}
