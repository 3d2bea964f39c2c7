package worker_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	httpstep "github.com/postconfirm/postconfirm/enrich/connect/http"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/worker"
)

func TestAVendorThatIsNotReady(t *testing.T) {
	in(t, "is waited for, charged to nobody, not before its Retry-After, and does not keep others away", func(t *testing.T, on face) {
		const users, slow = 40, 10
		first := map[string]time.Time{} // by run
		v := &vendor{class: enrich.Read}
		v.run = func(_ context.Context, call enrich.Call, _ int) (enrich.Result, error) {
			v.mu.Lock()
			defer v.mu.Unlock()
			user, _ := call.Vars["user"].(map[string]any)
			if len(user["email"].(string)) > len("a00@acme.example") {
				return acme, nil
			}
			began, again := first[call.EffectKey]
			if !again {
				first[call.EffectKey] = time.Now()
			} else if since := time.Since(began); since < 30*time.Minute {
				t.Errorf("asked again after %v", since)
			} else {
				return acme, nil
			}
			return nil, &enrich.Error{Kind: enrich.Throttled, Code: enrich.CodePending, Sent: true, Refused: true, RetryAfter: 30 * time.Minute}
		}
		w := newWorld(t, on, company(t, v))
		var late, quick []string
		for i := range slow {
			late = append(late, w.confirm("a0"+strconv.Itoa(i)+"@acme.example"))
		}
		confirmed := make(chan string, users)
		time.AfterFunc(time.Minute, func() { // the same worker has heard "not ready" by then, ten times
			for i := range users - slow {
				confirmed <- w.confirm("quick" + strconv.Itoa(i) + "@acme.example")
			}
		})
		w.work(3 * time.Minute)
		for range users - slow {
			quick = append(quick, <-confirmed)
		}
		for _, sub := range quick {
			expect(t, "run of a user whose answer was ready", w.run(sub).State, worker.Done)
		}
		expect(t, "run of a user whose answer was not", w.run(late[0]).State, worker.Open)
		expect(t, "its step's code", w.run(late[0]).Steps["company"].Code, enrich.CodePending)
		w.work(time.Hour)
		for _, sub := range late {
			expect(t, "run", w.run(sub).State, worker.Done)
		}
		expect(t, "charged", w.charges(append(late, quick...), "company"), 0)
		expect(t, "calls", v.count(), users+slow)
	})
}

func TestAVendorThatIsNotReadyIsWell(t *testing.T) {
	in(t, "and its word clears what others failed for", func(t *testing.T, on face) {
		const users = 60
		v := &vendor{class: enrich.Read, run: func(_ context.Context, call enrich.Call, n int) (enrich.Result, error) {
			if n%2 == 0 {
				return nil, &enrich.Error{Kind: enrich.Throttled, Code: enrich.CodePending, Sent: true, Refused: true, RetryAfter: time.Hour}
			}
			return nil, &enrich.Error{Kind: enrich.Temporary, Code: "http_500", Sent: true}
		}}
		w := newWorld(t, on, company(t, v))
		w.options.Tries = 1
		for i := range users {
			time.AfterFunc(time.Duration(i)*time.Second, func() { w.confirm("user" + strconv.Itoa(i) + "@acme.example") })
		}
		w.work(users * time.Second)
		if len(v.keys) < users {
			t.Errorf("only %d of %d users were asked for: a vendor that answers was taken for a sick or busy one", len(v.keys), users)
		}
	}, theDaemon)
}

func TestARateHoldsForWhatReachesTheVendor(t *testing.T) {
	in(t, "in every second, with tokens that end on the way", func(t *testing.T, on face) {
		const users, perSecond = 60, 5
		v := pretend.New(pretend.JSON(200, `{"name":"Acme Ltd"}`))
		t.Cleanup(v.Close)
		var at []time.Time
		v.When(func(r pretend.Request) bool { // the vendor asks one request at a time
			if r.Target == "/find" {
				at = append(at, time.Now())
			}
			return r.Target == "/token"
		}, pretend.JSON(200, `{"access_token":"t","expires_in":5}`))
		client := connect.NewClient(&connect.Options{Dial: v.Dial})
		t.Cleanup(client.Close)
		c := httpstep.Kind(client).Config().(*httpstep.Config)
		c.URL, c.TokenURL, c.AllowHTTP = template(t, "http://api.example.com/find"), "http://api.example.com/token", true
		c.ClientID, c.ClientSecret = template(t, "id"), template(t, "secret")
		c.Outputs = map[string]*expr.Template{"name": template(t, "name")}
		connector, err := c.Connector()
		if err != nil {
			t.Fatal(err)
		}
		p := company(t, connector)
		p.Steps[0].Uses, p.Steps[0].Rate = "http", perSecond
		w := newWorld(t, on, p)
		subs := make([]string, users)
		for i := range subs {
			subs[i] = w.confirm("user" + strconv.Itoa(i) + "@acme.example")
		}
		w.work(10 * time.Minute)
		for _, sub := range subs {
			expect(t, "run", w.run(sub).State, worker.Done)
		}
		expect(t, "calls", len(at), users)
		for i := perSecond; i < len(at); i++ {
			if at[i].Sub(at[i-perSecond]) < 990*time.Millisecond {
				t.Fatalf("calls %d to %d within %v", i-perSecond, i, at[i].Sub(at[i-perSecond]))
			}
		}
	}, theDaemon)
}

func TestWhatAConnectorRemembersCostsNoCall(t *testing.T) {
	in(t, "neither of the rate nor of a vendor that is down", func(t *testing.T, on face) {
		const users, domains = 300, 5
		v := pretend.New(pretend.JSON(200, `{"name":"Acme Ltd"}`))
		t.Cleanup(v.Close)
		client := connect.NewClient(&connect.Options{Dial: v.Dial})
		t.Cleanup(client.Close)
		c := httpstep.Kind(client).Config().(*httpstep.Config)
		c.URL, c.AllowHTTP = template(t, "http://api.example.com/${{ default(user.email_domain, '') }}"), true
		c.Outputs, c.Cache = map[string]*expr.Template{"name": template(t, "name")}, 24*time.Hour
		connector, err := c.Connector()
		if err != nil {
			t.Fatal(err)
		}
		p := company(t, connector)
		p.Steps[0].Uses, p.Steps[0].Rate = "http", 0.1
		w := newWorld(t, on, p)
		confirm := func(name string, count int) (subs []string) {
			for i := range count {
				subs = append(subs, w.confirm(name+strconv.Itoa(i)+"@company"+strconv.Itoa(i%domains)+".example"))
			}
			return subs
		}
		for _, sub := range confirm("first", domains) {
			w.work(time.Minute)
			expect(t, "run of the first of a company", w.run(sub).State, worker.Done)
		}
		asked := len(v.Seen())
		v.Down(true)
		subs := confirm("user", users)
		w.work(time.Duration(users/10) * time.Second * 2)
		for _, sub := range subs {
			expect(t, "run", w.run(sub).State, worker.Done)
		}
		expect(t, "requests for the first of each company", asked, domains)
		expect(t, "requests in all", len(v.Seen()), domains)
	}, theDaemon)
}
