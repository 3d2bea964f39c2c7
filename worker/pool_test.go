package worker_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
)

func TestThePoolsTroublesAreNobodysAttempt(t *testing.T) {
	for _, operation := range []string{"AdminUpdateUserAttributes", "DescribeUserPool"} {
		for name, fault := range map[string]localcloud.Fault{"down": {Outage: true}, "hanging": {Latency: time.Minute}} {
			in(t, operation+" "+name+" for six hours", func(t *testing.T, on face) {
				w := newWorld(t, on, company(t, answers(acme)))
				subs := make([]string, 20)
				for i := range subs {
					subs[i] = w.confirm("user" + strconv.Itoa(i) + "@acme.example")
				}
				w.must(w.cloud.SetFault("cognito-idp", operation, fault))
				time.AfterFunc(6*time.Hour, w.cloud.ClearFaults)
				w.work(7 * time.Hour)
				for _, sub := range subs {
					expect(t, "run", w.run(sub).State, worker.Done)
				}
				expect(t, "charged", w.charges(subs, "attributes"), 0)
			})
		}
	}
	in(t, "a user who goes between the read and the write", func(t *testing.T, on face) {
		var w *world
		var sub string
		w = newWorld(t, on, company(t, &vendor{class: enrich.Read, run: func(context.Context, enrich.Call, int) (enrich.Result, error) {
			w.deleteUser(sub)
			return acme, nil
		}}))
		sub = w.confirm("ada@acme.example")
		w.work(5 * time.Minute)
		expect(t, "run", w.run(sub).State, worker.Gone)
		expect(t, "charged", w.charges([]string{sub}, "attributes"), 0)
		expect(t, "letters", len(w.letters()), 0)
	})
	in(t, "a message that waited long before anybody saw it is parked before the queue drops it", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, failsFirst(enrich.Read, nil, same(throttled(time.Hour), 1000)...)))
		sub := w.confirm("ada@acme.example")
		time.Sleep(10 * 24 * time.Hour) // no worker runs
		w.work(3*24*time.Hour + 3*time.Hour)
		expect(t, "run", w.run(sub).State, worker.Parked)
		expect(t, "reason", w.run(sub).Reason, "too_old")
		expect(t, "letters", len(w.letters()), 1)
	})
}

func TestALeaseThatCannotBeKeptIsGivenUpBeforeAnybodyElseStarts(t *testing.T) {
	in(t, "two daemons, a step of minutes, and no visibility to be had for a while", func(t *testing.T, on face) {
		running, most := 0, 0
		v := &vendor{class: enrich.Read}
		v.run = func(ctx context.Context, _ enrich.Call, _ int) (enrich.Result, error) {
			v.mu.Lock()
			running++
			most = max(most, running)
			v.mu.Unlock()
			defer func() {
				v.mu.Lock()
				running--
				v.mu.Unlock()
			}()
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(4 * time.Minute):
				return acme, nil
			}
		}
		p := company(t, v)
		p.Steps[0].Timeout = 5 * time.Minute
		w := newWorld(t, on, p)
		sub := w.confirm("ada@acme.example")
		w.must(w.cloud.SetFault("sqs", "ChangeMessageVisibility", localcloud.Fault{Outage: true}))
		time.AfterFunc(10*time.Minute, w.cloud.ClearFaults)
		w.work(30 * time.Minute)
		expect(t, "calls at once", most, 1)
		expect(t, "run", w.run(sub).State, worker.Done)
	}, theDaemon)
}

func TestAWriteNeverMeetsWhoTookOverAName(t *testing.T) {
	in(t, "a name that changes hands between the read and the write", func(t *testing.T, on face) {
		var w *world
		var second string
		email, name := "ada@acme.example", "ada"
		signUp := func() string {
			up, err := w.clients.Cognito.SignUp(t.Context(), &cognitoidentityprovider.SignUpInput{ClientId: &w.client, Username: &name,
				Password: aws.String("Correct-Horse-7"), UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: &email}}})
			w.must(err)
			return *up.UserSub
		}
		v := &vendor{class: enrich.Read, run: func(context.Context, enrich.Call, int) (enrich.Result, error) {
			if second == "" {
				w.deleteUser(name)
				second = signUp()
			}
			return acme, nil
		}}
		w = newWorld(t, on, company(t, v))
		made, err := w.clients.Cognito.CreateUserPool(t.Context(), &cognitoidentityprovider.CreateUserPoolInput{PoolName: aws.String("by name"),
			Schema: []types.SchemaAttributeType{{Name: aws.String("company"), Mutable: aws.Bool(true), AttributeDataType: types.AttributeDataTypeString}}})
		w.must(err)
		w.pool = *made.UserPool.Id
		client, err := w.clients.Cognito.CreateUserPoolClient(t.Context(), &cognitoidentityprovider.CreateUserPoolClientInput{
			UserPoolId: &w.pool, ClientName: aws.String("web")})
		w.must(err)
		w.client, w.pipeline.Pools = *client.UserPoolClient.ClientId, []string{w.pool}
		first := signUp()
		m := w.message(first)
		m.User = name
		w.send(string(m.Encode()))
		w.work(5 * time.Minute)
		expect(t, "run", w.run(first).State, worker.Replaced)
		expect(t, "what the second person has of the first", w.attributes(second)["custom:company"], "")
	})
}
