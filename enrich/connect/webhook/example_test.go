package webhook_test

import (
	"context"
	"fmt"
	"os"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/webhook"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/enrich/pipefile"
)

// A pipeline file tells a receiver, which checks the signature with the reference library of Standard Webhooks.
func Example() {
	vendor := pretend.New(pretend.Reply(204, nil, ""))
	defer vendor.Close()
	file, err := os.ReadFile("testdata/pipeline.yaml")
	if err != nil {
		fmt.Println(err)
		return
	}
	kinds := []enrich.Kind{webhook.Kind(connect.NewClient(&connect.Options{Transport: vendor}))}
	pipeline, err := pipefile.Parse("pipeline.yaml", file, &pipefile.Options{Kinds: kinds})
	if err != nil {
		fmt.Println(err)
		return
	}
	count := pipeline.Steps[1]
	result, err := count.Connector.Run(context.Background(), enrich.Call{EffectKey: "run-count", Vars: expr.Vars{
		"run":     map[string]any{"region": "eu-west-1"},
		"secrets": map[string]any{"METRICS_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
	}})
	fmt.Println(count.Class, result["status"], err)

	got := vendor.Seen()[0]
	fmt.Println(got.Header.Get("webhook-id"), string(got.Body))
	receiver, err := standard.NewWebhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("genuine:", receiver.Verify(got.Body, got.Header) == nil)
	// Output:
	// keyed 204 <nil>
	// run-count {"data":{"region":"eu-west-1"},"type":"user.confirmed"}
	// genuine: true
}
