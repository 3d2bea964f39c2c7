package salesforce

import (
	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect/oauth"
)

// page is what the reference page says beside the options.
func page() enrich.Page {
	return enrich.Page{
		Result: []enrich.Term{
			{Name: "id", Doc: "The record's id; null where Salesforce does not say."},
			{Name: "created", Doc: "True if the record was made just now, false if it was there."},
		},
		Codes:  append(codes(), oauth.Codes()...),
		HTTP:   true,
		Limits: limits(),
		Permissions: []string{
			"The app: the OAuth scope `api`, and the client credentials flow with a user that it runs as, or the JWT bearer flow with the certificate and `username` authorised beforehand.",
			"That user: API Enabled; Read, Create and Edit on the object; Edit on each field that is written and on the one in `external-id`. Nothing else.",
		},
		Example: `
- id: crm
  uses: salesforce
  rate: 5/s
  with:
    login: https://acme.my.salesforce.com
    client-id: ${{ secrets.SALESFORCE_ID }}
    client-secret: ${{ secrets.SALESFORCE_SECRET }}
    object: Contact
    external-id: Cognito_Sub__c
    value: ${{ user.sub }}
    fields: { Email: "${{ user.email }}", LastName: "${{ default(user.family_name, 'unknown') }}" }
- id: sandbox
  uses: salesforce
  with:
    login: https://acme--test.sandbox.my.salesforce.com
    client-id: ${{ secrets.SANDBOX_ID }}
    private-key: ${{ secrets.SANDBOX_KEY }}
    username: integration@acme.example.test
    audience: https://test.salesforce.com
    object: Contact
    external-id: Cognito_Sub__c
    value: ${{ user.sub }}
    fields: { Email: "${{ user.email }}", LastName: unknown }`,
	}
}

func codes() []enrich.Code {
	return []enrich.Code{
		{Code: CodeNoSecret, Kind: enrich.Permanent, Doc: "An id, secret, key or user is null or empty; nothing was sent."},
		{Code: CodeBadValue, Kind: enrich.Permanent, Doc: "An expression fails, `value` is empty or too long, or `fields` has a key that is no API name; nothing was sent."},
		{Code: CodeTooLarge, Kind: enrich.Permanent, Doc: "The body to be sent is larger than 1 MiB; nothing was sent."},
		{Code: CodeSeveral, Kind: enrich.Permanent, Doc: "300: several records have this external id."},
		{Code: codeNotSaved, Kind: enrich.Permanent, Doc: "A 2xx that says `success: false`."},
		{Code: "http_<status>", Kind: enrich.Permanent, Doc: "A 2xx that an upsert does not have, such as `http_202`."},
		{Code: "request_limit_exceeded", Kind: enrich.Throttled, Doc: "The org has used up its requests of 24 hours. It is left alone for an hour at a time."},
		{Code: "unable_to_lock_row`, `request_running_too_long`, `server_unavailable", Kind: enrich.Temporary, Doc: "Others write the same records, or the org is busy or away."},
		{Code: "<error code>", Kind: enrich.Permanent, Doc: "Salesforce's own error code in lower case, with a 4xx: `invalid_field`, `required_field_missing`, `duplicates_detected`, `not_found`."},
		{Code: "<error code>", Kind: enrich.Temporary, Doc: "The same with a 401, 403 or 5xx: `invalid_session_id` (a new token is refused, too), `insufficient_access`."},
		{Code: "<error code>", Kind: enrich.Throttled, Doc: "The same with a 429."},
		{Code: oauth.CodeKey, Kind: enrich.Denied, Doc: "`private-key` is no RSA key of 2048 bits or more that can sign; nothing was sent."},
		{Code: codeInstance, Kind: enrich.Denied, Doc: "The token's answer names a host that is neither Salesforce's nor in `instances`; nothing was sent there."},
	}
}

func limits() []string {
	return []string{
		"Salesforce counts the requests of the whole org in the last 24 hours; a step makes one, and a token one now and then. A token is kept in memory until shortly before its end, and a refused one is renewed once.",
		"While a contact is written Salesforce may lock its account, so many users of one company at once fail with `unable_to_lock_row`, and are tried again. A low `rate` avoids that.",
		"`value` has at most 1024 bytes, is one segment of the path whatever is in it, and is not `.` or `..`. Values that end like a file's name (`.inc`) have been answered with 404, so an e-mail address is a poor external id, and `user.sub` a good one.",
		"A body has at most 1 MiB; an API name 100 characters; the API's version is 46.0 or later.",
		"Tokens go to `login`, to hosts below salesforce.com and force.com, and to those in `instances`.",
	}
}
