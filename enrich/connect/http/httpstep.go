// Package httpstep is the connector "http": one request to a JSON API, from a pipeline file alone. (Its folder has the
// connector's name; a package called http would force an alias on whoever also needs the standard one.)
//
//	steps:
//	  - id: company
//	    uses: http
//	    if: ${{ has(user.email_domain) }}
//	    with:
//	      url: https://api.example.com/v2/companies/${{ default(user.email_domain, "") }}
//	      query: { fields: "name,people", plan: "${{ run.metadata.plan }}" }
//	      bearer: ${{ secrets.COMPANY_API_KEY }}
//	      outputs: { name: company.legal_name, contact: people.0.id }
//	    not-found: [404]
//
// It promises: scheme, host, port and the written part of the path are those of the file, whatever a user calls
// himself; a value in the path is one segment, and an empty one is a permanent failure; a null leaves its query
// parameter, header or key out; a failure says whether the request can have had its effect; no error shows a path, a
// query, a header or a body.
//
// It refuses: expressions before the path or behind the "?", plain http to anything but this machine unless the file
// says allow-http, and answers that are not JSON unless the file says "answer: none".
//
// With token-url the step gets its access tokens itself and keeps them; a request that is refused with 401 is made once
// more with a new one. With "pending: [202]" beside "with" an API may take its time: the step waits for the next try, charged
// nothing, and everybody else goes on. With "cache: 1h" beside "with" the users of one company are one question; answers
// are kept in memory, 10,000 and 32 MiB at the most, and failures are not kept.
//
// 401 and 403 are temporary, with the codes unauthorized and forbidden: a key that is refused to everybody is a sick
// vendor, and nobody's attempt, until somebody mends it; one that is refused for a single user parks that user.
package httpstep

import (
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/oauth"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// Kind is the connector's entry in the catalogue. Its steps send through client.
func Kind(client *connect.Client) enrich.Kind {
	common := &shared{client: client, tokens: oauth.New(client, nil), lookups: connect.NewLookups(nil)}
	return enrich.Kind{
		Name:   "http",
		Doc:    "Sends one request to a JSON API and gives back what it answers.",
		Config: func() enrich.Config { return &Config{shared: common} },
		Page:   page(),
	}
}

// Config is the "with" block of an http step. Make it with Kind: it needs the client. A zero value in a field is the
// field's default.
//
// The result of a step is {status, body, and one key for each output}: status an int64, body the decoded JSON or null.
type Config struct {
	Method   string                    `pipe:"method" default:"GET" doc:"GET, HEAD, POST, PUT, PATCH or DELETE."`
	URL      *expr.Template            `pipe:"url,required" doc:"Where to; expressions only in the path, each one a segment or a part of one."`
	Query    map[string]*expr.Template `pipe:"query" doc:"Parameters behind the ?; a null leaves one out."`
	Headers  map[string]*expr.Template `pipe:"headers" doc:"Headers; a null leaves one out. Printable ASCII only."`
	JSON     *expr.Tree                `pipe:"json" doc:"The body, sent as JSON; a null leaves a key out."`
	Form     map[string]*expr.Template `pipe:"form" doc:"The body, sent as a form, in place of json; a null leaves a field out."`
	Bearer   *expr.Template            `pipe:"bearer" doc:"Token for Authorization: Bearer."`
	User     *expr.Template            `pipe:"basic-user" doc:"User for Authorization: Basic."`
	Password *expr.Template            `pipe:"basic-password" doc:"Password for Authorization: Basic."`

	AuthHeader string         `pipe:"auth-header" doc:"Name of a header that carries a key, such as X-Api-Key."`
	AuthQuery  string         `pipe:"auth-query" doc:"Name of a query parameter that carries a key, for APIs that take it nowhere else."`
	AuthValue  *expr.Template `pipe:"auth-value" doc:"The key in auth-header or auth-query; unlike other values it must not be null or empty."`

	TokenURL     string         `pipe:"token-url" doc:"Where access tokens are given out, for OAuth 2.0 with client credentials. Plain text."`
	ClientID     *expr.Template `pipe:"client-id" doc:"The id for token-url."`
	ClientSecret *expr.Template `pipe:"client-secret" doc:"The secret for token-url."`
	ClientAuth   string         `pipe:"client-auth" default:"header" doc:"How token-url takes id and secret: header (basic authorization) or body (form fields)."`
	Scope        string         `pipe:"scope" doc:"The scope to ask token-url for: names with blanks between them."`
	Audience     string         `pipe:"audience" doc:"The audience to ask token-url for."`

	Key       string                    `pipe:"idempotency-key" doc:"Name of a header in which the API takes an idempotency key; makes POST and PATCH repeatable."`
	Outputs   map[string]*expr.Template `pipe:"outputs" doc:"Names for parts of the body, each a plain path: company.legal_name, results.0.id."`
	Answer    string                    `pipe:"answer" default:"json" doc:"json, or none to take any 2xx as success and leave the body unread."`
	MaxBody   int                       `pipe:"max-body" default:"1048576" doc:"Longest answer in bytes, at most 1048576."`
	AllowHTTP bool                      `pipe:"allow-http" doc:"Allow an http URL to another machine: everything on the way can be read."`
	NotFound  []int                     `pipe:"not-found,step" doc:"Statuses that mean there is no such thing, such as [404]. The result is null then."`
	Pending   []int                     `pipe:"pending,step" doc:"Statuses that mean the answer is not ready, such as [202]. The step is asked again later, and charged nothing."`
	Cache     time.Duration             `pipe:"cache,step" doc:"How long an answer to the same request is remembered, up to a day; for GET and HEAD. What is not found is remembered for a tenth of it."`

	shared *shared
}

// shared is what the steps of this kind have in common.
type shared struct {
	client  *connect.Client
	tokens  *oauth.Tokens
	lookups *connect.Lookups
}
