package simulation_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

// What stands elsewhere: six hours of one sick operation of the pool at 20 users (worker/pool_test.go), an hour of a sick
// vendor (worker/dependency_test.go), a few duplicates on both faces (worker/matrix_test.go). Here is what it costs at size.

// thin is a ledger that forgets the steps of a run that is done: what grows with the users is no worker's memory.
type thin struct {
	*fake.Ledger
	mu   sync.Mutex
	done map[string]bool // there from the start for all, so that it does not grow
}

func (l *thin) Claim(ctx context.Context, id worker.Identity, owner string, now, until time.Time) (worker.Run, error) {
	l.mu.Lock()
	done := l.done[id.Key()]
	l.mu.Unlock()
	if done {
		return worker.Run{Identity: id, Key: id.Key(), State: worker.Done}, nil
	}
	return l.Ledger.Claim(ctx, id, owner, now, until)
}

func (l *thin) Save(ctx context.Context, r worker.Run) error {
	if r.State != worker.Done {
		return l.Ledger.Save(ctx, r)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done[r.Key] = true
	l.Forget(r.Key)
	return nil
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestABacklog drains 20,000 users, or POSTCONFIRM_BACKLOG, at 15 writes per second.
func TestABacklog(t *testing.T) {
	users := int(number(t, "POSTCONFIRM_BACKLOG", 20_000))
	synctest.Test(t, func(t *testing.T) {
		const limit = 15
		s := newStorm(t, limit, 25)
		s.mail.keys = nil
		s.confirm(users)
		ledger := &thin{Ledger: s.memory, done: map[string]bool{}}
		for _, sub := range s.subs {
			ledger.done[event.RunKey(s.pool, sub, event.Onboarding)] = false
		}
		s.ledger = ledger
		var sizes []uint64
		ctx, stop := context.WithCancel(t.Context())
		var watching sync.WaitGroup
		watching.Go(func() {
			for part := 1; part <= 4; part++ {
				for s.finished.Load() < int64(users*part/5) {
					if time.Sleep(time.Second); ctx.Err() != nil {
						return
					}
				}
				sizes = append(sizes, heap())
			}
		})
		took := s.drain(1, 64, time.Duration(float64(users)/limit*1.1*float64(time.Second))+time.Minute)
		stop()
		watching.Wait()
		calls := s.cloud.Calls()
		t.Logf("%d users in %v, %.2f per second; heap in MB after each fifth %.1f; deliveries that were no first ones: %d; calls per user: %.4f writes, %.4f reads, %.4f deletes, %.4f receives",
			users, took, float64(users)/took.Seconds(), megabytes(sizes), s.again.Load(), s.perUser("cognito-idp.AdminUpdateUserAttributes"),
			s.perUser("cognito-idp.AdminGetUser"), s.perUser("sqs.DeleteMessageBatch"), s.perUser("sqs.ReceiveMessage"))
		if n := s.again.Load(); n*10_000 > int64(users) {
			t.Errorf("%d messages were received more than once", n)
		}
		for _, operation := range []string{"AdminUpdateUserAttributes", "AdminGetUser"} {
			if n := s.perUser("cognito-idp." + operation); n > 1.02 {
				t.Errorf("%.4f calls of %s per user", n, operation)
			}
		}
		if calls["sqs.ChangeMessageVisibility"] > users/100 {
			t.Errorf("%d visibility calls", calls["sqs.ChangeMessageVisibility"])
		}
		if s.mail.calls != users || !strings.HasPrefix(s.left(s.dlq), "0+0") {
			t.Errorf("%d mails for %d users, dead letters %s", s.mail.calls, users, s.left(s.dlq))
		}
		// The pool itself grows by one attribute for each user; the queue shrinks by a message.
		if len(sizes) == 4 && sizes[3] > sizes[0]+uint64(users)*3/5*200+4<<20 {
			t.Errorf("the heap grows: %.1f MB", megabytes(sizes))
		}
	})
}

func megabytes(sizes []uint64) (all []float64) {
	for _, s := range sizes {
		all = append(all, float64(s)/(1<<20))
	}
	return all
}

// TestSixHoursOfOutage holds that nobody is charged, that there is no letter, that no message is received over and over,
// and that the backlog drains within backlog ÷ limit and a tenth, and the longest pause of one message.
func TestSixHoursOfOutage(t *testing.T) {
	const users, limit = 400, 0.5
	for name, outage := range map[string]func(s *storm, end time.Time){
		"of a vendor": func(s *storm, end time.Time) {
			s.company.fails = func(enrich.Call) error {
				if time.Now().Before(end) {
					return &enrich.Error{Kind: enrich.Temporary, Code: "http_503", Sent: true, Refused: true}
				}
				return nil
			}
		},
		"of the pool": func(s *storm, end time.Time) {
			s.must(s.cloud.SetFault("cognito-idp", "*", localcloud.Fault{Outage: true}))
			time.AfterFunc(time.Until(end), s.cloud.ClearFaults)
		},
		"of the ledger": func(s *storm, end time.Time) {
			s.memory.Down(errors.New("down"))
			time.AfterFunc(time.Until(end), func() { s.memory.Down(nil) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStorm(t, limit, 25)
				s.confirm(users)
				end := time.Now().Add(6 * time.Hour)
				outage(s, end)
				s.drain(1, 64, 8*time.Hour)
				after := time.Since(end)
				t.Logf("%d users drained %v after the outage (%.2f per second); %d deliveries, the vendor was asked %d times, reads %d",
					users, after, users/after.Seconds(), s.deliveries.Load(), s.company.calls, s.cloud.Calls()["cognito-idp.AdminGetUser"])
				if perUser := s.deliveries.Load() / users; perUser > 80 { // far below any sensible maxReceiveCount
					t.Errorf("every message was received %d times", perUser)
				}
				if most := time.Duration(1.1*users/limit*float64(time.Second)) + 15*time.Minute; after > most {
					t.Errorf("drained after %v, at most %v", after, most)
				}
				s.unharmed()
			})
		})
	}
}

// TestADuplicateStorm gives every message 1 to 20 times, in any order, to 64 daemons.
func TestADuplicateStorm(t *testing.T) {
	const users = 60
	synctest.Test(t, func(t *testing.T) {
		s := newStorm(t, 25, 0)
		s.must(s.cloud.SetFault("sqs", "queue:confirmed", localcloud.Fault{ReorderRate: 1, DuplicateRate: 0.5, DuplicateWithin: time.Minute}))
		s.confirm(users)
		r, sent := rand.New(rand.NewPCG(7, 7)), users
		for _, sub := range s.subs {
			body := s.message(sub)
			for range r.IntN(20) {
				sent++
				_, err := s.others.SQS.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &s.queue, MessageBody: &body})
				s.must(err)
			}
		}
		took := s.drain(64, 8, time.Hour)
		t.Logf("%d users, %d messages, %d deliveries to 64 daemons in %v; %.3f writes per user; the vendor was asked %d times",
			users, sent, s.deliveries.Load(), took, s.perUser("cognito-idp.AdminUpdateUserAttributes"), s.company.calls)
		if s.company.calls != users || s.perUser("cognito-idp.AdminUpdateUserAttributes") != 1 {
			t.Errorf("something was repeated")
		}
		s.unharmed()
	})
}

