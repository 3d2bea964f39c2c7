package webhook

import "github.com/postconfirm/postconfirm/enrich"

// page is what the reference page says beside the options.
func page() enrich.Page {
	return enrich.Page{
		Result: []enrich.Term{
			{Name: "status", Doc: "The receiver's status, a number from 200 to 299. Nothing else of its answer is read."},
		},
		Codes: []enrich.Code{
			{Code: CodeBadSecret, Kind: enrich.Denied, Doc: "`secret` or `previous-secret` is no signing secret; nothing was sent. It is the same for all and no fault of theirs, so everybody waits, uncharged, until it is mended."},
			{Code: CodeNoCredential, Kind: enrich.Permanent, Doc: "The expression in `secret` is null or empty for this user; nothing was sent. (A secret that is not set is `secret_unavailable`, and never comes here.)"},
			{Code: CodeBadValue, Kind: enrich.Permanent, Doc: "An expression fails, or its value fits nowhere; nothing was sent."},
			{Code: CodeTooLarge, Kind: enrich.Permanent, Doc: "The body is longer than 20480 bytes; nothing was sent."},
			{Code: CodeGone, Kind: enrich.Permanent, Doc: "The receiver answered 410, now or less than `gone-for` ago."},
		},
		HTTP:   true,
		Limits: limits(),
		Permissions: []string{
			"None: the receiver knows us by `webhook-signature`, which any library of [Standard Webhooks](https://www.standardwebhooks.com) verifies with the same secret.",
		},
		Example: `
- id: tell
  uses: webhook
  needs: [attributes]
  with:
    url: https://hooks.example.com/users
    secret: ${{ secrets.WEBHOOK_SECRET }}
    previous-secret: ${{ secrets.WEBHOOK_SECRET_BEFORE }} # while the receiver changes over
    format: cloudevents
    type: com.example.user.confirmed
    source: https://example.com/sign-up
    subject: ${{ user.sub }}
    json: { sub: "${{ user.sub }}", email: "${{ user.email }}", plan: "${{ run.metadata.plan }}" }
    key-life: 72h
- id: count
  uses: webhook
  needs: [attributes]
  with:
    url: https://metrics.example.com/hooks/sign-ups?v=1
    secret: ${{ secrets.METRICS_SECRET }}
    json: { type: user.confirmed, data: { region: "${{ run.region }}" } }`,
	}
}

func limits() []string {
	return []string{
		"A body has at most 20480 bytes, which is about what Standard Webhooks recommends; a secret 24 to 64 bytes before base64.",
		"`webhook-id` is the same on every try and has nothing personal in it; `webhook-timestamp` is the moment of the try. A repeat is safe as far as the receiver remembers ids: `key-life` says how long, from 1m to 720h.",
		"After a 410 this process leaves the receiver alone for `gone-for`, up to 720h; meanwhile every user fails with `webhook_gone`. Another worker, or this one after a restart, asks once more.",
		"Redirects are not followed; http goes to this machine only, and only if whoever runs the worker allows that.",
	}
}
