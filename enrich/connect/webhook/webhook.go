// Package webhook is the connector "webhook": one event, posted to a receiver that can tell who sent it.
//
//	steps:
//	  - id: tell
//	    uses: webhook
//	    needs: [attributes]
//	    with:
//	      url: https://hooks.example.com/users
//	      secret: ${{ secrets.WEBHOOK_SECRET }}
//	      format: cloudevents
//	      type: com.example.user.confirmed
//	      source: https://example.com/sign-up
//	      json: { sub: "${{ user.sub }}", email: "${{ user.email }}" }
//
// Requests are signed as Standard Webhooks 1.0 says: webhook-id is the effect key, the same on every try and for nobody
// else, without anything personal in it; webhook-timestamp is the moment of the try; webhook-signature is an HMAC-SHA256
// over both and the body. While a secret is replaced, the old one signs as well, under previous-secret. The result is
// {status}; what else the receiver says is not read.
//
// It promises: the receiver is the one in the file; a body of at most MaxBody bytes; the wait that a receiver asks for.
// A 410 means "never again": this user's step fails with webhook_gone, and for gone-for every further call of the step
// fails so at once, without a request. The memory is the process's own: another worker, or this one after a restart, asks
// once more.
//
// It refuses: redirects, plain http to another machine (a signature hides nothing), secrets that are too short to sign
// with, and the header Idempotency-Key: the standard has webhook-id for that, and net/http sends requests that carry the
// other one twice. A secret that can't sign is nobody's fault: its users wait, uncharged, until somebody has mended it.
//
// A repeat is safe as far as the receiver remembers webhook-ids: say with key-life how long that is. For a receiver that
// remembers none use the connector http, without a key.
package webhook

import (
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// The formats of the body.
const (
	JSON        = "json"        // the json block as it is
	CloudEvents = "cloudevents" // the json block as data of a CloudEvent 1.0, in its structured JSON form
)

// The documented defaults of [Config].
const (
	DefaultKeyLife = enrich.DefaultKeyLife
	DefaultGoneFor = time.Hour
)

// Kind is the connector's entry in the catalogue. Its steps send through client.
func Kind(client *connect.Client) enrich.Kind {
	return enrich.Kind{
		Name:   "webhook",
		Doc:    "Posts a signed event to a receiver of webhooks.",
		Config: func() enrich.Config { return &Config{client: client} },
		Page:   page(),
	}
}

// Config is the "with" block of a webhook step. Make it with Kind: it needs the client. A zero value in a field is the
// field's default.
type Config struct {
	URL      string         `pipe:"url,required" doc:"Events are posted to this https URL. It is plain text, so nothing of a user can choose it."`
	Secret   *expr.Template `pipe:"secret,required" doc:"Requests are signed with this secret, which the receiver knows too: whsec_ and the base64 of 24 to 64 random bytes."`
	Previous *expr.Template `pipe:"previous-secret" doc:"The secret before this one signs as well, while the receiver changes over; a null or an empty text does not."`
	JSON     *expr.Tree     `pipe:"json,required" doc:"This is the body, or the data of a CloudEvent; a null leaves a key out. The whole body may have 20480 bytes."`
	Format   string         `pipe:"format" default:"json" doc:"With json the body is the json block; with cloudevents it is a CloudEvent 1.0 that has the block as its data."`
	Type     string         `pipe:"type" doc:"A CloudEvent must have a type, such as com.example.user.confirmed."`
	Source   string         `pipe:"source" doc:"A CloudEvent must have a source, which is a URI that names who sends it."`
	Subject  *expr.Template `pipe:"subject" doc:"A CloudEvent may have a subject, such as the user's sub; a null leaves it out."`
	KeyLife  time.Duration  `pipe:"key-life" default:"24h" doc:"The receiver remembers a webhook-id for so long. After that a call whose outcome is unknown is not repeated."`
	GoneFor  time.Duration  `pipe:"gone-for" default:"1h" doc:"A receiver that answered 410 is not called again by this process for so long."`

	client *connect.Client
}
