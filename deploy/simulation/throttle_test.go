package simulation_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// What one throttle means is held by worker/behaviour_test.go. Here is what a storm of them costs: the quota of 25
// UserUpdate calls per second belongs to everybody in the account (Amazon Cognito developer guide, Quotas).
func TestAThrottleStorm(t *testing.T) {
	const quota, limit = 25, 15
	for _, c := range []struct {
		foreign, daemons, slots, users int
		most                           float64 // writes per user
	}{
		{0, 1, 1, 300, 1.02}, {0, 1, 8, 600, 1.02}, {0, 1, 64, 600, 1.02}, {0, 1, 512, 1000, 1.02},
		{12, 1, 64, 600, 1.25}, {18, 1, 512, 600, 1.25}, {20, 1, 64, 600, 1.25}, {22, 1, 64, 600, 1.25},
		{24, 1, 1, 300, 1.25}, {24, 1, 64, 300, 1.25}, {24, 1, 512, 300, 1.25}, {10, 2, 64, 600, 1.25}, {0, 3, 64, 900, 1.25},
	} {
		name := fmt.Sprintf("%d foreign writes per second, %d daemons of %d slots", c.foreign, c.daemons, c.slots)
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStorm(t, limit, quota)
				s.confirm(c.users)
				ctx, stop := context.WithCancel(t.Context())
				var others sync.WaitGroup
				defer others.Wait()
				defer stop()
				others.Go(func() { s.foreign(ctx, c.foreign) })
				took := s.drain(c.daemons, c.slots, 2*time.Hour)
				writes := s.perUser("cognito-idp.AdminUpdateUserAttributes")
				t.Logf("%d users in %v, %.2f per second; %.3f writes, %.3f reads, %.3f deliveries per user", c.users, took,
					float64(c.users)/took.Seconds(), writes, s.perUser("cognito-idp.AdminGetUser"), float64(s.deliveries.Load())/float64(c.users))
				if writes > c.most {
					t.Errorf("%.3f writes per user, at most %.2f", writes, c.most)
				}
				s.unharmed()
			})
		})
	}
}
