package worker_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/worker"
)

func expect[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestAUserIsEnriched(t *testing.T) {
	in(t, "what a vendor knows becomes an attribute, and the message goes", func(t *testing.T, on face) {
		v := answers(acme)
		w := newWorld(t, on, company(t, v))
		sub := w.confirm("ada@acme.example")
		w.work(time.Minute)
		expect(t, "attribute", w.attributes(sub)["custom:company"], "Acme Ltd")
		expect(t, "run", w.run(sub).State, worker.Done)
		expect(t, "queue", w.left(), "0+0")
		expect(t, "calls", v.count(), 1)
		expect(t, "stored answer", string(w.run(sub).Steps["company"].Output), `{"name":"Acme Ltd"}`)
	})
	in(t, "a late duplicate of a finished run asks nobody and is deleted", func(t *testing.T, on face) {
		v := answers(acme)
		w := newWorld(t, on, company(t, v))
		sub := w.confirm("ada@acme.example")
		w.work(time.Minute)
		w.cloud.ResetCalls()
		w.send(string(w.message(sub).Encode()))
		w.work(time.Minute)
		expect(t, "vendor calls", v.count(), 1)
		expect(t, "reads", w.cloud.Calls()["cognito-idp.AdminGetUser"], 0)
		expect(t, "queue", w.left(), "0+0")
		expect(t, "last verdict", w.reasons()[1], "duplicate")
	})
	in(t, "three copies at once are one run", func(t *testing.T, on face) {
		v := &vendor{class: enrich.Read, run: func(context.Context, enrich.Call, int) (enrich.Result, error) {
			time.Sleep(2 * time.Second)
			return acme, nil
		}}
		w := newWorld(t, on, company(t, v))
		sub := w.confirm("ada@acme.example")
		w.send(string(w.message(sub).Encode()))
		w.send(string(w.message(sub).Encode()))
		w.work(5 * time.Minute)
		expect(t, "vendor calls", v.count(), 1)
		expect(t, "writes", w.cloud.Calls()["cognito-idp.AdminUpdateUserAttributes"], 1)
		expect(t, "queue", w.left(), "0+0")
	})
	in(t, "an attribute that is there already is not written", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, answers(acme)))
		sub := w.confirm("ada@acme.example")
		w.set(sub, "custom:company", "Acme Ltd")
		w.cloud.ResetCalls()
		w.work(time.Minute)
		expect(t, "writes", w.cloud.Calls()["cognito-idp.AdminUpdateUserAttributes"], 0)
		expect(t, "run", w.run(sub).State, worker.Done)
	})
	in(t, "steps see each other's answers, and the mail waits for the write", func(t *testing.T, on face) {
		var order []string
		note := func(name string, r enrich.Result) *vendor {
			return &vendor{class: enrich.Keyed, run: func(ctx context.Context, call enrich.Call, _ int) (enrich.Result, error) {
				order = append(order, name+" "+seenName(call.Vars))
				return r, nil
			}}
		}
		p := company(t, note("company", acme))
		p.Steps = append(p.Steps,
			enrich.Step{ID: "crm", Uses: "test", Needs: []string{"company"}, Connector: note("crm", enrich.Result{"id": "c1"}), Class: enrich.Keyed, Timeout: time.Second, Fields: []expr.Path{{"id"}}},
			enrich.Step{ID: "mail", Uses: "test", Needs: []string{"attributes"}, Connector: note("mail", nil), Class: enrich.Keyed, Timeout: time.Second})
		p.Attributes = append(p.Attributes, enrich.Attribute{Name: "custom:crm_id", Value: template(t, "${{ steps.crm.id }}")})
		w := newWorld(t, on, p)
		sub := w.confirm("ada@acme.example")
		w.work(time.Minute)
		if got := strings.Join(order, ", "); got != "company , crm Acme Ltd, mail Acme Ltd" {
			t.Errorf("order: %s", got)
		}
		expect(t, "attribute", w.attributes(sub)["custom:crm_id"], "c1")
		expect(t, "writes", w.cloud.Calls()["cognito-idp.AdminUpdateUserAttributes"], 1)
	})
}

// seenName is the company's name as the vars have it.
func seenName(vars expr.Vars) string {
	steps, _ := vars["steps"].(map[string]any)
	c, _ := steps["company"].(map[string]any)
	name, _ := c["name"].(string)
	return name
}

