package ses

import "github.com/postconfirm/postconfirm/enrich"

// page is what the reference page says beside the options.
func page() enrich.Page {
	return enrich.Page{
		Result: []enrich.Term{
			{Name: "message_id", Doc: "The id that SES gave the mail when it accepted it. Accepted is not delivered: bounces, and stored templates that can't be filled in, show in the events of the configuration set only."},
		},
		Codes:  codes(),
		HTTP:   true,
		Limits: limits(),
		Permissions: []string{
			"`ses:SendEmail` on `arn:aws:ses:REGION:ACCOUNT:identity/DOMAIN` of the sender, on `template/NAME` and `configuration-set/NAME` if they are used; while the account is in the sandbox, on the recipients' identities, too.",
			"A condition on `ses:FromAddress` makes that narrower still.",
		},
		Example: `
- id: welcome
  uses: ses
  needs: [attributes]
  if: ${{ has(user.email) && run.age < duration("72h") }}
  rate: 10/s
  with:
    from: Example <hello@example.com>
    reply-to: [support@example.com]
    templates: { de: welcome-de, default: welcome }
    neutral: { de: zusammen, default: there }
    data: { plan: "${{ run.metadata.plan }}" }
    configuration-set: postconfirm
- id: short
  uses: ses
  needs: [attributes]
  if: ${{ has(user.email) }}
  with:
    from: hello@example.com
    subject: Welcome to Example
    text: "Hello {{.greeting}}, your plan is {{.plan}}."
    data: { plan: "${{ default(run.metadata.plan, 'free') }}" }`,
	}
}

func codes() []enrich.Code {
	return []enrich.Code{
		{Code: CodeRecipient, Kind: enrich.Permanent, Doc: "The address is null, empty, or no plain one; nothing was sent."},
		{Code: CodeBadValue, Kind: enrich.Permanent, Doc: "An expression fails, or the template can't be filled in with its value; nothing was sent."},
		{Code: CodeTooLarge, Kind: enrich.Permanent, Doc: "The values make the mail too long; nothing was sent."},
		{Code: CodeSettings, Kind: enrich.Denied, Doc: "The AWS variables or files are damaged, or there is no Region; nothing was sent."},
		{Code: "no_credentials", Kind: enrich.Denied, Doc: "There are no AWS credentials; nothing was sent."},
		{Code: "access_denied`, `expired_token`, `invalid_signature`, `unrecognized_client`, `signature_does_not_match`, `incomplete_signature`, `invalid_client_token_id`, `missing_authentication_token`, `request_expired`, `opt_in_required", Kind: enrich.Denied, Doc: "The role may not send this mail, or its credentials are no good."},
		{Code: CodeSender, Kind: enrich.Denied, Doc: "The sender is not verified in this Region."},
		{Code: "sending_paused`, `account_suspended`, `mail_from_domain_not_verified", Kind: enrich.Denied, Doc: "The account may not send at present."},
		{Code: CodeDaily, Kind: enrich.Throttled, Doc: "The quota of 24 hours is used up. SES is left alone for an hour at a time."},
		{Code: "too_many_requests`, `throttling`, `limit_exceeded", Kind: enrich.Throttled, Doc: "SES asks to slow down: more mails than the account may send in a second, or another limit."},
		{Code: "<error>", Kind: enrich.Throttled, Doc: "Another name of AWS's for that."},
		{Code: CodeMissing, Kind: enrich.Permanent, Doc: "SES has no such template or configuration set."},
		{Code: "message_rejected`, `bad_request", Kind: enrich.Permanent, Doc: "SES refuses this mail: its content or its address."},
		{Code: "<error>", Kind: enrich.Permanent, Doc: "Another error of AWS's, its name in lower case: `something_new` for SomethingNewException."},
		{Code: "internal_service_error`, `internal_failure`, `service_unavailable", Kind: enrich.Temporary, Doc: "SES is in trouble. Nobody knows whether the mail was accepted, so it is not sent again: the effect stays open."},
		{Code: "<error>", Kind: enrich.Temporary, Doc: "Another error of AWS's with a 5xx, likewise."},
		{Code: "network", Kind: enrich.Temporary, Doc: "The SDK could not make the request, or could not reach whoever gives it credentials; nothing was sent."},
		{Code: CodeNoID, Kind: enrich.Temporary, Doc: "A success without a message id: the effect stays open."},
	}
}

func limits() []string {
	return []string{
		"SES counts recipients, for each account and Region: in the sandbox 200 mails in 24 hours and 1 a second, to verified addresses only; otherwise what the account's quotas say. Write a `rate` below that.",
		"A mail has one recipient, whose address has at most 254 bytes; a subject of one line and 300 bytes; text and html of 1 MiB each; values for a stored template of 256 KiB. No attachments.",
		"SES knows no idempotency key, so a mail whose answer is lost is not sent again. Each one carries the effect key in the message tag `postconfirm-effect`.",
		"A private address is refused, and so is an interface VPC endpoint for SES.",
	}
}
