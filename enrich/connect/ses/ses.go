// Package ses is the connector "ses": one mail to one user, through Amazon SES (API version 2, SendEmail).
//
//	steps:
//	  - id: welcome
//	    uses: ses
//	    needs: [attributes]
//	    if: ${{ run.age < duration("72h") }}
//	    with:
//	      from: Example <hello@example.com>
//	      templates: { de: welcome-de, default: welcome }
//	      neutral: { de: zusammen, default: there }
//	      data: { company: "${{ steps.company.name }}" }
//
// It promises: one call of SES for one Run, on a connection of its own, with no retries below; one recipient, whose
// address is plain; a sender, a subject and a reply address that are the same for everybody; values that are one line of
// text and can't become markup, a header or a second address; a greeting that is a name, or a neutral word where
// somebody wrote something else into the name (a mail from your domain must not carry a stranger's message); a failure
// that says whether the mail can have been accepted. No error shows an address or a name.
//
// It refuses more than one recipient, attachments, and expressions in the sender or the subject.
//
// SES knows no idempotency key, so the class is unsafe: when an answer is lost, the effect is open and not repeated. Each
// mail carries the effect key and the identity of its run in message tags (package mailtag), by which the events of its
// configuration set lead back to the run: a worker that is told of their queue settles the effect.
//
// It needs the permission ses:SendEmail on the identity of the sender, and on the template and the configuration set if
// they are used; while the account is in the sandbox, on the identities of the recipients too. Region, credentials and
// endpoint are those of the usual AWS variables, AWS_ENDPOINT_URL_SESV2 among them.
package ses

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// Options are settings of a deployment. Nil and zero values mean the defaults.
type Options struct {
	// Credentials sign the calls. Default: the usual AWS chain, looked for at the first mail.
	Credentials aws.CredentialsProvider
	// Region is used by steps that name none. Default: the usual AWS variables and files.
	Region string
	// Endpoint is the URL of an SES that is not Amazon's. Default: AWS_ENDPOINT_URL_SESV2, AWS_ENDPOINT_URL, Amazon's.
	Endpoint string
}

// Kind is the connector's entry in the catalogue. Its steps send through client; o may be nil. Nothing of AWS is touched
// before the first mail.
func Kind(client *connect.Client, o *Options) enrich.Kind {
	account := newAccount(client, o)
	return enrich.Kind{
		Name:   "ses",
		Doc:    "Sends one mail to the user through Amazon SES.",
		Config: func() enrich.Config { return &Config{account: account} },
		Page:   page(),
	}
}

// Config is the "with" block of an ses step. Make it with Kind: it needs the client. Exactly one of Template, Templates
// and Subject with Text says what is written.
//
// The result of a step is {message_id}: the id that SES gave the mail when it accepted it. Accepted is not delivered: a
// bounce, or a stored template that can't be filled in, shows in the events of the configuration set only (Amazon SES
// API v2 reference, SendEmail, MessageId).
type Config struct {
	From    string         `pipe:"from,required" doc:"Mails are from this address: hello@example.com, or Example <hello@example.com>. SES must have verified the address or its domain."`
	To      *expr.Template `pipe:"to" default:"${{ user.email }}" doc:"The mail goes to this one plain address. A domain with other letters than a to z is written in Punycode."`
	ReplyTo []string       `pipe:"reply-to" doc:"Answers go to these addresses, such as [support@example.com]."`

	Template  string                    `pipe:"template" doc:"The words are those of this template, which is stored in SES."`
	Templates map[string]*expr.Template `pipe:"templates" doc:"The words are those of the stored template for the language of the user, such as {de: welcome-de, default: welcome}."`
	Subject   string                    `pipe:"subject" doc:"The mail has this subject, the same for everybody; its words are in text and html."`
	Text      string                    `pipe:"text" doc:"The mail says this as plain text, with {{.greeting}} and {{.key}} for the keys of data. It is written for Go's text/template."`
	HTML      string                    `pipe:"html" doc:"Readers that show HTML get the mail so. It is written for Go's html/template, which escapes every value."`

	Data     map[string]*expr.Template `pipe:"data" doc:"The template gets these values by key. Each becomes one line of text, and a null becomes an empty one."`
	Greeting *expr.Template            `pipe:"greeting" default:"${{ user.given_name }}" doc:"This is the name for {{greeting}}; what does not look like a name is replaced by the neutral word."`
	Neutral  map[string]*expr.Template `pipe:"neutral" doc:"These are the neutral words by language, such as {de: zusammen, default: there}. Without them it is there."`
	Locale   *expr.Template            `pipe:"locale" default:"${{ user.locale }}" doc:"This is the language of the user, such as de or de-AT; it chooses among templates and neutral words."`

	Unsubscribe *expr.Template `pipe:"unsubscribe" doc:"Whoever wants no more mails is sent to this https URL, such as https://example.com/unsubscribe/${{ run.sub }}; mail programs show a button for it, which POSTs to it. Expressions stand behind the host only."`

	ConfigurationSet string `pipe:"configuration-set" doc:"The mail is sent with this configuration set, whose event destinations hear what became of it. A worker that reads them from a queue (--ses-events) settles effects that were left open."`
	Region           string `pipe:"region" doc:"The mail is sent by SES in this Region, such as eu-west-1. Without one it is the Region of the worker."`

	account *account
}
