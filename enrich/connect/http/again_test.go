package httpstep_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	httpstep "github.com/postconfirm/postconfirm/enrich/connect/http"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// inBubble runs a test of a step and its vendor, in memory.
func inBubble(t *testing.T, fill func(*httpstep.Config), test func(*testing.T, enrich.Connector, *pretend.Vendor), script ...pretend.Answer) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		v := pretend.New(script...)
		defer v.Close()
		client := connect.NewClient(&connect.Options{Dial: v.Dial})
		defer client.Close()
		c := httpstep.Kind(client).Config().(*httpstep.Config)
		c.URL, c.AllowHTTP = template(t, "http://api.example.com/of/${{ default(user.email_domain, '') }}"), true
		c.Outputs = templates(t, map[string]string{"name": "name"})
		fill(c)
		test(t, made(t, c), v)
	})
}

func of(domain string) enrich.Call {
	return enrich.Call{EffectKey: "key", Vars: expr.Vars{"user": map[string]any{"email_domain": domain, "given_name": "Ann & Bob"},
		"secrets": map[string]any{"USER": "u", "PASSWORD": "p", "KEY": "k&="}}}
}

func TestPendingIsAnOutcomeOfOneUser(t *testing.T) {
	for name, test := range map[string]struct {
		answer pretend.Answer
		want   time.Duration
	}{
		"with a time to wait":     {pretend.RetryAfter(202, "90"), 90 * time.Second},
		"without":                 {pretend.JSON(202, `{"state":"working"}`), 0},
		"with a time of a day":    {pretend.RetryAfter(202, "86400"), connect.MaxRetryAfter},
		"with an unreadable body": {pretend.JSON(202, `{`), 0},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(c *httpstep.Config) { c.Pending = []int{202} }, func(t *testing.T, s enrich.Connector, _ *pretend.Vendor) {
				_, err := s.Run(t.Context(), of("acme.example"))
				var e *enrich.Error
				if !errors.As(err, &e) || !e.Pending() || e.RetryAfter != test.want || e.Unknown() {
					t.Errorf("got %+v", err)
				}
			}, test.answer)
		})
	}
}

func TestAFormIsWrittenAsBrowsersDo(t *testing.T) {
	inBubble(t, func(c *httpstep.Config) {
		c.Method = "PUT"
		c.Form = templates(t, map[string]string{"name": "${{ user.given_name }}", "none": "${{ user.none }}", "a=b": "${{ user.email_domain }}"})
		c.AuthQuery, c.AuthValue = "key", template(t, "${{ secrets.KEY }}")
	}, func(t *testing.T, s enrich.Connector, v *pretend.Vendor) {
		if _, err := s.Run(t.Context(), of("a&b")); err != nil {
			t.Fatal(err)
		}
		r := v.Seen()[0]
		if string(r.Body) != "a%3Db=a%26b&name=Ann+%26+Bob" || r.Target != "/of/a&b?key=k%26%3D" ||
			r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
			t.Errorf("%s %s %v", r.Target, r.Body, r.Header)
		}
		empty := of("x")
		empty.Vars["secrets"].(map[string]any)["KEY"] = ""
		if _, err := s.Run(t.Context(), empty); enrich.Failure(err).Code != httpstep.CodeNoCredential {
			t.Errorf("no key: %v", err)
		}
	})
}

func TestAFormHasAnEnd(t *testing.T) {
	inBubble(t, func(c *httpstep.Config) {
		fields := map[string]string{}
		for i := range 25 {
			fields[fmt.Sprint("f", i)] = "${{ user.given_name }}"
		}
		c.Method, c.Form = "PUT", templates(t, fields)
	}, func(t *testing.T, s enrich.Connector, v *pretend.Vendor) {
		call := of("acme.example")
		call.Vars["user"].(map[string]any)["given_name"] = strings.Repeat("&", 16_000) // three bytes each
		if _, err := s.Run(t.Context(), call); enrich.Failure(err).Code != httpstep.CodeTooLarge || len(v.Seen()) != 0 {
			t.Errorf("got %v after %d requests", err, len(v.Seen()))
		}
	})
}

