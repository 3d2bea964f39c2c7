package worker_test

import (
	"context"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	httpstep "github.com/postconfirm/postconfirm/enrich/connect/http"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/worker"
)

// The rows of the fault matrix about the systems outside of AWS (B5 66 to 75), with the connector that there is: http, on
// a vendor in memory. The pool's rows (B5 80 to 91) are in matrix_pool_test.go.
//
// Not here, and why:
//   - B5-73: that a token is renewed once is held by the suite in enrich/enrichtest; here is what a key that is refused means.
//   - B5-75: which part of a batch failed is for the connectors of CRMs to read; there is none yet. Here is only that
//     nothing is made up of a 200 that has an error inside.
//   - B5-76 is held by package enrich/connect, and for every connector by the suite in enrich/enrichtest.
//   - B5-77, 78 and 79 belong to connectors for SES and SQL; there are none yet.

const found = `{"name":"Acme Ltd"}`

// method is one way to ask a vendor over HTTP, and what it means to repeat it.
type method struct {
	name, key string
	class     enrich.Class
}

var (
	get     = method{"GET", "", enrich.Read}
	put     = method{"PUT", "", enrich.Idempotent}
	keyed   = method{"POST", "Idempotency-Key", enrich.Keyed}
	post    = method{"POST", "", enrich.Unsafe}
	methods = []method{get, put, keyed, post}
)

type dialer = func(ctx context.Context, network, address string) (net.Conn, error)

// asking is the pipeline with the real http connector, whose connections are made by dial.
func asking(t *testing.T, m method, url string, dial dialer, notFound ...int) *enrich.Pipeline {
	t.Helper()
	client := connect.NewClient(&connect.Options{Dial: dial})
	t.Cleanup(client.Close)
	c := httpstep.Kind(client).Config().(*httpstep.Config)
	c.URL, c.AllowHTTP, c.Method, c.Key, c.NotFound = template(t, url), true, m.name, m.key, notFound
	c.Outputs = map[string]*expr.Template{"name": template(t, "name")}
	connector, err := c.Connector()
	if err != nil {
		t.Fatal(err)
	}
	p := company(t, connector)
	if p.Steps[0].Uses = "http"; p.Steps[0].Class != m.class {
		t.Fatalf("%s is %v", m.name, p.Steps[0].Class)
	}
	return p
}

// vendorOf is a vendor on a script, and a pipeline that asks it.
func vendorOf(t *testing.T, m method, script ...pretend.Answer) (*pretend.Vendor, *enrich.Pipeline) {
	t.Helper()
	v := pretend.New(script...)
	t.Cleanup(v.Close)
	return v, asking(t, m, "http://api.example.com/find", v.Dial)
}

// beside adds a step with a vendor of its own, and an attribute that is made of its answer.
func beside(t *testing.T, p *enrich.Pipeline) *vendor {
	t.Helper()
	v := answers(enrich.Result{"id": "c1"})
	p.Steps = append(p.Steps, enrich.Step{ID: "crm", Uses: "test", Connector: v, Class: enrich.Read, Timeout: time.Second, Fields: []expr.Path{{"id"}}})
	return v
}

// letter is the reason of the only dead letter; "" if there is none.
func (w *world) letter() string {
	w.t.Helper()
	switch letters := w.letters(); len(letters) {
	case 0:
		return ""
	case 1:
		return reason(letters[0])
	default:
		return strconv.Itoa(len(letters)) + " letters"
	}
}

// noTLS is a server that answers a greeting in TLS in another language.
func noTLS(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	go func() {
		_, _ = ours.Read(make([]byte, 4096))
		_, _ = ours.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
		_ = ours.Close()
	}()
	return theirs, nil
}

