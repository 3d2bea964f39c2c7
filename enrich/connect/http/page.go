package httpstep

import (
	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect/oauth"
)

// page is what the reference page says beside the options.
func page() enrich.Page {
	return enrich.Page{
		Class: "GET and HEAD are read, PUT and DELETE idempotent, POST and PATCH keyed with `idempotency-key` and unsafe without",
		Result: []enrich.Term{
			{Name: "status", Doc: "The status, a number."},
			{Name: "body", Doc: "The answer's JSON; null with `answer: none`, and when there was none."},
			{Name: "NAME", Doc: "What `outputs` calls NAME; null where its path leads nowhere. A status of `not-found` is the outcome not-found."},
		},
		HTTP: true,
		Codes: append([]enrich.Code{
			{Code: CodeNoCredential, Kind: enrich.Permanent, Doc: "A token, key, user or password is null or empty; nothing was sent."},
			{Code: CodeBadValue, Kind: enrich.Permanent, Doc: "An expression fails, or its value fits nowhere; nothing was sent."},
			{Code: CodeTooLarge, Kind: enrich.Permanent, Doc: "The body to be sent is larger than 1 MiB; nothing was sent."},
			{Code: enrich.CodePending, Kind: enrich.Throttled, Doc: "A status of `pending`: the answer is not ready. Nobody else has to wait for it."},
		}, oauth.Codes()...),
		Limits: []string{
			"A URL has at most 8 KiB, a header's value 8 KiB, an answer `max-body`.",
			"Expressions stand in the path only, and each is one segment or a part of one: no value of a user decides whom we talk to.",
			"Addresses that are not public are refused; whoever runs the worker can allow them, a pipeline can't.",
		},
		Example: `
- id: company
  uses: http
  if: ${{ has(user.email_domain) }}
  with:
    url: https://api.example.com/v2/companies/${{ default(user.email_domain, "") }}
    query: { fields: "name,people" }
    bearer: ${{ secrets.COMPANY_API_KEY }}
    outputs: { name: company.legal_name, contact: people.0.id }
  not-found: [404]
- id: crm
  uses: http
  with:
    method: POST
    url: https://crm.example.com/contacts
    json: { email: "${{ user.email }}", tags: [signup, "${{ run.source }}"] }
    auth-header: X-Api-Key
    auth-value: ${{ secrets.CRM_KEY }}
    idempotency-key: Idempotency-Key`,
	}
}
