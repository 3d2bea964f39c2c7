// Package all is the catalogue: every connector that a pipeline file can use, one line each.
//
// A new connector is added here and nowhere else. It promises that names are unique and in alphabetical order. It
// refuses to be changed at run time: there is no registration, and importing a connector does nothing by itself.
package all

import (
	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	httpstep "github.com/postconfirm/postconfirm/enrich/connect/http"
	"github.com/postconfirm/postconfirm/enrich/connect/hubspot"
	"github.com/postconfirm/postconfirm/enrich/connect/salesforce"
	"github.com/postconfirm/postconfirm/enrich/connect/ses"
	sqlstep "github.com/postconfirm/postconfirm/enrich/connect/sql"
	"github.com/postconfirm/postconfirm/enrich/connect/webhook"
)

// Kinds are the connectors, by name. Those that speak HTTP send through client, whose options belong to the
// deployment; it must not be nil.
func Kinds(client *connect.Client) []enrich.Kind {
	return []enrich.Kind{
		httpstep.Kind(client),
		hubspot.Kind(client),
		salesforce.Kind(client),
		ses.Kind(client, nil),
		sqlstep.Kind(client),
		webhook.Kind(client),
	}
}