// set writes an attribute as an administrator would.
func (w *world) set(sub, name, value string) {
	w.t.Helper()
	_, err := w.clients.Cognito.AdminUpdateUserAttributes(w.t.Context(), &cognitoidentityprovider.AdminUpdateUserAttributesInput{
		UserPoolId: &w.pool, Username: &sub, UserAttributes: attributeList(map[string]string{name: value})})
	w.must(err)
}

func (w *world) deleteUser(sub string) {
	w.t.Helper()
	_, err := w.clients.Cognito.AdminDeleteUser(w.t.Context(), &cognitoidentityprovider.AdminDeleteUserInput{UserPoolId: &w.pool, Username: &sub})
	w.must(err)
}

func TestTheFailureTable(t *testing.T) {
	in(t, "temporary: short tries mend a blip inside one delivery, nothing is charged", func(t *testing.T, on face) {
		v := failsFirst(enrich.Read, acme, errDown, errDown)
		w := newWorld(t, on, company(t, v))
		sub := w.confirm("ada@acme.example")
		w.work(time.Minute)
		expect(t, "calls", v.count(), 3)
		expect(t, "charged", w.run(sub).Steps["company"].Attempts, 0)
		expect(t, "verdicts", strings.Join(w.reasons(), ","), "done")
	})
	in(t, "temporary: beyond the tries it is charged once and hidden, and finished steps are not repeated", func(t *testing.T, on face) {
		first, second := answers(acme), failsFirst(enrich.Read, enrich.Result{"id": "c1"}, same(errDown, 4)...)
		p := company(t, first)
		p.Steps = append(p.Steps, enrich.Step{ID: "crm", Uses: "test", Connector: second, Class: enrich.Read, Timeout: time.Second})
		w := newWorld(t, on, p)
		sub := w.confirm("ada@acme.example")
		w.work(5 * time.Minute)
		expect(t, "calls of the one that works", first.count(), 1)
		expect(t, "charged", w.run(sub).Steps["crm"].Attempts, 1)
		expect(t, "verdicts", strings.Join(w.reasons(), ","), "retry http_503,done")
	})
	in(t, "throttled: not charged, Retry-After is honoured", func(t *testing.T, on face) {
		v := failsFirst(enrich.Read, acme, throttled(90*time.Second))
		w := newWorld(t, on, company(t, v))
		sub := w.confirm("ada@acme.example")
		w.work(89 * time.Second)
		expect(t, "calls before Retry-After", v.count(), 1)
		w.work(time.Minute)
		expect(t, "calls after", v.count(), 2)
		expect(t, "charged", w.run(sub).Steps["company"].Attempts, 0)
		expect(t, "released", w.run(sub).Releases, 1)
		expect(t, "attribute", w.attributes(sub)["custom:company"], "Acme Ltd")
	})
	in(t, "not-found: an outcome, the attribute is left out, the run goes on", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, failsFirst(enrich.Read, nil, enrich.ErrNotFound)))
		sub := w.confirm("ada@nowhere.example")
		w.work(time.Minute)
		expect(t, "outcome", w.run(sub).Steps["company"].Outcome, worker.OutcomeNotFound)
		expect(t, "run", w.run(sub).State, worker.Done)
		expect(t, "writes", w.cloud.Calls()["cognito-idp.AdminUpdateUserAttributes"], 0)
	})
	in(t, "permanent: everything that does not need it still runs, attributes included, then the run is parked", func(t *testing.T, on face) {
		other, behind := answers(enrich.Result{"id": "c1"}), answers(nil)
		p := company(t, failsFirst(enrich.Read, nil, errRefused))
		p.Steps = append(p.Steps,
			enrich.Step{ID: "crm", Uses: "test", Connector: other, Class: enrich.Read, Timeout: time.Second, Fields: []expr.Path{{"id"}}},
			enrich.Step{ID: "behind", Uses: "test", Needs: []string{"company"}, Connector: behind, Class: enrich.Read, Timeout: time.Second})
		p.Attributes = append(p.Attributes, enrich.Attribute{Name: "custom:crm_id", Value: template(t, "${{ steps.crm.id }}")})
		w := newWorld(t, on, p)
		sub := w.confirm("ada@acme.example")
		w.work(time.Minute)
		expect(t, "attribute", w.attributes(sub)["custom:crm_id"], "c1")
		expect(t, "step behind the failure", behind.count(), 0)
		expect(t, "run", w.run(sub).State, worker.Parked)
		letters := w.letters()
		if len(letters) != 1 || reason(letters[0]) != "http_422" || aws.ToString(letters[0].MessageAttributes["postconfirm_step"].StringValue) != "company" {
			t.Fatalf("letters: %+v", letters)
		}
		expect(t, "run key in the letter", aws.ToString(letters[0].MessageAttributes["postconfirm_run"].StringValue), w.run(sub).Key)
		expect(t, "queue", w.left(), "0+0")
	})
	in(t, "permanent with on-failure skip: it and what needs it is skipped, done with a flag", func(t *testing.T, on face) {
		behind := answers(nil)
		p := company(t, failsFirst(enrich.Read, nil, errRefused))
		p.Steps[0].OnFailure = enrich.Skip
		p.Steps = append(p.Steps, enrich.Step{ID: "behind", Uses: "test", Needs: []string{"company"}, Connector: behind, Class: enrich.Read, Timeout: time.Second})
		w := newWorld(t, on, p)
		sub := w.confirm("ada@acme.example")
		w.work(time.Minute)
		expect(t, "run", w.run(sub).State, worker.Done)
		expect(t, "flags", strings.Join(w.run(sub).Flags, ","), "step company: http_422")
		expect(t, "behind", w.run(sub).Steps["behind"].State, worker.StepSkipped)
		expect(t, "calls behind", behind.count(), 0)
	})
	in(t, "permanent with on-failure default: its result is the default, done with a flag", func(t *testing.T, on face) {
		p := company(t, failsFirst(enrich.Read, nil, errRefused))
		p.Steps[0].OnFailure, p.Steps[0].Default = enrich.UseDefault, map[string]any{"name": "unknown"}
		w := newWorld(t, on, p)
		sub := w.confirm("ada@acme.example")
		w.work(time.Minute)
		expect(t, "attribute", w.attributes(sub)["custom:company"], "unknown")
		expect(t, "flags", len(w.run(sub).Flags), 1)
	})
	in(t, "a condition that is false skips the step, what needs it goes on and sees null", func(t *testing.T, on face) {
		v, behind := answers(acme), answers(nil)
		p := company(t, v)
		p.Steps[0].If = condition(t, `user.email_domain != "mailbox.example"`)
		p.Steps = append(p.Steps, enrich.Step{ID: "behind", Uses: "test", Needs: []string{"company"}, Connector: behind, Class: enrich.Read, Timeout: time.Second})
		w := newWorld(t, on, p)
		sub := w.confirm("ada@mailbox.example")
		w.work(time.Minute)
		expect(t, "calls", v.count(), 0)
		expect(t, "calls behind", behind.count(), 1)
		expect(t, "run", w.run(sub).State, worker.Done)
	})
	in(t, "one attribute the pool would refuse: dropped and flagged, the rest written", func(t *testing.T, on face) {
		p := company(t, answers(enrich.Result{"name": strings.Repeat("x", 41), "plan": "team"}))
		p.Steps[0].Fields = []expr.Path{{}}
		p.Attributes = append(p.Attributes,
			enrich.Attribute{Name: "custom:plan", Value: template(t, "${{ steps.company.plan }}")},
			enrich.Attribute{Name: "custom:undeclared", Value: template(t, "x")})
		w := newWorld(t, on, p)
		sub := w.confirm("ada@acme.example")
		w.work(time.Minute)
		expect(t, "attribute", w.attributes(sub)["custom:plan"], "team")
		expect(t, "flags", strings.Join(w.run(sub).Flags, ", "), "attribute custom:company: too_long, attribute custom:undeclared: not_in_schema")
	})
	in(t, "sent, outcome unknown, unsafe: not repeated, the run is done with an open effect", func(t *testing.T, on face) {
		mail := failsFirst(enrich.Unsafe, nil, errLost)
		p := company(t, answers(acme))
		p.Steps = append(p.Steps, enrich.Step{ID: "mail", Uses: "test", Needs: []string{"attributes"}, Connector: mail, Class: enrich.Unsafe, Timeout: time.Second})
		w := newWorld(t, on, p)
		sub := w.confirm("ada@acme.example")
		w.work(5 * time.Minute)
		r := w.run(sub)
		expect(t, "calls", mail.count(), 1)
		expect(t, "run", r.State, worker.Done)
		expect(t, "open effects", strings.Join(r.OpenEffects(), ","), "mail")
		expect(t, "letters", len(w.letters()), 0)
	})
	in(t, "sent, the answer unreadable, unsafe: an open effect, no failure", func(t *testing.T, on face) {
		mail := failsFirst(enrich.Unsafe, nil, &enrich.Error{Kind: enrich.Permanent, Code: "bad_json", Sent: true})
		p := company(t, answers(acme))
		p.Steps = append(p.Steps, enrich.Step{ID: "mail", Uses: "test", Connector: mail, Class: enrich.Unsafe, Timeout: time.Second})
		w := newWorld(t, on, p)
		sub := w.confirm("ada@acme.example")
		w.work(5 * time.Minute)
		r := w.run(sub)
		expect(t, "run", r.State, worker.Done)
		expect(t, "open effects", strings.Join(r.OpenEffects(), ","), "mail")
	})
	in(t, "a result too large to keep: a question has failed, an effect is done with a flag", func(t *testing.T, on face) {
		large := enrich.Result{"id": strings.Repeat("x", 17<<10)}
		for class, want := range map[enrich.Class]worker.RunState{enrich.Read: worker.Parked, enrich.Unsafe: worker.Done} {
			big := &vendor{class: class, run: func(context.Context, enrich.Call, int) (enrich.Result, error) { return large, nil }}
			p := company(t, answers(acme))
			p.Steps = append(p.Steps, enrich.Step{ID: "big", Uses: "test", Connector: big, Class: class, Timeout: time.Second, Fields: []expr.Path{{"id"}}})
			w := newWorld(t, on, p)
			sub := w.confirm("ada@acme.example")
			w.work(5 * time.Minute)
			expect(t, class.String()+" run", w.run(sub).State, want)
			expect(t, class.String()+" calls", big.count(), 1)
		}
	})
	in(t, "never sent, unsafe: repeated", func(t *testing.T, on face) {
		mail := failsFirst(enrich.Unsafe, nil, errUnsent)
		p := company(t, answers(acme))
		p.Steps = append(p.Steps, enrich.Step{ID: "mail", Uses: "test", Connector: mail, Class: enrich.Unsafe, Timeout: time.Second})
		w := newWorld(t, on, p)
		sub := w.confirm("ada@acme.example")
		w.work(5 * time.Minute)
		expect(t, "calls", mail.count(), 2)
		expect(t, "mail", w.run(sub).Steps["mail"].State, worker.StepDone)
	})
	in(t, "sent, outcome unknown, keyed: repeated with the same key", func(t *testing.T, on face) {
		hook := failsFirst(enrich.Keyed, nil, errLost)
		p := company(t, answers(acme))
		p.Steps = append(p.Steps, enrich.Step{ID: "hook", Uses: "test", Connector: hook, Class: enrich.Keyed, Timeout: time.Second})
		w := newWorld(t, on, p)
		sub := w.confirm("ada@acme.example")
		w.work(5 * time.Minute)
		expect(t, "calls", hook.count(), 2)
		expect(t, "keys", len(hook.keys), 1)
		expect(t, "calls with the run's own key", hook.keys[w.run(sub).Key+"-hook"], 2)
	})
	in(t, "eight charged attempts of one step: parked, and no call after that", func(t *testing.T, on face) {
		v := failsFirst(enrich.Read, nil, same(errDown, 1000)...)
		w := newWorld(t, on, company(t, v))
		sub := w.confirm("ada@acme.example")
		w.work(24 * time.Hour)
		expect(t, "calls", v.count(), 8*3)
		expect(t, "run", w.run(sub).State, worker.Parked)
		letters := w.letters()
		if len(letters) != 1 || reason(letters[0]) != "http_503" || aws.ToString(letters[0].MessageAttributes["postconfirm_attempts"].StringValue) != "8" {
			t.Fatalf("letters: %+v", letters)
		}
	})
	in(t, "five days of throttling: parked for its age, never charged", func(t *testing.T, on face) {
		v := failsFirst(enrich.Read, nil, same(throttled(10*time.Minute), 100000)...)
		w := newWorld(t, on, company(t, v))
		sub := w.confirm("ada@acme.example")
		w.work(5*24*time.Hour + time.Hour)
		expect(t, "run", w.run(sub).State, worker.Parked)
		expect(t, "reason", w.run(sub).Reason, "too_old")
		expect(t, "charged", w.run(sub).Steps["company"].Attempts, 0)
	})
	in(t, "user gone: nothing written, no letter", func(t *testing.T, on face) {
		v := answers(acme)
		w := newWorld(t, on, company(t, v))
		sub := w.confirm("ada@acme.example")
		w.deleteUser(sub)
		w.work(time.Minute)
		expect(t, "run", w.run(sub).State, worker.Gone)
		expect(t, "calls", v.count(), 0)
		expect(t, "letters", len(w.letters()), 0)
		expect(t, "reads", w.cloud.Calls()["cognito-idp.AdminGetUser"], 2)
	})
	in(t, "the name belongs to another person now: nothing written", func(t *testing.T, on face) {
		v := answers(acme)
		w := newWorld(t, on, company(t, v))
		sub := w.confirm("ada@acme.example")
		m := w.message(sub)
		m.Sub = "00000000-0000-4000-8000-000000000000"
		w.send(string(m.Encode()))
		w.work(time.Minute)
		expect(t, "state of the other's run", w.run(m.Sub).State, worker.Replaced)
		expect(t, "calls", v.count(), 1)
	})
}

