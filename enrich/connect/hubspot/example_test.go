package hubspot_test

import (
	"context"
	"fmt"
	"os"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/hubspot"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/enrich/pipefile"
)

// A pipeline file writes a contact; HubSpot is played by a vendor on a script.
func Example() {
	vendor := pretend.New(pretend.JSON(201, `{"status":"COMPLETE","results":[{"id":"512","new":true}]}`))
	defer vendor.Close()
	file, err := os.ReadFile("testdata/pipeline.yaml")
	if err != nil {
		fmt.Println(err)
		return
	}
	kinds := []enrich.Kind{hubspot.Kind(connect.NewClient(&connect.Options{Transport: vendor}))}
	pipeline, err := pipefile.Parse("pipeline.yaml", file, &pipefile.Options{Kinds: kinds})
	if err != nil {
		fmt.Println(err)
		return
	}
	contact := pipeline.Steps[1]
	result, err := contact.Connector.Run(context.Background(), enrich.Call{EffectKey: "run-contact", Vars: expr.Vars{
		"user":    map[string]any{"email": "Ann@Example.com", "given_name": "Ann"},
		"run":     map[string]any{"source": "signup"},
		"steps":   map[string]any{"known": nil},
		"secrets": map[string]any{"HUBSPOT_TOKEN": "token"},
	}})
	fmt.Println(contact.Class, result["id"], result["new"], err)
	fmt.Println(vendor.Seen()[0].Target)
	fmt.Println(string(vendor.Seen()[0].Body))
	// Output:
	// idempotent 512 true <nil>
	// /crm/objects/2026-09/contacts/batch/upsert
	// {"inputs":[{"id":"ann@example.com","idProperty":"email","properties":{"firstname":"Ann","lifecyclestage":"lead","signup_source":"signup"}}]}
}
