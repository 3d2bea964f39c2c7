package worker_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/enrich/pipefile"
	"github.com/postconfirm/postconfirm/worker"
)

// The rows of the fault matrix about the pool and AWS as a whole (B5 80 to 91).
//
// Not here, and why:
//   - B5-84: no schema is looked at before the first message; what it says is heeded at every write.
//   - B5-86 is in refusal_test.go, on a pool that refuses on command.
//   - B5-91, the second half: nothing reads the pool yet to find users whose message was lost with its Region.

const write = "AdminUpdateUserAttributes"

// crowd confirms n users.
func (w *world) crowd(n int) (subs []string) {
	w.t.Helper()
	for i := range n {
		subs = append(subs, w.confirm("user"+strconv.Itoa(i)+"@acme.example"))
	}
	return subs
}

// cognitoSays makes a wire on which every operation of the pool is answered with an error until a time.
func cognitoSays(end time.Time, code string) wire {
	return func(operation string, pass func() (*http.Response, error)) (*http.Response, error) {
		pool := operation == "AdminGetUser" || operation == "DescribeUserPool" || operation == write
		if pool && time.Now().Before(end) {
			return says(400, `{"__type":"`+code+`","message":"The security token included in the request is expired"}`)
		}
		return pass()
	}
}

func TestMatrixB5Credentials(t *testing.T) {
	for _, code := range []string{"ExpiredTokenException", "InvalidSignatureException", "AccessDeniedException"} {
		in(t, "B5-80 "+code+" from the pool for a while: nobody is charged, all goes on when it is mended", func(t *testing.T, on face) {
			v := answers(acme)
			w := newWorld(t, on, company(t, v))
			subs := w.crowd(20)
			w.through(cognitoSays(time.Now().Add(20*time.Minute), code))
			w.work(time.Hour)
			expect(t, "calls of the vendor", v.count(), len(subs))
			for _, sub := range subs {
				w.onboarded(sub)
			}
		})
		in(t, "B5-80 "+code+" in the middle of a run, from the write: the answers are kept, nobody is charged", func(t *testing.T, on face) {
			v := answers(acme)
			w := newWorld(t, on, company(t, v))
			sub := w.confirm("ada@acme.example")
			w.through(until(time.Now().Add(20*time.Minute), write, func() (*http.Response, error) { return says(400, `{"__type":"`+code+`"}`) }))
			w.work(time.Hour)
			expect(t, "calls of the vendor", v.count(), 1)
			w.onboarded(sub)
		})
	}
	in(t, "B5-80 credentials that expire for everything, the queue included: hardly any call, nobody is charged", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, answers(acme)))
		subs, asked, end := w.crowd(20), 0, time.Now().Add(6*time.Hour)
		var mu sync.Mutex
		w.through(func(_ string, pass func() (*http.Response, error)) (*http.Response, error) {
			if !time.Now().Before(end) {
				return pass()
			}
			mu.Lock()
			defer mu.Unlock()
			asked++
			return says(400, `{"__type":"ExpiredTokenException"}`)
		})
		w.work(7 * time.Hour)
		if asked > 2*6*60*6 {
			t.Errorf("two pollers asked %d times in six hours", asked)
		}
		for _, sub := range subs {
			w.onboarded(sub)
		}
	}, theDaemon)
	in(t, "B5-80 credentials that nobody mends: ever fewer calls, never parked before its age, never charged", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, answers(acme)))
		sub := w.confirm("ada@acme.example")
		w.through(cognitoSays(time.Now().Add(365*24*time.Hour), "ExpiredTokenException"))
		w.work(5*24*time.Hour - time.Hour)
		r := w.run(sub)
		expect(t, "run before five days", r.State, worker.Open)
		expect(t, "charged", r.Steps["company"].Attempts+r.Steps[enrich.AttributesStep].Attempts, 0)
		if most := 5 * 24 * 60 / 7; r.Releases > most { // pauses are seven and a half minutes in the middle
			t.Errorf("tried %d times, want at most %d", r.Releases, most)
		}
		w.work(3 * time.Hour)
		expect(t, "run after five days", w.run(sub).State, worker.Parked)
		expect(t, "letter", w.letter(), "too_old")
	})
}

