package hubspot_test

import (
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/hubspot"
	"github.com/postconfirm/postconfirm/enrich/enrichtest"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
)

// missing is how a batch read says that there is no such contact.
const missing = `{"status":"COMPLETE","results":[],"numErrors":1,"errors":[{"status":"error","category":"OBJECT_NOT_FOUND",
	"message":"Could not get some CONTACT objects, they may be deleted or not exist.","context":{"ids":["x"]}}]}`

// form is one way to use the connector.
type form struct {
	harness enrichtest.Harness
	fill    func(*testing.T, *hubspot.Config)
}

func TestConformance(t *testing.T) {
	for name, f := range map[string]form{"an upsert": upserting(), "an upsert of nothing": bare(), "a lookup": looking(), "a lookup with v3": older()} {
		t.Run(name, func(t *testing.T) {
			f.harness.Vars, f.harness.Again = vars(), []int{409} // after which it has looked whether the contact is there
			f.harness.ReadsByPost = true
			f.harness.Statuses = map[int]enrichtest.Reading{423: {Kind: enrich.Temporary, Refused: true}}
			f.harness.New = func(t *testing.T, base string, client *connect.Client) enrich.Connector {
				c := config(t, client)
				c.BaseURL = base
				f.fill(t, c)
				return made(t, c)
			}
			enrichtest.Run(t, f.harness)
		})
	}
}

func upserting() form {
	return form{enrichtest.Harness{
		Canaries: []string{"canary.mail@example.com", "Canary Née", "canary/plan", "canary-token-1"},
		Found:    pretend.JSON(201, `{"status":"COMPLETE","results":[{"id":"512","new":true,"properties":{"email":"canary.mail@example.com"}}]}`),
		Want:     enrich.Result{"id": "512", "new": true},
	}, func(t *testing.T, c *hubspot.Config) {
		c.Properties = templates(t, map[string]string{"firstname": "${{ user.given_name }}", "plan": "${{ run.metadata.plan }}"})
	}}
}

func bare() form {
	return form{enrichtest.Harness{
		Canaries: []string{"canary.mail@example.com", "canary-token-1"},
		Found:    pretend.JSON(200, `{"results":[{"id":512}]}`), Want: enrich.Result{"id": "512", "new": nil},
	}, func(*testing.T, *hubspot.Config) {}}
}

func looking() form {
	notFound := pretend.JSON(207, missing)
	return form{enrichtest.Harness{
		Canaries: []string{"canary.mail@example.com", "canary-token-1"},
		Found:    pretend.JSON(200, `{"status":"COMPLETE","results":[{"id":"512","properties":{"plan":"pro","score":7,"list":[1],"other":"x"}}]}`),
		NotFound: &notFound,
		Want:     enrich.Result{"id": "512", "properties": map[string]any{"plan": "pro", "score": int64(7), "list": nil, "none": nil}},
	}, func(_ *testing.T, c *hubspot.Config) {
		c.Action, c.Fetch = hubspot.Lookup, []string{"plan", "score", "list", "none"}
	}}
}

func older() form {
	notFound := pretend.JSON(200, `{"status":"COMPLETE","results":[]}`)
	return form{enrichtest.Harness{
		Canaries: []string{"canary.mail@example.com", "canary-token-1"},
		Found:    pretend.JSON(200, `{"results":[{"id":"512"}]}`), NotFound: &notFound,
		Want: enrich.Result{"id": "512", "properties": map[string]any{}},
	}, func(_ *testing.T, c *hubspot.Config) { c.Action, c.Version = hubspot.Lookup, "v3" }}
}
