package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/postconfirm/postconfirm/deploy/onebox"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/audit"
	"github.com/postconfirm/postconfirm/worker/sqlite"
)

// troublePipeline asks a directory, tells a CRM, and sends a mail that nobody may send twice.
const troublePipeline = `version: 1
pools: [eu-west-1_Demo12345]
steps:
  - id: company
    uses: http
    with: { url: "http://VENDORS/company", outputs: { name: name, plan: plan } }
  - id: crm
    uses: http
    needs: [company]
    with: { method: PUT, url: "http://VENDORS/crm/${{ default(user.email_domain, 'none') }}", outputs: { id: id } }
  - id: mail
    uses: http
    needs: [attributes]
    with: { method: POST, url: "http://VENDORS/mail", json: { to: "${{ default(user.email, 'none') }}" } }
attributes:
  custom:company: ${{ steps.company.name }}
  custom:plan: ${{ steps.company.plan }}
  custom:crm_id: ${{ steps.crm.id }}
`

// troubleVendors refuse globex, initech and hooli with 400 and mailbox with 422, and lose the answer to umbrella's mail.
func troubleVendors(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/json")
	switch path := r.URL.Path; {
	case strings.Contains(path, "globex"), strings.Contains(path, "initech"), strings.Contains(path, "hooli"):
		w.WriteHeader(http.StatusBadRequest)
	case strings.Contains(path, "mailbox"):
		w.WriteHeader(http.StatusUnprocessableEntity)
	case path == "/mail" && strings.Contains(string(body), "umbrella"):
		panic(http.ErrAbortHandler)
	}
	_, _ = io.WriteString(w, `{"name":"Canary Limited","plan":"pro","id":"c-1"}`)
}

// verdicts are those that are final.
type verdicts chan worker.Verdict

func (verdicts) Stepped(worker.StepNote) {}

func (v verdicts) Finished(verdict worker.Verdict) {
	if verdict.Outcome == worker.Completed || verdict.Outcome == worker.Parking {
		v <- verdict
	}
}

// trouble starts a box in which six people sign up: four of them are parked for two causes, one ends with an open effect.
// Three more letters are on the dead-letter queue: one that SQS would have moved there, of a parked run; a message that
// the ledger does not know; and what is no message. It sets what an AWS client needs, POSTCONFIRM_LEDGER,
// POSTCONFIRM_DLQ_URL, POOL, SUB and KEY (of a person who is parked) and MAILED (the key of the run with the open effect).
func trouble(ts *testscript.TestScript, _ bool, _ []string) {
	server := httptest.NewServer(http.HandlerFunc(troubleVendors))
	ts.Defer(server.Close)
	ts.Check(os.WriteFile(ts.MkAbs("pipeline.yaml"), []byte(strings.ReplaceAll(troublePipeline, "http://VENDORS", server.URL)), 0o600))
	said := make(verdicts, 100)
	ctx := context.Background()
	b, err := onebox.Start(ctx, onebox.Options{Trigger: []string{program(ts), triggerName}, Pipeline: ts.MkAbs("pipeline.yaml"), AllowLoopback: true,
		Ledger: ts.MkAbs("ledger.db"), Observer: said, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	ts.Check(err)
	ts.Defer(func() { ts.Check(b.Close()) })
	people := onebox.People(6)
	subs := make([]string, len(people))
	for i, p := range people {
		subs[i], err = b.SignUp(ctx, p)
		ts.Check(err)
		ts.Check(b.Confirm(ctx, p))
	}
	for range people {
		<-said
	}
	grace := event.Message{Pool: b.Pool.ID, Sub: subs[1], User: subs[1], Generation: "0", Source: "signup", At: time.Now()}
	nobody := event.Message{Pool: b.Pool.ID, Sub: "nobody", User: "canary", Generation: "0", Source: "signup"}
	for _, body := range []string{string(grace.Encode()), string(nobody.Encode()), "canary, no message"} {
		_, err := b.Clients.SQS.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &b.DLQ, MessageBody: &body})
		ts.Check(err)
	}
	for name, value := range map[string]string{"AWS_ENDPOINT_URL": b.Endpoint, "AWS_REGION": b.Region, "AWS_ACCESS_KEY_ID": "local",
		"AWS_SECRET_ACCESS_KEY": "local", "POSTCONFIRM_LEDGER": "sqlite:" + ts.MkAbs("ledger.db"), "POSTCONFIRM_DLQ_URL": b.DLQ,
		"POOL": b.Pool.ID, "SUB": subs[1], "KEY": grace.Key(), "MAILED": event.RunKey(b.Pool.ID, subs[5], "0")} {
		ts.Setenv(name, value)
	}
}

// noted FILE writes two entries into the audit log of a ledger.
func noted(ts *testscript.TestScript, _ bool, args []string) {
	b, err := sqlite.OpenBeside(ts.MkAbs(args[0]))
	ts.Check(err)
	log := &audit.Log{Papers: b}
	for _, e := range []audit.Entry{
		{Who: "ada", Action: "replay run", State: audit.Done, Why: "OPS-1", Plan: "p-1", Counts: map[string]int{"reopened": 3, "sent": 3}},
		{Who: "bob", Action: "resolve", State: audit.Begun, Why: "mail is there\x1b[31m", Run: "9ueem0dtfcgb1knfocrr0044cs", Step: "mail"},
	} {
		_, err := log.Append(context.Background(), e)
		ts.Check(err)
	}
	ts.Check(b.Close())
}