func TestThePoolUnderPressure(t *testing.T) {
	in(t, "a throttled write is not charged and halves the budget", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, answers(acme)))
		subs := make([]string, 200)
		for i := range subs {
			subs[i] = w.confirm("user" + strconv.Itoa(i) + "@acme.example")
		}
		w.must(w.cloud.SetFault("cognito-idp", "AdminUpdateUserAttributes", localcloud.Fault{Throttle: 5}))
		w.work(10 * time.Minute)
		for _, sub := range subs {
			if r := w.run(sub); r.State != worker.Done || r.Steps["attributes"].Attempts != 0 {
				t.Fatalf("run %s: %s, charged %d", r.Key, r.State, r.Steps["attributes"].Attempts)
			}
		}
		if calls := w.cloud.Calls()["cognito-idp.AdminUpdateUserAttributes"]; calls > 300 {
			t.Errorf("%d calls for 200 users at a third of the rate", calls)
		}
		expect(t, "letters", len(w.letters()), 0)
	})
	in(t, "an outage of the pool charges nobody", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, answers(acme)))
		sub := w.confirm("ada@acme.example")
		w.must(w.cloud.SetFault("cognito-idp", "*", localcloud.Fault{Outage: true}))
		w.work(6 * time.Hour)
		w.cloud.ClearFaults()
		w.work(time.Hour)
		r := w.run(sub)
		expect(t, "run", r.State, worker.Done)
		expect(t, "charged", r.Steps["company"].Attempts+r.Steps["attributes"].Attempts, 0)
	})
	in(t, "calls per user at steady state", func(t *testing.T, on face) {
		const users = 500
		w := newWorld(t, on, company(t, answers(acme)))
		for i := range users {
			w.confirm("user" + strconv.Itoa(i) + "@acme.example")
		}
		w.cloud.ResetCalls()
		w.work(2 * time.Minute)
		calls := w.cloud.Calls()
		t.Logf("%d users: %v", users, calls)
		// Two pollers add one empty long poll each per 20 s once the queue is empty.
		expect(t, "receives within a tenth and the idle polls", calls["sqs.ReceiveMessage"] <= users/10+2*6, true)
		expect(t, "deletes", calls["sqs.DeleteMessageBatch"], users/10)
		expect(t, "single deletes", calls["sqs.DeleteMessage"], 0)
		expect(t, "visibility calls", calls["sqs.ChangeMessageVisibility"], 0)
		expect(t, "reads", calls["cognito-idp.AdminGetUser"], users)
		expect(t, "writes", calls["cognito-idp.AdminUpdateUserAttributes"], users)
		expect(t, "schema reads", calls["cognito-idp.DescribeUserPool"], 1)
	})
}