func TestMatrixB5Throttles(t *testing.T) {
	in(t, "B5-81 every write is throttled for ten minutes: nobody is charged, no letter, the budget falls and comes back", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, answers(acme)))
		w.options.Budget = worker.NewBudget(16, nil)
		subs := w.crowd(100)
		w.through(until(time.Now().Add(10*time.Minute), write, func() (*http.Response, error) { return says(400, `{"__type":"TooManyRequestsException"}`) }))
		then := make(chan float64, 1)
		time.AfterFunc(5*time.Minute, func() { then <- w.options.Budget.Rate() })
		w.work(time.Hour)
		if rate := <-then; rate > 8 {
			t.Errorf("after five minutes of throttling the budget is %v", rate)
		}
		expect(t, "the budget after a quiet while", w.options.Budget.Rate(), 16.0)
		for _, sub := range subs {
			w.onboarded(sub)
		}
	})
	for _, foreign := range []int{0, 12, 24} { // calls a second
		in(t, "B5-81 others take "+strconv.Itoa(foreign)+" of the 25 calls a second: nobody is charged, nobody is lost", func(t *testing.T, on face) {
			w := newWorld(t, on, company(t, answers(acme)))
			subs := w.crowd(200)
			other := w.confirm("other@elsewhere.example")
			w.must(w.cloud.SetFault("cognito-idp", write, localcloud.Fault{Throttle: 25}))
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			for range foreign {
				go func() {
					for ctx.Err() == nil {
						_, _ = w.clients.Cognito.AdminUpdateUserAttributes(ctx, &cognitoidentityprovider.AdminUpdateUserAttributesInput{
							UserPoolId: &w.pool, Username: &other, UserAttributes: attributeList(map[string]string{"custom:plan": "x"})})
						time.Sleep(time.Second)
					}
				}()
			}
			w.work(20 * time.Minute)
			for _, sub := range append(subs, other) {
				w.onboarded(sub)
			}
		})
	}
}