func TestMatrixB5NotSent(t *testing.T) {
	refuses := func(err error) func(context.Context) error { return func(context.Context) error { return err } }
	for name, c := range map[string]struct {
		fault   func(ctx context.Context) error
		charged int
	}{
		"the connection is refused":  {refuses(&net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}), 1},
		"the name does not exist":    {refuses(&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", IsNotFound: true}}), 1},
		"the name server is silent":  {refuses(&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "timeout", IsTimeout: true}}), 1},
		"the connection is not made": {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, 0},
	} {
		in(t, "B5-66 "+name+": nothing was sent, every class of step is tried again", func(t *testing.T, on face) {
			for _, m := range methods {
				v := pretend.New(pretend.JSON(200, found))
				t.Cleanup(v.Close)
				var well time.Time
				w := newWorld(t, on, asking(t, m, "http://api.example.com/find", func(ctx context.Context, network, address string) (net.Conn, error) {
					if time.Now().Before(well) {
						return nil, c.fault(ctx)
					}
					return v.Dial(ctx, network, address)
				}))
				well = time.Now().Add(time.Second)
				sub := w.confirm("ada@acme.example")
				w.work(5 * time.Minute)
				r := w.run(sub)
				expect(t, m.name+m.key+" run", r.State, worker.Done)
				expect(t, m.name+m.key+" attribute", w.attributes(sub)["custom:company"], "Acme Ltd")
				expect(t, m.name+m.key+" open effects", len(r.OpenEffects()), 0)
				expect(t, m.name+m.key+" charged", r.Steps["company"].Attempts, c.charged)
				expect(t, m.name+m.key+" arrived", len(v.Seen()), 1)
			}
		})
	}
	in(t, "B5-66 the other side does not speak TLS: nothing was sent, every class of step is tried again", func(t *testing.T, on face) {
		for _, m := range methods {
			dials := 0
			w := newWorld(t, on, asking(t, m, "https://api.example.com/find", func(ctx context.Context, network, address string) (net.Conn, error) {
				dials++
				return noTLS(ctx, network, address)
			}))
			sub := w.confirm("ada@acme.example")
			w.work(time.Minute)
			r := w.run(sub)
			expect(t, m.name+m.key+" run", r.State, worker.Open)
			expect(t, m.name+m.key+" code", r.Steps["company"].Code, connect.CodeTLS)
			expect(t, m.name+m.key+" open effects", len(r.OpenEffects()), 0)
			expect(t, m.name+m.key+" more than one delivery", dials > 3, true)
		}
	})
}

func TestMatrixB5Sent(t *testing.T) {
	for name, lost := range map[string]pretend.Answer{
		"a reset after the request was read": pretend.ResetRead(),
		"silence after the request was read": pretend.Hang(),
		"half an answer":                     pretend.Truncated(found[:8], 10),
	} {
		for _, m := range methods[:3] {
			in(t, "B5-67 "+name+", "+m.class.String()+": repeated, with the same key if there is one", func(t *testing.T, on face) {
				v, p := vendorOf(t, m, lost, pretend.JSON(200, found))
				w := newWorld(t, on, p)
				sub := w.confirm("ada@acme.example")
				w.work(5 * time.Minute)
				w.onboarded(sub)
				var keys []string
				for _, r := range v.Seen() {
					keys = append(keys, r.Header.Get("Idempotency-Key"))
				}
				want := map[bool]string{true: w.run(sub).Key + "-company"}[m.key != ""]
				if diff := cmp.Diff([]string{want, want}, keys); diff != "" {
					t.Errorf("keys (-want +got):\n%s", diff)
				}
			})
		}
		in(t, "B5-67 "+name+", unsafe: never repeated, an open effect, and no failure of the run", func(t *testing.T, on face) {
			v, p := vendorOf(t, post, lost, pretend.JSON(200, found))
			w := newWorld(t, on, p)
			sub := w.confirm("ada@acme.example")
			w.work(24 * time.Hour)
			r := w.run(sub)
			expect(t, "arrived", len(v.Seen()), 1)
			expect(t, "run", r.State, worker.Done)
			expect(t, "open effects", strings.Join(r.OpenEffects(), ","), "company")
			expect(t, "letters", w.letter(), "")
			expect(t, "queue", w.left(), "0+0")
		})
	}
}

