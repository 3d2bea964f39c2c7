package webhook_test

import (
	"sync"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/webhook"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
)

func TestAReceiverThatIsGoneIsLeftAlone(t *testing.T) {
	in(t, func(c *webhook.Config) { c.GoneFor = 10 * time.Minute }, func(t *testing.T, r *receiver) {
		_, err := r.run(t, vars())
		if e := enrich.Failure(err); e.Code != webhook.CodeGone || e.Kind != enrich.Permanent || !e.Sent || !e.Refused {
			t.Fatalf("the first call: got %+v", e)
		}
		time.Sleep(10*time.Minute - time.Second)
		_, err = r.run(t, vars())
		if e := enrich.Failure(err); e.Code != webhook.CodeGone || e.Kind != enrich.Permanent || e.Sent || len(r.Seen()) != 1 {
			t.Errorf("within the time: got %+v after %d requests", e, len(r.Seen()))
		}
		time.Sleep(time.Second)
		if _, err := r.run(t, vars()); err != nil || len(r.Seen()) != 2 {
			t.Errorf("after it: %v after %d requests", err, len(r.Seen()))
		}
		if _, err := r.run(t, vars()); err != nil {
			t.Errorf("a receiver that is back: %v", err)
		}
	}, pretend.Reply(410, nil, ""), pretend.Reply(200, nil, ""))
}

func TestOnlyA410IsRemembered(t *testing.T) {
	for _, status := range []int{301, 400, 401, 403, 404, 409, 429, 500, 503} {
		in(t, asIs, func(t *testing.T, r *receiver) {
			_, first := r.run(t, vars())
			if _, err := r.run(t, vars()); first == nil || err != nil || len(r.Seen()) != 2 {
				t.Errorf("%d: %v, then %v after %d requests", status, first, err, len(r.Seen()))
			}
		}, pretend.Reply(status, nil, ""), pretend.Reply(200, nil, ""))
	}
}

func TestManyCallsMayFindTheReceiverGoneAtOnce(t *testing.T) {
	in(t, asIs, func(t *testing.T, r *receiver) {
		var calls sync.WaitGroup
		for range 20 {
			calls.Go(func() {
				if _, err := r.run(t, vars()); enrich.Failure(err).Code != webhook.CodeGone {
					t.Errorf("got %v", err)
				}
			})
		}
		calls.Wait()
		before := len(r.Seen())
		if _, err := r.run(t, vars()); enrich.Failure(err).Code != webhook.CodeGone || len(r.Seen()) != before {
			t.Errorf("got %v", err)
		}
	}, pretend.Reply(410, nil, ""))
}

func TestOneStepsReceiverIsNotAnothers(t *testing.T) {
	vendor := pretend.New(pretend.Reply(410, nil, ""), pretend.Reply(200, nil, ""))
	defer vendor.Close()
	client := connect.NewClient(&connect.Options{Transport: vendor})
	one, two := made(t, config(t, client)), made(t, config(t, client))
	if _, err := one.Run(t.Context(), enrich.Call{EffectKey: "a", Vars: vars()}); err == nil {
		t.Fatal("410 is a success")
	}
	if _, err := two.Run(t.Context(), enrich.Call{EffectKey: "b", Vars: vars()}); err != nil {
		t.Error(err)
	}
}

func TestTheKeysLifeIsTheFilesToSet(t *testing.T) {
	for life, want := range map[time.Duration]time.Duration{0: 24 * time.Hour, time.Minute: time.Minute, 720 * time.Hour: 720 * time.Hour} {
		c := config(t, connect.NewClient(nil))
		c.KeyLife = life
		connector := made(t, c)
		if got := enrich.KeyLife(connector); got != want {
			t.Errorf("%v: keys live for %v, want %v", life, got, want)
		}
		if enrich.ClassOf(connector) != enrich.Keyed || connector.(enrich.Dependent).Dependency() != "hooks.example.com" {
			t.Error("the class or the dependency is wrong")
		}
	}
}
