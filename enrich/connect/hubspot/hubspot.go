// Package hubspot is the connector "hubspot": one contact of HubSpot's CRM, found by its e-mail address.
//
//	steps:
//	  - id: contact
//	    uses: hubspot
//	    if: ${{ has(user.email) }}
//	    with:
//	      token: ${{ secrets.HUBSPOT_TOKEN }}
//	      properties: { firstname: "${{ user.given_name }}", plan: "${{ run.metadata.plan }}", source: signup }
//	attributes:
//	  custom:hubspot_id: ${{ steps.contact.id }}
//
// An upsert gives {id, new}: id is HubSpot's number as a string, new tells whether the contact was made just now (null
// if HubSpot does not say). A lookup gives {id, properties} and changes nothing; "no such contact" is its outcome
// not-found.
//
// It promises: the address travels in the body, never in a URL that others write into their logs; a user's words are
// values of properties and nothing else; a repeat of an upsert writes the same again; the account's daily limit is told
// from the rolling one, and both cost nobody an attempt; no error shows what HubSpot said, for it quotes our values:
// only categories that are known here become codes.
//
// It refuses: property names that HubSpot can't have, values longer than expr.MaxResult, addresses that are none,
// and to guess: an answer without the contact's id is a failure, and worth another try.
//
// The token needs the scopes crm.objects.contacts.write for upsert, and crm.objects.contacts.read for lookup and for
// what upsert does when somebody else makes the same contact at the same moment.
package hubspot

import (
	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// The actions.
const (
	Upsert = "upsert" // write the contact, new or not
	Lookup = "lookup" // read it
)

// The documented defaults of [Config].
const (
	DefaultVersion = "2026-09"                // the version that HubSpot calls current since September 2026
	DefaultBaseURL = "https://api.hubapi.com" // the root that HubSpot's API reference gives for every version
)

// Kind is the connector's entry in the catalogue. Its steps send through client.
func Kind(client *connect.Client) enrich.Kind {
	return enrich.Kind{
		Name:   "hubspot",
		Doc:    "Writes or reads the HubSpot contact with the user's e-mail address.",
		Config: func() enrich.Config { return &Config{client: client} },
		Page:   page(),
	}
}

// Config is the "with" block of a hubspot step. Make it with Kind: it needs the client. A zero value in a field is the
// field's default, but for Email, whose default only the reader of the file can make.
type Config struct {
	Action     string                    `pipe:"action" default:"upsert" doc:"With upsert the contact is written, whether it exists or not; with lookup it is only read."`
	Token      *expr.Template            `pipe:"token,required" doc:"This is the access token of a HubSpot app or service key; it belongs into a secret."`
	Email      *expr.Template            `pipe:"email" default:"${{ user.email }}" doc:"The contact is the one with this address, which HubSpot compares in lower case."`
	Properties map[string]*expr.Template `pipe:"properties" doc:"An upsert writes these values; the keys are the internal names of HubSpot's properties. A null leaves a property out, and an empty text clears it. Name all that this pipeline keeps, every time: HubSpot's documentation says that upserts by e-mail are not partial."`
	Fetch      []string                  `pipe:"fetch" doc:"A lookup gives back these properties, by their internal names; one that HubSpot does not have is null."`
	Version    string                    `pipe:"version" default:"2026-09" doc:"Requests go to this version of HubSpot's API: a date such as 2026-09, or v3, which HubSpot supports until September 2027. From 2026-09 on, rules that an administrator of HubSpot sets for required properties hold for this step as well."`
	BaseURL    string                    `pipe:"base-url" default:"https://api.hubapi.com" doc:"Requests go to this host, over https; change it for a proxy of your own."`

	client *connect.Client
}