// TestACrashLoop has one message that kills whoever works on it. It is set aside after three deaths; of the others 99 %
// hardly notice. Those who were in the same process three times when it died share its fate.
func TestACrashLoop(t *testing.T) {
	const users = 1000
	synctest.Test(t, func(t *testing.T) {
		s := newStorm(t, 25, 0)
		s.confirm(users)
		poison := event.RunKey(s.pool, s.subs[users/2], event.Onboarding)
		deaths := 0
		var kill context.CancelFunc
		var mu sync.Mutex
		deadly := &mortal{Ledger: s.memory}
		s.company.fails = func(call enrich.Call) error {
			if !strings.HasPrefix(call.EffectKey, poison) {
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			deaths++
			deadly.die()
			kill()
			return errors.New("dead")
		}
		ctx, stop := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			for ctx.Err() == nil {
				life, end := context.WithCancel(ctx)
				mu.Lock()
				kill = end
				mu.Unlock()
				s.ledger = deadly.reborn()
				s.daemon(life, 8)
				end()
			}
		})
		started := time.Now()
		for s.left(s.queue) != "0+0" {
			if time.Sleep(time.Second); time.Since(started) > time.Hour {
				t.Errorf("not drained: %s", s.left(s.queue))
				break
			}
		}
		stop()
		all.Wait()
		done := 0
		for _, sub := range s.subs {
			if r, _ := s.memory.Run(event.RunKey(s.pool, sub, event.Onboarding)); r.State == worker.Done {
				done++
			}
		}
		r, _ := s.memory.Run(poison)
		t.Logf("drained in %v; %d deaths; %d of %d done; the poison is %s for %s", time.Since(started), deaths, done, users, r.State, r.Reason)
		if deaths != 3 || r.State != worker.Parked || r.Reason != "crash_loop" || s.left(s.dlq) != fmt.Sprintf("%d+0", users-done) || done < users*99/100 {
			t.Errorf("letters %s", s.left(s.dlq))
		}
	})
}

// mortal is a ledger that a dead process can't reach any more.
type mortal struct {
	*fake.Ledger
	mu   sync.Mutex
	dead *life
}

type life struct {
	*fake.Ledger
	mu   sync.Mutex
	over bool
}

func (m *mortal) reborn() *life {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dead = &life{Ledger: m.Ledger}
	return m.dead
}

func (m *mortal) die() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dead.mu.Lock()
	defer m.dead.mu.Unlock()
	m.dead.over = true
}

func (l *life) Save(ctx context.Context, r worker.Run) error {
	l.mu.Lock()
	over := l.over
	l.mu.Unlock()
	if over {
		return errors.New("dead")
	}
	return l.Ledger.Save(ctx, r)
}

// TestClocksThatJump: every daemon's clock is wrong by up to an hour, and jumps while it works.
func TestClocksThatJump(t *testing.T) {
	const users = 200
	for _, jump := range []time.Duration{-time.Hour, time.Hour} {
		t.Run(fmt.Sprint("by ", jump), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStorm(t, 25, 0)
				s.confirm(users)
				s.jump, s.jumpAt = jump, time.Now().Add(3*time.Second)
				took := s.drain(3, 16, 3*time.Hour)
				t.Logf("%d users in %v; the vendor was asked %d times, %.3f writes per user", users, took, s.company.calls, s.perUser("cognito-idp.AdminUpdateUserAttributes"))
				s.unharmed()
			})
		})
	}
}