func TestTheLedgerIsTheTruth(t *testing.T) {
	in(t, "without a ledger nothing is asked and nothing is lost", func(t *testing.T, on face) {
		v := answers(acme)
		w := newWorld(t, on, company(t, v))
		sub := w.confirm("ada@acme.example")
		w.ledger.Down(errors.New("disk full"))
		w.work(time.Hour)
		expect(t, "calls", v.count(), 0)
		w.ledger.Down(nil)
		w.work(time.Hour)
		expect(t, "run", w.run(sub).State, worker.Done)
	})
	in(t, "a message is never deleted while its dead letter can't be sent", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, failsFirst(enrich.Read, nil, errRefused)))
		sub := w.confirm("ada@acme.example")
		w.send("no message at all")
		dlq := w.dlq
		w.dlq = strings.Replace(w.dlq, "/dlq", "/nowhere", 1)
		w.work(time.Minute)
		expect(t, "queue", w.left(), "0+2")
		expect(t, "run", w.run(sub).State, worker.Parked)
		w.dlq = dlq
		w.work(time.Hour)
		expect(t, "queue after", w.left(), "0+0")
		expect(t, "letters", len(w.letters()), 2)
	})
	in(t, "a run whose worker vanished three times is parked as a crash loop", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, answers(acme)))
		sub := w.confirm("ada@acme.example")
		id := worker.Identity{Pool: w.pool, Sub: sub, Generation: event.Onboarding}
		for range 3 {
			_, err := w.ledger.Claim(t.Context(), id, "gone-"+time.Now().String(), time.Now(), time.Now().Add(time.Second))
			w.must(err)
			time.Sleep(2 * time.Second)
		}
		w.work(time.Minute)
		expect(t, "reason", w.run(sub).Reason, "crash_loop")
	})
	in(t, "an effect has a durable intent before it starts, a question has none", func(t *testing.T, on face) {
		for class, want := range map[enrich.Class]worker.StepState{enrich.Unsafe: worker.StepIntent, enrich.Keyed: worker.StepIntent, enrich.Idempotent: "", enrich.Read: ""} {
			var w *world
			var sub string
			var seen worker.StepState
			p := company(t, &vendor{class: class, run: func(context.Context, enrich.Call, int) (enrich.Result, error) {
				seen = w.run(sub).Steps["company"].State
				return acme, nil
			}})
			w = newWorld(t, on, p)
			sub = w.confirm("ada@acme.example")
			w.work(time.Minute)
			expect(t, class.String()+" in the ledger during the call", seen, want)
			expect(t, class.String()+" after it", w.run(sub).Steps["company"].State, worker.StepDone)
		}
	})
	in(t, "an intent found open is never repeated when it is unsafe, and repeated when it is keyed", func(t *testing.T, on face) {
		for class, want := range map[enrich.Class]int{enrich.Unsafe: 0, enrich.Keyed: 1} {
			effect := &vendor{class: class, run: func(context.Context, enrich.Call, int) (enrich.Result, error) { return nil, nil }}
			p := company(t, answers(acme))
			p.Steps = append(p.Steps, enrich.Step{ID: "effect", Uses: "test", Connector: effect, Class: class, Timeout: time.Second})
			w := newWorld(t, on, p)
			sub := w.confirm("ada@acme.example")
			id := worker.Identity{Pool: w.pool, Sub: sub, Generation: event.Onboarding}
			r, err := w.ledger.Claim(t.Context(), id, "gone", time.Now(), time.Now().Add(time.Second))
			w.must(err)
			r.Steps = map[string]worker.StepRecord{"effect": {State: worker.StepIntent}}
			w.must(w.ledger.Save(t.Context(), r))
			time.Sleep(2 * time.Second)
			w.work(time.Minute)
			expect(t, class.String()+" calls", effect.count(), want)
			expect(t, class.String()+" run", w.run(sub).State, worker.Done)
		}
	})
	for name, tt := range map[string]struct {
		claims int
		state  worker.RunState
		end    func(w *world, sub string)
	}{
		"parked as a crash loop": {3, worker.Parked, func(*world, string) {}},
		"parked for its age":     {1, worker.Parked, func(*world, string) { time.Sleep(6 * 24 * time.Hour) }},
		"over, its user gone":    {1, worker.Gone, (*world).deleteUser},
	} {
		in(t, "an intent found open in a run that is "+name+" is an open effect, and flagged", func(t *testing.T, on face) {
			effect := &vendor{class: enrich.Unsafe, run: func(context.Context, enrich.Call, int) (enrich.Result, error) { return nil, nil }}
			p := company(t, answers(acme))
			p.Steps = append(p.Steps, enrich.Step{ID: "effect", Uses: "test", Connector: effect, Class: enrich.Unsafe, Timeout: time.Second})
			w := newWorld(t, on, p)
			sub := w.confirm("ada@acme.example")
			id := worker.Identity{Pool: w.pool, Sub: sub, Generation: event.Onboarding}
			for range tt.claims {
				r, err := w.ledger.Claim(t.Context(), id, "gone-"+time.Now().String(), time.Now(), time.Now().Add(time.Second))
				w.must(err)
				r.Steps = map[string]worker.StepRecord{"effect": {State: worker.StepIntent}}
				w.must(w.ledger.Save(t.Context(), r))
				time.Sleep(2 * time.Second)
			}
			tt.end(w, sub)
			w.work(time.Minute)
			r := w.run(sub)
			expect(t, "state", r.State, tt.state)
			expect(t, "calls", effect.count(), 0)
			expect(t, "open effects", strings.Join(r.OpenEffects(), " "), "effect")
			expect(t, "flags", strings.Join(r.Flags, ", "), "step effect: unknown")
		})
	}
	for name, timeout := range map[string]time.Duration{"longer than the lease": 5 * time.Minute, "that ignores its time-out": 10 * time.Second} {
		in(t, "a step "+name+" keeps its lease: nobody else starts the same", func(t *testing.T, on face) {
			v := &vendor{class: enrich.Read, run: func(context.Context, enrich.Call, int) (enrich.Result, error) {
				time.Sleep(3 * time.Minute)
				return acme, nil
			}}
			p := company(t, v)
			p.Steps[0].Timeout = timeout
			w := newWorld(t, on, p)
			sub := w.confirm("ada@acme.example")
			w.work(10 * time.Minute)
			expect(t, "calls", v.count(), 1)
			expect(t, "run", w.run(sub).State, worker.Done)
			expect(t, "crashes", w.run(sub).Crashes, 0)
		}, theDaemon)
	}
	in(t, "a stop gives running work its time, and the next start goes on uncharged", func(t *testing.T, on face) {
		slow := &vendor{class: enrich.Read, run: func(ctx context.Context, _ enrich.Call, _ int) (enrich.Result, error) {
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(10 * time.Second):
				return acme, nil
			}
		}}
		never := answers(enrich.Result{"id": "c"})
		p := company(t, slow)
		p.Steps = append(p.Steps, enrich.Step{ID: "crm", Uses: "test", Needs: []string{"company"}, Connector: never, Class: enrich.Read, Timeout: time.Second})
		w := newWorld(t, on, p)
		sub := w.confirm("ada@acme.example")
		w.work(time.Second)
		expect(t, "the running step finished", w.run(sub).Steps["company"].State, worker.StepDone)
		expect(t, "no new step began", never.count(), 0)
		expect(t, "verdict", strings.Join(w.reasons(), ","), "released draining")
		w.work(time.Minute)
		expect(t, "run", w.run(sub).State, worker.Done)
		expect(t, "crashes", w.run(sub).Crashes, 0)
		expect(t, "calls", slow.count(), 1)
	}, theDaemon)
	in(t, "a panic anywhere else counts as a crash, and three park the run, while others go on", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, answers(acme)))
		w.fragile = true
		sub := w.confirm("ada@acme.example")
		w.work(time.Hour)
		expect(t, "run", w.run(sub).State, worker.Parked)
		expect(t, "reason", w.run(sub).Reason, "crash_loop")
		expect(t, "letters", len(w.letters()), 1)
	})
	in(t, "a panic in a connector is a charged failure of its step", func(t *testing.T, on face) {
		v := &vendor{class: enrich.Read, run: func(_ context.Context, _ enrich.Call, n int) (enrich.Result, error) {
			if n <= 3 {
				panic("ada@acme.example")
			}
			return acme, nil
		}}
		w := newWorld(t, on, company(t, v))
		sub := w.confirm("ada@acme.example")
		w.work(5 * time.Minute)
		expect(t, "run", w.run(sub).State, worker.Done)
		expect(t, "charged", w.run(sub).Steps["company"].Attempts, 1)
	})
}

