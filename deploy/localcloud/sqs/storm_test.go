package sqs_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// TestStorm lets workers fight over messages, with handlers that finish, give back, forget and hang up: no message is
// ever held twice, and each is finished exactly once.
func TestStorm(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			play(t, nil, func(w world) {
				s := &storm{world: w, queue: w.queue("q", nil), held: map[string]time.Time{}, finished: map[string]int{}}
				const messages, workers = 500, 32
				for i := range messages {
					_, err := w.sdk.SendMessage(w.Context(), &sqs.SendMessageInput{
						QueueUrl: &s.queue, MessageBody: aws.String(fmt.Sprint(i)), DelaySeconds: int32(i % 7 * 100),
					})
					if err != nil {
						w.Fatal(err)
					}
				}
				var all sync.WaitGroup
				for i := range uint64(workers) {
					all.Go(func() { s.work(rand.New(rand.NewPCG(seed, i)), messages) })
				}
				all.Wait()
				for body, times := range s.finished {
					if times != 1 {
						w.Errorf("message %s was finished %d times", body, times)
					}
				}
				w.wantCounts(s.queue, 0, 0, 0)
			})
		})
	}
}

type storm struct {
	world
	queue string

	mu       sync.Mutex
	held     map[string]time.Time // body → until when somebody has it
	finished map[string]int
}

func (s *storm) work(dice *rand.Rand, messages int) {
	for !s.done(messages) {
		ctx, cancel := context.WithTimeout(s.Context(), time.Duration(1+dice.IntN(20))*time.Second)
		out, err := s.sdk.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &s.queue, MaxNumberOfMessages: int32(1 + dice.IntN(10)), WaitTimeSeconds: 20})
		cancel()
		if err != nil {
			continue // hung up
		}
		s.hold(out.Messages)
		for _, m := range out.Messages {
			s.handle(dice, m)
		}
	}
}

func (s *storm) done(messages int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.finished) == messages
}

// hold notes who has what: all of it for the queue's 30 seconds from the receive.
func (s *storm) hold(messages []types.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range messages {
		if now := time.Now(); now.Before(s.held[*m.Body]) {
			s.Errorf("message %s is received while somebody has it", *m.Body)
		}
		s.held[*m.Body] = time.Now().Add(30 * time.Second)
	}
}

func (s *storm) handle(dice *rand.Rand, m types.Message) {
	time.Sleep(time.Duration(dice.IntN(3)) * time.Second)

	s.mu.Lock()
	defer s.mu.Unlock()
	switch dice.IntN(4) {
	case 0: // forgotten
	case 1: // given back
		s.held[*m.Body] = time.Time{}
		if err := s.hide(s.queue, m, 0); err != nil {
			s.Errorf("message %s is not given back: %v", *m.Body, err)
		}
	default:
		s.finished[*m.Body]++
		s.delete(s.queue, m)
	}
}
