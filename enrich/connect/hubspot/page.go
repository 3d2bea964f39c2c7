package hubspot

import "github.com/postconfirm/postconfirm/enrich"

// page is what the reference page says beside the options.
func page() enrich.Page {
	return enrich.Page{
		Class: "an upsert is idempotent, a lookup read",
		Result: []enrich.Term{
			{Name: "id", Doc: "HubSpot's number for the contact, as text."},
			{Name: "new", Doc: "After an upsert: true if the contact was made just now, false if it was there; null if HubSpot does not say."},
			{Name: "properties", Doc: "After a lookup: the properties of `fetch` by name, null where there is none. No such contact is the outcome not-found."},
		},
		Codes:  codes(),
		HTTP:   true,
		Limits: limits(),
		Permissions: []string{
			"Scope `crm.objects.contacts.write` for an upsert.",
			"Scope `crm.objects.contacts.read` for a lookup, and for an upsert that finds somebody else making the same contact at the same moment: without it that one fails with `forbidden`.",
		},
		Example: `
- id: known
  uses: hubspot
  if: ${{ has(user.email) }}
  with:
    action: lookup
    token: ${{ secrets.HUBSPOT_TOKEN }}
    fetch: [lifecyclestage, hubspot_owner_id]
  on-failure: skip
- id: contact
  uses: hubspot
  if: ${{ has(user.email) }}
  needs: [known]
  rate: 10/s
  with:
    token: ${{ secrets.HUBSPOT_TOKEN }}
    properties:
      firstname: ${{ user.given_name }}
      lastname: ${{ user.family_name }}
      signup_source: ${{ run.source }}
      lifecyclestage: ${{ default(steps.known.properties.lifecyclestage, "lead") }}`,
	}
}

func codes() []enrich.Code {
	return []enrich.Code{
		{Code: CodeNoCredential, Kind: enrich.Permanent, Doc: "The token is null or empty; nothing was sent."},
		{Code: CodeBadEmail, Kind: enrich.Permanent, Doc: "The address is null, empty, or none; nothing was sent. `if: ${{ has(user.email) }}` keeps such users away."},
		{Code: CodeBadValue, Kind: enrich.Permanent, Doc: "An expression fails, or its value is a list or a map; nothing was sent."},
		{Code: CodeConflict, Kind: enrich.Temporary, Doc: "HubSpot says that the contact exists, and does not find it yet."},
		{Code: CodeConflict, Kind: enrich.Permanent, Doc: "Another contact has a property that must be unique: the conflict stays after the contact was found."},
		{Code: "validation_error", Kind: enrich.Permanent, Doc: "HubSpot refuses a value or a property: a name that it does not have, an option that is none, a rule of its administrator."},
		{Code: "object_not_found`, `bad_request`, `invalid_params`, `method_not_allowed`, `unsupported_media_type", Kind: enrich.Permanent, Doc: "Other categories of HubSpot's."},
		{Code: CodeUnnamed, Kind: enrich.Permanent, Doc: "The contact is refused, in a category that is not known here."},
		{Code: "internal_error`, `service_unavailable`, `timeout", Kind: enrich.Temporary, Doc: "HubSpot is in trouble with this contact, and says so in an answer that went well otherwise."},
		{Code: CodeNoResult, Kind: enrich.Temporary, Doc: "A success without the contact's id."},
		{Code: "http_423", Kind: enrich.Temporary, Doc: "The contact is locked; it is asked for again after two seconds at the earliest."},
		{Code: CodeRolling, Kind: enrich.Throttled, Doc: "Too many requests in a few seconds: Retry-After, or the window that HubSpot names, or ten seconds."},
		{Code: CodeDaily, Kind: enrich.Throttled, Doc: "The account has used up its day. HubSpot is left alone for an hour at a time."},
		{Code: CodeMoving, Kind: enrich.Throttled, Doc: "477: HubSpot moves the account to another data centre. Retry-After, or an hour."},
	}
}

func limits() []string {
	return []string{
		"HubSpot takes 190 requests in ten seconds from an app on Professional and Enterprise, 250 with the add-on for more, and fewer on other plans; and 650,000 or 1,000,000 a day. A `rate` in the step keeps below that.",
		"A step makes one request, and three when somebody else makes the same contact at the same moment. All of them together take at most a minute.",
		"The address has at most 254 bytes and is written in lower case; a value 16 KiB; the name of a property 100 characters.",
		"HubSpot's words are never repeated: they quote values. Only the categories above become codes.",
	}
}
