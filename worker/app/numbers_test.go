package app_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/app"
)

// told is an observer that passes verdicts on.
type told chan worker.Verdict

func (told) Stepped(worker.StepNote)     {}
func (v told) Finished(w worker.Verdict) { v <- w }

// get asks a daemon's listener.
func get(t *testing.T, address, path string) (status int, body string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get("http://" + address + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	all, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(all)
}

// start runs a daemon until the test ends, or until it is stopped.
func start(t *testing.T, a *app.App) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- a.Run(ctx) }()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			if err := errors.Join(<-ended, a.Close()); err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(stop)
	return stop
}

func TestADaemonIsScrapedAndSaysHowItIs(t *testing.T) {
	s, verdicts := setting(t, "1209600"), make(told, 10)
	s.Metrics, s.Worker.Observer = "127.0.0.1:0", verdicts
	a, err := app.New(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	body := "no message"
	if _, err := a.Clients.SQS.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &s.Queue, MessageBody: &body}); err != nil {
		t.Fatal(err)
	}
	stop := start(t, a)
	if v := <-verdicts; v.Outcome != worker.Poison {
		t.Errorf("got %+v", v)
	}
	for _, c := range []struct {
		path string
		code int
		want []string
	}{
		{"/healthz", http.StatusOK, []string{"alive\n"}},
		{"/readyz", http.StatusOK, []string{"ready\n"}},
		{"/metrics", http.StatusOK, []string{`postconfirm_deliveries_total{outcome="poison",reason="body_undecodable"} 1`,
			"postconfirm_received_messages_total 1\n", "postconfirm_write_budget_per_second 15\n", `postconfirm_breaker_open{dependency="cognito:write"} 0`,
			`postconfirm_breaker_open{dependency="http:api.example.com"} 0`, "postconfirm_in_flight_messages ", "postconfirm_hidden_messages 0\n",
			`postconfirm_build_info{`, `pipeline="` + a.Pipeline.Hash[:12] + `"`}},
		{"/debug/pprof/", http.StatusNotFound, nil},
		{"/", http.StatusNotFound, nil},
	} {
		code, text := get(t, a.Metrics, c.path)
		if code != c.code {
			t.Errorf("%s: status %d: %s", c.path, code, text)
		}
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %s in\n%s", c.path, want, text)
			}
		}
	}
	stop()
	if conn, err := net.Dial("tcp", a.Metrics); err == nil {
		t.Error("it listens after its end", conn.Close())
	}
}

func TestReadinessSaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		now := time.Now()
		for _, c := range []struct {
			name           string
			ledger         error
			received       time.Time
			full, draining bool
			want           string
		}{
			{"all is well", nil, now.Add(-2 * time.Minute), false, false, ""},
			{"nothing was received yet", nil, time.Time{}, false, false, "nothing was received yet"},
			{"receives fail", nil, now.Add(-2*time.Minute - 1), false, false, "no receive has succeeded for two minutes"},
			{"nothing is received on purpose", nil, now.Add(-time.Hour), true, false, ""},
			{"the ledger's disk failed", errors.New("canary"), now, false, false, "the ledger has failed"},
			{"it stops", nil, now, false, true, "draining"},
		} {
			if why := app.Why(c.ledger, c.received, c.full, c.draining); why != c.want {
				t.Errorf("%s: got %q, want %q", c.name, why, c.want)
			}
		}
	})
}

func TestAnAddressThatCanNotBeHadIsWrongUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, c := range []struct {
		name, metrics string
		lambda        bool
		want          string
	}{
		{"taken", taken.Addr().String(), false, "address already in use"},
		{"no port", "127.0.0.1", false, "want HOST:PORT"},
		{"no address of this machine", "192.0.2.1:9464", false, "--metrics 192.0.2.1:9464"},
		{"a function's word", "emf", false, "want HOST:PORT"},
		{"a function", "127.0.0.1:9464", true, "want emf (the default) or off"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := setting(t, "1209600")
			s.Metrics, s.Lambda = c.metrics, c.lambda
			_, err := app.New(t.Context(), s)
			var usage *app.Usage
			if !errors.As(err, &usage) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
			s.Metrics, s.Lambda = "off", false
			a, err := app.New(t.Context(), s) // the ledger is free again
			if err != nil {
				t.Fatal(err)
			}
			if a.Metrics != "" {
				t.Errorf("it listens at %s", a.Metrics)
			}
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAPortIsGivenBackByADaemonThatNeverRan(t *testing.T) {
	s := setting(t, "1209600")
	s.Metrics = "127.0.0.1:0"
	a, err := app.New(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if conn, err := net.Dial("tcp", a.Metrics); err == nil {
		t.Error("it still listens", conn.Close())
	}
}