func TestMatrixB5Users(t *testing.T) {
	in(t, "B5-82 the pool does not know the user: looked for once more, then gone, and no step runs", func(t *testing.T, on face) {
		v := answers(acme)
		w := newWorld(t, on, company(t, v))
		other := beside(t, w.pipeline)
		sub := w.confirm("ada@acme.example")
		w.deleteUser(sub)
		w.work(10 * time.Minute)
		expect(t, "run", w.run(sub).State, worker.Gone)
		expect(t, "verdicts", strings.Join(w.reasons(), ","), "gone user_gone")
		expect(t, "reads", w.cloud.Calls()["cognito-idp.AdminGetUser"], 2)
		expect(t, "calls of the vendors", v.count()+other.count(), 0)
		expect(t, "letters", w.letter(), "")
		expect(t, "queue", w.left(), "0+0")
	})
	in(t, "B5-82 the pool knows the user a moment later: the second read finds it", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, answers(acme)))
		sub := w.confirm("ada@acme.example")
		w.through(until(time.Now().Add(100*time.Millisecond), "AdminGetUser", func() (*http.Response, error) {
			return says(400, `{"__type":"UserNotFoundException","message":"User does not exist."}`)
		}))
		w.work(time.Minute)
		w.onboarded(sub)
	})
	in(t, "B5-82 the user goes in the middle: what assumes the user does not run", func(t *testing.T, on face) {
		var w *world
		var sub string
		mail := answers(nil)
		p := company(t, &vendor{class: enrich.Read, run: func(context.Context, enrich.Call, int) (enrich.Result, error) {
			w.deleteUser(sub)
			return acme, nil
		}})
		p.Steps = append(p.Steps, enrich.Step{ID: "mail", Uses: "test", Needs: []string{enrich.AttributesStep}, Connector: mail, Class: enrich.Unsafe, Timeout: time.Second})
		w = newWorld(t, on, p)
		sub = w.confirm("ada@acme.example")
		w.work(10 * time.Minute)
		expect(t, "run", w.run(sub).State, worker.Gone)
		expect(t, "mails", mail.count(), 0)
		expect(t, "letters", w.letter(), "")
	})
	in(t, "B5-83 the name belongs to a new person: nothing is asked or written for the old one", func(t *testing.T, on face) {
		v := answers(acme)
		w := newWorld(t, on, company(t, v))
		old := w.message(w.confirm("ada@acme.example"))
		w.work(time.Second) // the first one is done with
		old.User, old.Generation = "ada@acme.example", "1"
		w.deleteUser(old.Sub)
		up, err := w.clients.Cognito.SignUp(t.Context(), &cognitoidentityprovider.SignUpInput{ClientId: &w.client, Username: &old.User,
			Password: aws.String("Correct-Horse-7"), UserAttributes: attributeList(map[string]string{"email": old.User})})
		w.must(err)
		_, err = w.clients.Cognito.AdminConfirmSignUp(t.Context(), &cognitoidentityprovider.AdminConfirmSignUpInput{UserPoolId: &w.pool, Username: &old.User})
		w.must(err)
		w.cloud.ResetCalls()
		w.send(string(old.Encode()))
		w.work(time.Minute)
		expect(t, "verdicts", strings.Join(w.reasons(), ","), "done,gone user_replaced")
		expect(t, "calls of the vendor", v.count(), 1)
		expect(t, "writes", w.cloud.Calls()["cognito-idp."+write], 0)
		expect(t, "the new person's attribute", w.attributes(*up.UserSub)["custom:company"], "")
	})
	in(t, "B5-88 the answers of the write are lost: written again, the same", func(t *testing.T, on face) {
		v := answers(acme)
		w := newWorld(t, on, company(t, v))
		sub := w.confirm("ada@acme.example")
		lost := 0
		var mu sync.Mutex
		w.through(func(operation string, pass func() (*http.Response, error)) (*http.Response, error) {
			answer, err := pass()
			mu.Lock()
			defer mu.Unlock()
			if operation != write || lost == 2 {
				return answer, err
			}
			lost++
			expect(t, "answered with", err == nil && answer.StatusCode == 200, true)
			return nil, errors.New("read: connection reset by peer")
		})
		w.work(5 * time.Minute)
		expect(t, "lost", lost, 2)
		expect(t, "writes", w.cloud.Calls()["cognito-idp."+write], 3)
		expect(t, "calls of the vendor", v.count(), 1)
		w.onboarded(sub)
	})
	in(t, "B5-89 the user changes attributes between the read and the write: what the pipeline does not own stays", func(t *testing.T, on face) {
		var w *world
		var sub string
		w = newWorld(t, on, company(t, &vendor{class: enrich.Read, run: func(context.Context, enrich.Call, int) (enrich.Result, error) {
			w.set(sub, "custom:plan", "theirs")
			w.set(sub, "website", "https://theirs.example")
			return acme, nil
		}}))
		sub = w.confirm("ada@acme.example")
		w.set(sub, "custom:plan", "before")
		w.set(sub, "website", "https://before.example")
		w.work(time.Minute)
		w.onboarded(sub)
		expect(t, "plan", w.attributes(sub)["custom:plan"], "theirs")
		expect(t, "website", w.attributes(sub)["website"], "https://theirs.example")
	})
}

// add puts more attributes into the schema of the pool.
func (w *world) add(more ...types.SchemaAttributeType) {
	w.t.Helper()
	_, err := w.clients.Cognito.AddCustomAttributes(w.t.Context(), &cognitoidentityprovider.AddCustomAttributesInput{UserPoolId: &w.pool, CustomAttributes: more})
	w.must(err)
}