func TestBodiesThatAreNoMessage(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"C5-105 spaces", "  ", "body_empty"},
		{"C5-105 null", "null", "body_schema"},
		{"C5-105 an object of nothing", "{}", "body_schema"},
		{"C5-106 not JSON", "hello", "body_undecodable"},
		{"C5-106 HTML", "<html></html>", "body_undecodable"},
		{"C5-106 base64", "eyJ2IjoxfQ==", "body_undecodable"},
		{"C5-109 an SNS envelope", `{"Type":"Notification","TopicArn":"arn:aws:sns:eu-west-1:1:t","Message":"{}"}`, "envelope_unknown"},
		{"C5-109 an EventBridge envelope", `{"version":"0","detail-type":"x","detail":{}}`, "envelope_unknown"},
		{"C5-109 an S3 test event", `{"Service":"Amazon S3","Event":"s3:TestEvent"}`, "envelope_unknown"},
		{"C5-110 C1-18 a pool that is not on the list", `{"v":1,"pool":"eu-west-1_Elsewhere","user":"u","sub":"s"}`, "pool_not_allowed"},
		{"C5-110 C1-18 a pool with a path in it", `{"v":1,"pool":"../x","user":"u","sub":"s"}`, "pool_not_allowed"},
		{"C5-110 C1-19 a region that is not the pool's", `{"v":1,"pool":"POOL","region":"us-east-1","user":"u","sub":"s"}`, "pool_not_allowed"},
		{"C1-11 no user", `{"v":1,"pool":"POOL","sub":"s"}`, "identity_missing"},
		{"C1-8 a user given twice", `{"v":1,"pool":"POOL","user":"u","user":"w","sub":"s"}`, "identity_ambiguous"},
	} {
		in(t, c.name+" is a dead letter once, with the body as it came", func(t *testing.T, on face) {
			w := newWorld(t, on, company(t, answers(acme)))
			body := strings.ReplaceAll(c.body, "POOL", w.pool)
			w.send(body)
			w.work(time.Minute)
			letters := w.letters()
			if len(letters) != 1 || reason(letters[0]) != c.want || *letters[0].Body != body {
				t.Fatalf("got %d letters, %s", len(letters), w.reasons())
			}
			expect(t, "queue", w.left(), "0+0")
		})
	}
	in(t, "a newer version waits for a newer worker before it is a dead letter", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, answers(acme)))
		w.send(`{"v":2,"pool":"` + w.pool + `","user":"u","sub":"s"}`)
		w.work(50 * time.Minute)
		expect(t, "letters within the grace", len(w.letters()), 0)
		w.work(20 * time.Minute)
		letters := w.letters()
		if len(letters) != 1 || reason(letters[0]) != "version_unknown" {
			t.Errorf("letters: %v", letters)
		}
	})
}