func TestMatrixB5HostileAnswers(t *testing.T) {
	for name, slow := range map[string]pretend.Answer{
		"headers byte by byte":        pretend.DripHeaders(time.Second),
		"a body byte by byte":         pretend.Drip(200, `{"name":"`+strings.Repeat("x", 1000)+`"}`, time.Second),
		"no byte at all":              pretend.Hang(),
		"an answer after the timeout": pretend.Delayed(time.Hour, pretend.JSON(200, found)),
	} {
		in(t, "B5-68 "+name+": cut at the step's time-out, and tried again; nobody else waits", func(t *testing.T, on face) {
			v, p := vendorOf(t, get, slow, pretend.JSON(200, found))
			other := beside(t, p)
			w := newWorld(t, on, p)
			sub := w.confirm("ada@acme.example")
			w.work(p.Steps[0].Timeout + 5*time.Second)
			w.onboarded(sub)
			expect(t, "calls", len(v.Seen()), 2)
			expect(t, "calls of the other", other.count(), 1)
		})
	}
	for name, c := range map[string]struct {
		answer pretend.Answer
		code   string
	}{
		"a body without end":             {pretend.Endless(), connect.CodeBodyTooLarge},
		"a bomb":                         {pretend.GzipBomb(), connect.CodeBodyTooLarge},
		"a hundred thousand levels deep": {pretend.JSON(200, strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)), connect.CodeDeepJSON},
		"150,000 values":                 {pretend.JSON(200, "["+strings.Repeat("1,", 150_000)+"1]"), connect.CodeLargeJSON},
		"another type":                   {pretend.Reply(200, http.Header{"Content-Type": {"text/csv"}}, "name\nAcme"), connect.CodeNotJSON},
		"a login page with 200":          {pretend.Reply(200, http.Header{"Content-Type": {"text/html"}}, "<html>please log in</html>"), connect.CodeNotJSON},
	} {
		in(t, "B5-69 "+name+": read up to a limit, and parked by rule after one call", func(t *testing.T, on face) {
			v, p := vendorOf(t, get, c.answer)
			other := beside(t, p)
			w := newWorld(t, on, p)
			sub := w.confirm("ada@acme.example")
			w.work(5 * time.Minute)
			expect(t, "run", w.run(sub).State, worker.Parked)
			expect(t, "letter", w.letter(), c.code)
			expect(t, "calls", len(v.Seen()), 1)
			expect(t, "calls of the other", other.count(), 1)
			if n := v.Written(); n > 4<<20 {
				t.Errorf("%d bytes were taken", n)
			}
		})
	}
}