func TestTenThousandUsersOfFiftyCompaniesAreFiftyQuestions(t *testing.T) {
	inBubble(t, func(c *httpstep.Config) { c.Cache = time.Hour }, func(t *testing.T, s enrich.Connector, v *pretend.Vendor) {
		domain := func(i int) string { return fmt.Sprintf("company-%d.example", i%50) }
		var calls sync.WaitGroup
		for i := range 10_000 {
			calls.Go(func() {
				result, known, err := s.(enrich.Rememberer).Remembered(t.Context(), of(domain(i)))
				if !known {
					result, err = s.Run(t.Context(), of(domain(i)))
				}
				if err != nil || result["name"] != "Acme" {
					t.Errorf("got %v %v", result, err)
				}
			})
		}
		calls.Wait()
		if asked := len(v.Seen()); asked != 50 {
			t.Errorf("the vendor was asked %d times", asked)
		}
		time.Sleep(time.Hour)
		if _, known, _ := s.(enrich.Rememberer).Remembered(t.Context(), of(domain(0))); known {
			t.Error("an answer is remembered after its time")
		}
	}, pretend.Delayed(time.Second, pretend.JSON(200, `{"name":"Acme"}`)))
}

func TestWhatIsRemembered(t *testing.T) {
	hour := func(c *httpstep.Config) { c.Cache, c.NotFound, c.Pending = time.Hour, []int{404}, []int{202} }
	good := pretend.JSON(200, `{"name":"Acme"}`)
	for name, test := range map[string]struct {
		first pretend.Answer
		again map[time.Duration]int // requests by the time since the first
	}{
		"an answer":                  {good, map[time.Duration]int{time.Minute: 1, 59 * time.Minute: 1, time.Hour: 2}},
		"what is not found, shorter": {pretend.JSON(404, "{}"), map[time.Duration]int{5 * time.Minute: 1, 6 * time.Minute: 2}},
		"no failure":                 {pretend.JSON(503, "{}"), map[time.Duration]int{time.Second: 2}},
		"no refusal":                 {pretend.JSON(403, "{}"), map[time.Duration]int{time.Second: 2}},
		"no throttle":                {pretend.JSON(429, "{}"), map[time.Duration]int{time.Second: 2}},
		"nothing that is not ready":  {pretend.JSON(202, "{}"), map[time.Duration]int{time.Second: 2}},
		"nothing that is no JSON":    {pretend.JSON(200, "<html>"), map[time.Duration]int{time.Second: 2}},
		"no reset":                   {pretend.ResetRead(), map[time.Duration]int{time.Second: 2}},
	} {
		for after, want := range test.again {
			t.Run(fmt.Sprintf("%s, after %v", name, after), func(t *testing.T) {
				inBubble(t, hour, func(t *testing.T, s enrich.Connector, v *pretend.Vendor) {
					one, err1 := s.Run(t.Context(), of("acme.example"))
					time.Sleep(after)
					two, err2 := s.Run(t.Context(), of("acme.example"))
					if len(v.Seen()) != want {
						t.Errorf("%d requests, want %d", len(v.Seen()), want)
					}
					if want == 1 && (!errors.Is(err2, err1) || cmp.Diff(one, two) != "") {
						t.Errorf("first %v %v, then %v %v", one, err1, two, err2)
					}
				}, test.first, good)
			})
		}
	}
	t.Run("one user's changes to a result are not another's", func(t *testing.T) {
		inBubble(t, hour, func(t *testing.T, s enrich.Connector, _ *pretend.Vendor) {
			one, _ := s.Run(t.Context(), of("acme.example"))
			one["body"].(map[string]any)["name"] = "Evil"
			two, known, err := s.(enrich.Rememberer).Remembered(t.Context(), of("acme.example"))
			if !known || err != nil || two["name"] != "Acme" || two["body"].(map[string]any)["name"] != "Acme" {
				t.Errorf("got %v %v %v", two, known, err)
			}
		}, good)
	})
	t.Run("another credential is another question", func(t *testing.T) {
		inBubble(t, func(c *httpstep.Config) {
			hour(c)
			c.Bearer = template(t, "${{ secrets.KEY }}")
		}, func(t *testing.T, s enrich.Connector, v *pretend.Vendor) {
			for _, key := range []string{"one", "two", "one"} {
				call := of("acme.example")
				call.Vars["secrets"].(map[string]any)["KEY"] = key
				if _, err := s.Run(t.Context(), call); err != nil {
					t.Fatal(err)
				}
			}
			if len(v.Seen()) != 2 {
				t.Errorf("%d requests", len(v.Seen()))
			}
		}, good)
	})
}