func TestNothingPersonalIsLogged(t *testing.T) {
	in(t, "no address, no name, no secret, no vendor's word in any log line or letter", func(t *testing.T, on face) {
		leaky := func(err error) *vendor {
			return &vendor{class: enrich.Read, run: func(context.Context, enrich.Call, int) (enrich.Result, error) { return nil, err }}
		}
		p := company(t, leaky(&enrich.Error{Kind: enrich.Permanent, Code: "http_400", Err: errors.New("canary-vendor-word")}))
		p.Steps = append(p.Steps, enrich.Step{ID: "odd", Uses: "test", Connector: leaky(errors.New("canary-unclassified")), Class: enrich.Read, Timeout: time.Second})
		w := newWorld(t, on, p)
		w.options.Attempts = 2
		w.confirm("canary-address@acme.example")
		w.send(`{"v":1,"pool":"` + w.pool + `","user":"canary-user","sub":""}`)
		w.work(time.Hour)
		text := w.log.String()
		for _, m := range w.letters() {
			for _, a := range maps.All(m.MessageAttributes) {
				text += aws.ToString(a.StringValue) + "\n"
			}
		}
		if i := strings.Index(text, "canary"); i >= 0 {
			t.Errorf("…%s…", text[max(0, i-80):min(len(text), i+80)])
		}
		if !slices.Contains(w.reasons(), "parked http_400") {
			t.Errorf("verdicts: %v", w.reasons())
		}
	})
}