func TestMatrixB5Waits(t *testing.T) {
	in(t, "B5-70 429 with an hour of Retry-After: not asked before, not charged, and only its own steps wait", func(t *testing.T, on face) {
		v, p := vendorOf(t, get, pretend.RetryAfter(429, "3600"), pretend.JSON(200, found))
		other := beside(t, p)
		p.Steps[0].If = condition(t, `user.email_domain == "acme.example"`)
		w := newWorld(t, on, p)
		sub := w.confirm("ada@acme.example")
		w.work(59 * time.Minute)
		expect(t, "calls within the hour", len(v.Seen()), 1)
		healthy := w.confirm("bob@other.example")
		w.work(30 * time.Second)
		expect(t, "a user who does not need it", w.run(healthy).State, worker.Done)
		w.work(10 * time.Minute)
		expect(t, "calls", len(v.Seen()), 2)
		expect(t, "calls of the other", other.count(), 2)
		w.onboarded(sub)
	})
	in(t, "B5-70 429 with five minutes of Retry-After for three users: nobody else asks that vendor before", func(t *testing.T, on face) {
		v, p := vendorOf(t, get, pretend.RetryAfter(429, "300"))
		w := newWorld(t, on, p)
		subs := []string{w.confirm("ada@acme.example"), w.confirm("bob@acme.example"), w.confirm("eve@acme.example")}
		time.AfterFunc(30*time.Second, func() { subs = append(subs, w.crowd(20)...) })
		time.AfterFunc(4*time.Minute, func() {
			expect(t, "calls within four minutes", len(v.Seen()), 3)
			v.Say(pretend.JSON(200, found))
		})
		w.work(30 * time.Minute)
		expect(t, "calls", len(v.Seen()), 3+23)
		for _, sub := range subs {
			w.onboarded(sub)
		}
	})
	for name, c := range map[string]struct {
		values []string
		least  time.Duration // no second call before that
	}{
		"negative":        {[]string{"-5"}, 0},
		"beyond all time": {[]string{"1000000000000"}, time.Hour},
		"a past date":     {[]string{"Thu, 01 Jan 1970 00:00:00 GMT"}, 0},
		"the year 9999":   {[]string{"Fri, 31 Dec 9999 23:59:59 GMT"}, time.Hour},
		"garbage":         {[]string{"soon"}, 0},
		"an exponent":     {[]string{"1e12"}, 0},
		"several headers": {[]string{"5", "60", "-7"}, time.Minute},
	} {
		in(t, "B5-71 Retry-After of "+name+": read without trust, within an hour, not charged", func(t *testing.T, on face) {
			v, p := vendorOf(t, get, pretend.RetryAfter(429, c.values...), pretend.JSON(200, found))
			w := newWorld(t, on, p)
			sub := w.confirm("ada@acme.example")
			w.work(max(c.least-time.Second, time.Millisecond))
			expect(t, "calls before", len(v.Seen()), 1)
			w.work(c.least/10 + 30*time.Second) // a wait is lengthened by up to a tenth
			expect(t, "calls after", len(v.Seen()), 2)
			w.onboarded(sub)
		})
	}
}

func TestMatrixB5Storms(t *testing.T) {
	in(t, "B5-72 half of all answers are 503: about two calls for each user, and nobody is parked", func(t *testing.T, on face) {
		const users = 200
		var mu sync.Mutex
		dice := rand.New(rand.NewPCG(1, 2))
		v := &vendor{class: enrich.Read, run: func(context.Context, enrich.Call, int) (enrich.Result, error) {
			mu.Lock()
			defer mu.Unlock()
			if dice.IntN(2) == 0 {
				return nil, errDown
			}
			return acme, nil
		}}
		w := newWorld(t, on, company(t, v))
		subs := w.crowd(users)
		w.work(2 * time.Hour)
		for _, sub := range subs {
			expect(t, "run", w.run(sub).State, worker.Done)
		}
		expect(t, "letters", w.letter(), "")
		if n := v.count(); n > users*5/2 {
			t.Errorf("%d calls for %d users", n, users)
		}
	})
	in(t, "B5-72 every answer is 503 for an hour: one call at a time, half a minute apart", func(t *testing.T, on face) {
		var asked []time.Time
		began := time.Now()
		v := &vendor{class: enrich.Read}
		v.run = func(context.Context, enrich.Call, int) (enrich.Result, error) {
			v.mu.Lock()
			defer v.mu.Unlock()
			if time.Since(began) < time.Hour {
				asked = append(asked, time.Now())
				return nil, errDown
			}
			return acme, nil
		}
		w := newWorld(t, on, company(t, v))
		subs := w.crowd(60)
		w.work(2 * time.Hour)
		for i := 1; i < len(asked); i++ {
			if asked[i].Sub(began) > time.Minute && asked[i].Sub(asked[i-1]) < 30*time.Second {
				t.Errorf("call %d came %v after the one before", i, asked[i].Sub(asked[i-1]))
			}
		}
		for _, sub := range subs {
			w.onboarded(sub)
		}
	})
}

