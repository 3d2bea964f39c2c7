package app_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/app"
	"github.com/postconfirm/postconfirm/worker/reconcile"
	"github.com/postconfirm/postconfirm/worker/sqlite"
)

func TestHowOftenThePoolsAreLookedThrough(t *testing.T) {
	for every, wrong := range map[string]string{"": "", "off": "", "1h": "", "1m": "", "59s": "want a time of a minute or more", "-1h": "want a time",
		"hourly": "want a time", "0": "want a time"} {
		s := setting(t, "1209600")
		s.Reconcile = every
		a, err := app.New(t.Context(), s)
		if wrong != "" {
			if err == nil || !strings.Contains(err.Error(), wrong) {
				t.Errorf("%q: %v", every, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if is := a.Scheduled() != nil; is != (every != "" && every != "off") {
			t.Errorf("%q: scheduled %v", every, is)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
	s := setting(t, "1209600")
	s.Reconcile, s.Lambda, s.Ledger = "1h", true, "dynamodb:ledger"
	if _, err := app.New(t.Context(), s); err == nil || !strings.Contains(err.Error(), `schedule "postconfirm reconcile --write" instead`) {
		t.Errorf("in Lambda: %v", err)
	}
}

// baselineOf reads what a worker recorded.
func baselineOf(t *testing.T, s app.Settings) (reconcile.Baseline, bool) {
	t.Helper()
	r, err := sqlite.OpenReader(strings.TrimPrefix(s.Ledger, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	b, ok, err := reconcile.ReadBaseline(t.Context(), r, "eu-west-1_Ab12cd34E")
	if err != nil {
		t.Fatal(err)
	}
	return b, ok
}

func TestTheFirstStartRecordsTheBaseline(t *testing.T) {
	start := func(s app.Settings) {
		t.Helper()
		a, err := app.New(t.Context(), s)
		if err == nil {
			err = a.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	s, before := setting(t, "1209600"), time.Now()
	start(s)
	first, ok := baselineOf(t, s)
	if !ok || first.At.Before(before.Add(-time.Second)) || first.At.After(time.Now()) || first.By != "worker" {
		t.Errorf("%+v, %v", first, ok)
	}
	start(s)
	if second, _ := baselineOf(t, s); second != first {
		t.Errorf("the second start recorded %+v", second)
	}
	t.Run("but not with a ledger that knows runs, and not where any pool is served", func(t *testing.T) {
		s := setting(t, "1209600")
		l, err := sqlite.Open(strings.TrimPrefix(s.Ledger, "sqlite:"), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = l.Claim(t.Context(), worker.Identity{Pool: "p_1", Sub: "s", Generation: "0"}, "w", time.Now(), time.Now().Add(time.Minute))
		if closing := l.Close(); err != nil || closing != nil {
			t.Fatal(err, closing)
		}
		start(s)
		if b, ok := baselineOf(t, s); ok {
			t.Errorf("recorded %+v", b)
		}
		s = setting(t, "1209600")
		s.Worker.AnyPool = true
		start(s)
		if b, ok := baselineOf(t, s); ok {
			t.Errorf("recorded %+v", b)
		}
	})
}

// TestADaemonReconciles: the schedule that the settings make finds a user on a real ledger and sends them to the real queue.
func TestADaemonReconciles(t *testing.T) {
	s, cloud := clouded(t, "1209600")
	pools := cognito.New(nil)
	cloud.Register(pools)
	s.Reconcile, s.Metrics = "1h", "127.0.0.1:0"
	a, err := app.New(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	made, err := a.Clients.Cognito.CreateUserPool(t.Context(), &cognitoidentityprovider.CreateUserPoolInput{PoolName: aws.String("people")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = a.Clients.Cognito.CreateUserPoolClient(t.Context(), &cognitoidentityprovider.CreateUserPoolClientInput{UserPoolId: made.UserPool.Id, ClientName: aws.String("web")}); err != nil {
		t.Fatal(err)
	}
	who, err := pools.SignInFederated(t.Context(), cognito.FederatedSignIn{Pool: *made.UserPool.Id, Provider: "Google", ID: "104"})
	if err != nil {
		t.Fatal(err)
	}
	schedule, ctx := a.Scheduled(), t.Context()
	_, err = reconcile.RecordBaseline(ctx, schedule.Ports.Papers, *made.UserPool.Id, reconcile.Baseline{At: time.Now().Add(-time.Hour)}, true)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	schedule.Pools, schedule.Now = []string{*made.UserPool.Id}, func() time.Time { return time.Now().Add(time.Hour) } // the user has settled by then
	counted, ended := schedule.Observe, make(chan [2]int, 1)
	schedule.Observe = func(found, messages int) { counted(found, messages); ended <- [2]int{found, messages}; stop() }
	schedule.Run(ctx)
	if got := <-ended; got != [2]int{1, 1} {
		t.Errorf("found and sent: %v", got)
	}
	out, err := a.Clients.SQS.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &s.Queue})
	if err != nil || len(out.Messages) != 1 {
		t.Fatal(out, err)
	}
	m, err := event.Decode([]byte(*out.Messages[0].Body))
	if err != nil || m.Sub != who.Sub || m.User != "Google_104" || m.Source != event.SourceReconcile {
		t.Errorf("%+v, %v", m, err)
	}
}
