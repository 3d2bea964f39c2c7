package worker_test

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/enrich/pipefile"
	"github.com/postconfirm/postconfirm/enrich/secretenv"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

// directory is a system of one's own, as a connector: a config that checks itself, and one method.
type directory struct {
	Domain *expr.Template `pipe:"domain,required" doc:"whose company is looked up"`
}

func (d *directory) Connector() (enrich.Connector, error) { return d, nil }

// Class says that a look-up may always be repeated.
func (*directory) Class() enrich.Class { return enrich.Read }

func (d *directory) Run(ctx context.Context, call enrich.Call) (enrich.Result, error) {
	domain, ok, err := d.Domain.EvalString(ctx, call.Vars)
	if err != nil || !ok {
		return nil, enrich.ErrNotFound
	}
	return enrich.Result{"name": "The company of " + domain}, nil
}

// pool is a user pool with one user, who prints what is written.
type pool struct{ worker.Directory }

func (pool) User(context.Context, string, string) (worker.User, error) {
	return worker.User{Username: "ada", Sub: "1", Attributes: map[string]string{"email": "ada@acme.example"}}, nil
}

func (pool) Schema(context.Context, string) (worker.Schema, error) {
	return worker.Schema{"custom:company": {Type: "String", Mutable: true}}, nil
}

func (pool) Write(_ context.Context, _, _ string, values []worker.Value) error {
	fmt.Println(values)
	return nil
}

// The worker as a library: a pipeline with a connector of one's own, and the ports it works on.
func Example() {
	p, err := pipefile.Parse("pipeline.yaml", []byte(`
version: 1
pools: [eu-west-1_Ab12cd34E]
steps:
  - id: company
    uses: directory
    with: { domain: "${{ user.email_domain }}" }
attributes:
  custom:company: ${{ steps.company.name }}
`), &pipefile.Options{Kinds: []enrich.Kind{{Name: "directory", Doc: "Looks a company up.",
		Config: func() enrich.Config { return &directory{} }}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	w := worker.New(p, worker.Ports{Directory: pool{}, Ledger: &fake.Ledger{}, Secrets: secretenv.Store{}},
		&worker.Options{Log: slog.New(slog.DiscardHandler)})
	message := event.Message{Pool: "eu-west-1_Ab12cd34E", User: "ada", Sub: "1"}
	verdict := w.Handle(context.Background(), worker.Delivery{Body: message.Encode(), ReceivedAt: time.Now()})
	fmt.Println(verdict.Outcome, verdict.Delete)
	// Output:
	// [{custom:company The company of acme.example}]
	// done true
}