func TestMatrixB5Refusals(t *testing.T) {
	for status, code := range map[int]string{401: connect.CodeUnauthorized, 403: connect.CodeForbidden} {
		in(t, "B5-73 "+strconv.Itoa(status)+" for everybody, for six hours: nobody is charged, the vendor is hardly asked, and all goes on when the key is mended", func(t *testing.T, on face) {
			v, p := vendorOf(t, get, pretend.JSON(status, "{}"))
			w := newWorld(t, on, p)
			subs := w.crowd(30)
			time.AfterFunc(6*time.Hour, func() { v.Say(pretend.JSON(200, found)) })
			w.work(6 * time.Hour)
			if asked := len(v.Seen()); asked > 6*3600/30+100 {
				t.Errorf("a vendor that let nobody in for six hours was asked %d times", asked)
			}
			w.work(2 * time.Hour)
			for _, sub := range subs {
				w.onboarded(sub)
			}
		})
		in(t, "B5-73 "+strconv.Itoa(status)+" for one user: parked under a code of its own after all attempts, the others go on", func(t *testing.T, on face) {
			_, p := vendorOf(t, get, pretend.JSON(status, "{}"))
			other := beside(t, p)
			w := newWorld(t, on, p)
			sub := w.confirm("ada@acme.example")
			w.work(3 * time.Hour)
			expect(t, "run", w.run(sub).State, worker.Parked)
			expect(t, "letter", w.letter(), code)
			expect(t, "calls of the other", other.count(), 1)
			expect(t, "charged", w.run(sub).Steps["company"].Attempts, 8)
		})
	}
	for _, status := range []int{300, 400, 404, 409, 410, 422} {
		in(t, "B5-74 "+strconv.Itoa(status)+": permanent after one call", func(t *testing.T, on face) {
			code := map[bool]string{true: connect.CodeRedirect, false: "http_" + strconv.Itoa(status)}[status < 400]
			v, p := vendorOf(t, get, pretend.JSON(status, "{}"))
			w := newWorld(t, on, p)
			sub := w.confirm("ada@acme.example")
			w.work(time.Hour)
			expect(t, "run", w.run(sub).State, worker.Parked)
			expect(t, "letter", w.letter(), code)
			expect(t, "calls", len(v.Seen()), 1)
		})
	}
	in(t, "B5-74 a 404 that is mapped: an answer, and the run is done", func(t *testing.T, on face) {
		v := pretend.New(pretend.JSON(404, "{}"))
		t.Cleanup(v.Close)
		w := newWorld(t, on, asking(t, get, "http://api.example.com/find", v.Dial, 404))
		sub := w.confirm("ada@acme.example")
		w.work(time.Minute)
		expect(t, "run", w.run(sub).State, worker.Done)
		expect(t, "outcome", w.run(sub).Steps["company"].Outcome, worker.OutcomeNotFound)
		expect(t, "writes", w.cloud.Calls()["cognito-idp.AdminUpdateUserAttributes"], 0)
	})
	for name, body := range map[string]string{
		"an error":       `{"success":false,"errors":[{"message":"no such company"}]}`,
		"a null":         `{"name":null}`,
		"a part of many": `{"results":[{"name":"Acme Ltd"}],"numErrors":1}`,
	} {
		in(t, "B5-75 C6-132 200 with "+name+" inside: what is not there is not written, and nothing is made up", func(t *testing.T, on face) {
			_, p := vendorOf(t, get, pretend.JSON(207, body))
			w := newWorld(t, on, p)
			sub := w.confirm("ada@acme.example")
			w.work(time.Minute)
			expect(t, "run", w.run(sub).State, worker.Done)
			_, written := w.attributes(sub)["custom:company"]
			expect(t, "written", written, false)
		})
	}
}
