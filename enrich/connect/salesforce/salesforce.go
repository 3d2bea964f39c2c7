// Package salesforce is the connector "salesforce": it creates or updates one record of a Salesforce org, found by an
// external id.
//
//	steps:
//	  - id: crm
//	    uses: salesforce
//	    rate: 5/s
//	    with:
//	      login: https://acme.my.salesforce.com
//	      client-id: ${{ secrets.SALESFORCE_ID }}
//	      client-secret: ${{ secrets.SALESFORCE_SECRET }}
//	      object: Contact
//	      external-id: Cognito_Sub__c
//	      value: ${{ user.sub }}
//	      fields: { Email: "${{ user.email }}", LastName: "${{ default(user.family_name, 'unknown') }}" }
//	attributes:
//	  custom:crm_id: ${{ steps.crm.id }}
//
// It promises: a repeat changes nothing that the first call has not changed (PATCH by external id); object and field
// names are those of the file, and the value is one segment of the path whatever a user calls himself; the token goes to
// hosts of Salesforce or of the file, whatever the token's answer says; a full day's limit of requests leaves the org
// alone for long; a locked row is tried again.
//
// It refuses: queries, deletions and anything that more than one record matches. It asks one request for one record;
// 200 records at once are for backfills.
//
// Sources: Salesforce REST API Developer Guide, "sObject Rows by External ID", "Insert or Update (Upsert) a Record Using
// an External ID", "Status Codes and Error Responses"; Salesforce Help, "OAuth 2.0 Client Credentials Flow" and "OAuth
// 2.0 JWT Bearer Flow for Server-to-Server Integration".
package salesforce

import (
	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/oauth"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// Kind is the connector's entry in the catalogue. Its steps send through client, and share their tokens.
func Kind(client *connect.Client) enrich.Kind {
	tokens := oauth.New(client, nil)
	return enrich.Kind{
		Name:   "salesforce",
		Doc:    "Creates or updates a record of Salesforce by an external id.",
		Config: func() enrich.Config { return &Config{client: client, tokens: tokens} },
		Page:   page(),
	}
}

// Config is the "with" block of a salesforce step. Make it with Kind: it needs the client.
//
// The result of a step is {id, created}: id the record's, or null where Salesforce does not say (answers of API versions
// before 46.0 have none); created a bool.
type Config struct {
	Login      string         `pipe:"login,required" doc:"Where tokens come from: https://NAME.my.salesforce.com. Plain text."`
	ClientID   *expr.Template `pipe:"client-id,required" doc:"The consumer key of the app."`
	Secret     *expr.Template `pipe:"client-secret" doc:"The consumer secret, for the client credentials flow."`
	PrivateKey *expr.Template `pipe:"private-key" doc:"The private RSA key as PEM, for the JWT bearer flow, in place of client-secret."`
	Username   *expr.Template `pipe:"username" doc:"The user that the step acts as; with private-key only."`
	Audience   string         `pipe:"audience" default:"https://login.salesforce.com" doc:"The audience of the JWT; https://test.salesforce.com for a sandbox."`
	Instances  []string       `pipe:"instances" doc:"Hosts beside those of salesforce.com and force.com that the token may be sent to."`
	Version    string         `pipe:"version" default:"62.0" doc:"Version of the REST API, from 46.0 on."`
	Object     string         `pipe:"object,required" doc:"The object, such as Contact. Plain text."`
	External   string         `pipe:"external-id,required" doc:"The object's field that is marked as external id. Plain text."`
	Value      *expr.Template `pipe:"value,required" doc:"The value of external-id: which record."`
	Fields     *expr.Tree     `pipe:"fields,required" doc:"What to write: fields by their API names; a null leaves one as it is."`

	client *connect.Client
	tokens *oauth.Tokens
}