func TestMatrixB5Attributes(t *testing.T) {
	said := func(t *testing.T, values enrich.Result, attributes ...enrich.Attribute) *enrich.Pipeline {
		p := company(t, answers(values))
		p.Steps[0].Fields = []expr.Path{{}}
		p.Attributes = append(p.Attributes, attributes...)
		return p
	}
	in(t, "B5-84 not in the schema, immutable, of another type: each is dropped and flagged, the rest is written", func(t *testing.T, on face) {
		p := said(t, enrich.Result{"name": "Acme Ltd"},
			enrich.Attribute{Name: "custom:missing", Value: template(t, "x")},
			enrich.Attribute{Name: "custom:fixed", Value: template(t, "x")},
			enrich.Attribute{Name: "custom:staff", Value: template(t, "many")})
		w := newWorld(t, on, p)
		w.add(types.SchemaAttributeType{Name: aws.String("fixed"), AttributeDataType: types.AttributeDataTypeString, Mutable: aws.Bool(false)},
			types.SchemaAttributeType{Name: aws.String("staff"), AttributeDataType: types.AttributeDataTypeNumber, Mutable: aws.Bool(true)})
		sub := w.confirm("ada@acme.example")
		w.work(time.Minute)
		w.onboarded(sub)
		expect(t, "flags", strings.Join(w.run(sub).Flags, ", "),
			"attribute custom:missing: not_in_schema, attribute custom:fixed: immutable, attribute custom:staff: not_a_number")
		expect(t, "writes", w.cloud.Calls()["cognito-idp."+write], 1)
	})
	in(t, "B5-84 the pool refuses one by its name: dropped and flagged, the rest is written", func(t *testing.T, on face) {
		w := newWorld(t, on, said(t, enrich.Result{"name": "Acme Ltd"}, enrich.Attribute{Name: "custom:plan", Value: template(t, "x")}))
		sub := w.confirm("ada@acme.example")
		var said atomic.Bool
		w.through(func(operation string, pass func() (*http.Response, error)) (*http.Response, error) {
			if operation == write && said.CompareAndSwap(false, true) {
				return says(400, `{"__type":"InvalidParameterException","message":"user.custom:plan: not permitted."}`)
			}
			return pass()
		})
		w.work(time.Minute)
		w.onboarded(sub)
		expect(t, "flags", strings.Join(w.run(sub).Flags, ", "), "attribute custom:plan: attribute_rejected")
		expect(t, "plan", w.attributes(sub)["custom:plan"], "")
	})
	long := strings.Repeat("é", 1500) // 3,000 bytes
	in(t, "B5-85 a value that is too long: cut at a character's edge where the file says so, else dropped", func(t *testing.T, on face) {
		p := said(t, enrich.Result{"name": "Acme Ltd", "long": long, "faces": strings.Repeat("😀", 50)},
			enrich.Attribute{Name: "custom:cut", Value: template(t, "${{ steps.company.long }}"), Truncate: true},
			enrich.Attribute{Name: "custom:whole", Value: template(t, "${{ steps.company.long }}")},
			enrich.Attribute{Name: "custom:plan", Value: template(t, "${{ steps.company.faces }}"), Truncate: true},
			enrich.Attribute{Name: "custom:crm_id", Value: template(t, "${{ steps.company.faces }}")})
		w := newWorld(t, on, p)
		for _, name := range []string{"cut", "whole"} {
			w.add(types.SchemaAttributeType{Name: &name, AttributeDataType: types.AttributeDataTypeString, Mutable: aws.Bool(true),
				StringAttributeConstraints: &types.StringAttributeConstraintsType{MaxLength: aws.String("2048")}})
		}
		sub := w.confirm("ada@acme.example")
		w.work(time.Minute)
		w.onboarded(sub)
		all := w.attributes(sub)
		expect(t, "2,048 bytes", all["custom:cut"], strings.Repeat("é", 1024))
		expect(t, "40 characters", all["custom:plan"], strings.Repeat("😀", 40))
		expect(t, "not cut", all["custom:whole"]+all["custom:crm_id"], "")
		expect(t, "flags", strings.Join(w.run(sub).Flags, ", "), "attribute custom:whole: too_long, attribute custom:crm_id: too_long")
	})
	in(t, "B5-85 a value that is empty or too short: never written, for the pool would delete what is there", func(t *testing.T, on face) {
		p := said(t, enrich.Result{"name": "Acme Ltd", "plan": "", "short": "x"},
			enrich.Attribute{Name: "custom:plan", Value: template(t, "${{ steps.company.plan }}")},
			enrich.Attribute{Name: "custom:code", Value: template(t, "${{ steps.company.short }}")})
		w := newWorld(t, on, p)
		w.add(types.SchemaAttributeType{Name: aws.String("code"), AttributeDataType: types.AttributeDataTypeString, Mutable: aws.Bool(true),
			StringAttributeConstraints: &types.StringAttributeConstraintsType{MinLength: aws.String("3"), MaxLength: aws.String("9")}})
		sub := w.confirm("ada@acme.example")
		w.set(sub, "custom:plan", "before")
		w.set(sub, "custom:code", "before")
		w.work(time.Minute)
		w.onboarded(sub)
		expect(t, "plan", w.attributes(sub)["custom:plan"], "before")
		expect(t, "code", w.attributes(sub)["custom:code"], "before")
		expect(t, "flags", strings.Join(w.run(sub).Flags, ", "), "attribute custom:code: too_short")
	})
	for _, name := range []string{"email", "phone_number", "email_verified", "phone_number_verified", "sub", "username", "identities",
		"cognito:username", "dev:custom:x"} {
		t.Run("B5-87 a pipeline that would write "+name+" is refused before it runs", func(t *testing.T) {
			_, err := pipefile.Parse("p.yaml", []byte("version: 1\npools: [eu-west-1_Ab12cd34E]\nattributes:\n  "+name+": x\n"), nil)
			if err == nil || !strings.Contains(err.Error(), "p.yaml:4:") || !strings.Contains(err.Error(), name) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestMatrixB5Outages(t *testing.T) {
	in(t, "B5-90 the pool is out for six hours: few calls, nobody is charged, and all are done soon after", func(t *testing.T, on face) {
		const users = 60
		v := answers(acme)
		w := newWorld(t, on, company(t, v))
		subs, receives := w.crowd(users), 0
		w.cloud.ResetCalls()
		w.must(w.cloud.SetFault("cognito-idp", "*", localcloud.Fault{Outage: true}))
		time.AfterFunc(6*time.Hour, func() {
			w.cloud.ClearFaults()
			receives = w.cloud.Calls()["sqs.ReceiveMessage"]
		})
		w.work(6*time.Hour + 20*time.Minute)
		calls := w.cloud.Calls()
		for _, sub := range subs {
			w.onboarded(sub)
		}
		expect(t, "calls of the vendor", v.count(), users)
		// A message comes back every seven and a half minutes in the middle, and two pollers ask three times a minute.
		if most := users*6*8*5/4 + 2*6*60*3; receives > most {
			t.Errorf("%d receives, want at most %d", receives, most)
		}
		// A sick dependency is asked every half minute; then everybody is read once.
		if n, most := calls["cognito-idp.AdminGetUser"], 6*3600/30+users+10; n > most {
			t.Errorf("%d reads of users, want at most %d", n, most)
		}
		expect(t, "letters", w.letter(), "")
	})
	in(t, "B5-90 only the pool's writes are out for six hours: answers are kept, nobody is charged, the drain keeps the budget", func(t *testing.T, on face) {
		const users = 60
		v := answers(acme)
		w := newWorld(t, on, company(t, v))
		subs := w.crowd(users)
		w.cloud.ResetCalls()
		w.must(w.cloud.SetFault("cognito-idp", write, localcloud.Fault{Outage: true}))
		during := 0
		time.AfterFunc(6*time.Hour, func() {
			w.cloud.ClearFaults()
			during = w.cloud.Calls()["cognito-idp."+write]
		})
		w.work(6*time.Hour + 20*time.Minute)
		for _, sub := range subs {
			w.onboarded(sub)
		}
		expect(t, "calls of the vendor", v.count(), users)
		if most := 6*3600/30 + 50; during > most {
			t.Errorf("%d writes during the outage, want at most %d", during, most)
		}
	})
	in(t, "B5-91 all of AWS is out, the queue and the ledger, too: hardly a call, and all are done after it", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, answers(acme)))
		subs := w.crowd(50)
		w.cloud.ResetCalls()
		time.AfterFunc(2*time.Second, func() {
			w.must(w.cloud.SetFault("cognito-idp", "*", localcloud.Fault{Outage: true}))
			w.must(w.cloud.SetFault("sqs", "*", localcloud.Fault{Outage: true}))
			w.ledger.Down(errors.New("503"))
		})
		time.AfterFunc(6*time.Hour, func() {
			w.cloud.ClearFaults()
			w.ledger.Down(nil)
		})
		w.work(7 * time.Hour)
		for _, sub := range subs {
			expect(t, "run", w.run(sub).State, worker.Done)
			expect(t, "charged", w.charges([]string{sub}, "company")+w.charges([]string{sub}, enrich.AttributesStep), 0)
		}
		expect(t, "letters", w.letter(), "")
		expect(t, "queue", w.left(), "0+0")
		if n := w.cloud.Calls()["sqs.ReceiveMessage"]; n > 2*7*60*6 {
			t.Errorf("two pollers made %d calls in seven hours", n)
		}
	}, theDaemon)
}
