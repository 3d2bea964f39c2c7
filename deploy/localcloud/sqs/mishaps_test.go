package sqs_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	local "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
)

// suffer plays a test in a cloud with a fault for one queue ("queue:q") or all ("*"). A seed of 0 is the usual dice.
func suffer(t *testing.T, seed uint64, where string, f localcloud.Fault, test func(w world, c *localcloud.Cloud)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o := &localcloud.Options{}
		if seed > 0 {
			o.Rand = rand.New(rand.NewPCG(seed, seed))
		}
		c := localcloud.New(o)
		c.Register(local.New(nil))
		if err := c.SetFault("sqs", where, f); err != nil {
			t.Fatal(err)
		}
		test(world{t, connect(c, "http://local.test")}, c)
	})
}

func (w world) fill(queue string, n int) (bodies []string) {
	w.Helper()
	for i := range n {
		bodies = append(bodies, fmt.Sprintf("%03d", i))
	}
	w.send(queue, bodies...)
	return bodies
}

// drain receives and deletes until nothing comes any more for as long as a poll may take.
func (w world) drain(queue string) (bodies []string) {
	w.Helper()
	for {
		got := w.receive(queue, 20)
		if len(got) == 0 {
			return bodies
		}
		for _, m := range got {
			w.delete(queue, m)
		}
		bodies = append(bodies, bodiesOf(got)...)
	}
}

func TestDuplicates(t *testing.T) {
	t.Run("a message comes once more, deleted or not, under its id and with a receipt of its own", func(t *testing.T) {
		suffer(t, 0, "*", localcloud.Fault{DuplicateRate: 1, DuplicateWithin: 10 * time.Second}, func(w world, _ *localcloud.Cloud) {
			q := w.queue("q", nil)
			w.send(q, "a")
			first := w.want(q, 0, "a")[0]
			w.delete(q, first)
			w.wantCounts(q, 0, 0, 0)
			start := time.Now()
			second := w.want(q, 20, "a")[0]
			if took := time.Since(start); took <= 0 || took > 10*time.Second {
				t.Errorf("it came after %v", took)
			}
			if *second.MessageId != *first.MessageId || *second.ReceiptHandle == *first.ReceiptHandle || second.Attributes["ApproximateReceiveCount"] != "2" ||
				second.Attributes["SentTimestamp"] != first.Attributes["SentTimestamp"] {
				w.Errorf("first %v, then %v", first, second)
			}
			w.delete(q, second)
			w.want(q, 20) // a second delivery has no third
		})
	})
	t.Run("the first may still be held when the second comes", func(t *testing.T) {
		suffer(t, 0, "*", localcloud.Fault{DuplicateRate: 1}, func(w world, _ *localcloud.Cloud) {
			q := w.queue("q", attributes{"VisibilityTimeout": "600"})
			w.send(q, "a")
			first := w.want(q, 0, "a")[0]
			time.Sleep(time.Minute)
			second := w.want(q, 0, "a")[0]
			w.wantCounts(q, 0, 2, 0)
			w.delete(q, second)
			w.wantCounts(q, 0, 1, 0)
			if err := w.hide(q, first, 600); err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("second deliveries are spread over the time they may take, a minute if nothing is said", func(t *testing.T) {
		for within, want := range map[time.Duration]time.Duration{0: time.Minute, 10 * time.Minute: 10 * time.Minute} {
			suffer(t, 0, "*", localcloud.Fault{DuplicateRate: 1, DuplicateWithin: within}, func(w world, _ *localcloud.Cloud) {
				q := w.queue("q", attributes{"VisibilityTimeout": "43200"})
				w.fill(q, 60)
				for range 6 {
					w.receive(q, 0)
				}
				var seen []int
				for range 4 {
					time.Sleep(want / 4)
					seen = append(seen, w.counts(q)[0])
				}
				if seen[0] == 0 || seen[0] >= seen[1] || seen[1] >= seen[2] || seen[2] >= seen[3] || seen[3] != 60 {
					t.Errorf("visible after each quarter of %v: %v", want, seen)
				}
			})
		}
	})
	t.Run("about as many as the rate says, the same in every cloud of a seed", func(t *testing.T) {
		deliveries := func(seed uint64) (all []string) {
			suffer(t, seed, "*", localcloud.Fault{DuplicateRate: 0.2, DuplicateWithin: time.Second}, func(w world, _ *localcloud.Cloud) {
				q := w.queue("q", nil)
				w.fill(q, 500)
				all = w.drain(q)
			})
			return all
		}
		one, again, other := deliveries(0), deliveries(0), deliveries(7)
		if n := len(one) - 500; n < 60 || n > 140 {
			t.Errorf("%d of 500 came twice at a rate of 0.2", n)
		}
		if !slices.Equal(one, again) || slices.Equal(one, other) {
			t.Error("the seed doesn't decide")
		}
	})
	t.Run("a purge and the end of the queue take those to come along", func(t *testing.T) {
		suffer(t, 0, "*", localcloud.Fault{DuplicateRate: 1}, func(w world, _ *localcloud.Cloud) {
			q := w.queue("q", nil)
			w.send(q, "a")
			w.want(q, 0, "a")
			if _, err := w.sdk.PurgeQueue(w.Context(), &sqs.PurgeQueueInput{QueueUrl: &q}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
			w.wantCounts(q, 0, 0, 0)
		})
	})
	t.Run("one that is too old does not come", func(t *testing.T) {
		suffer(t, 0, "*", localcloud.Fault{DuplicateRate: 1, DuplicateWithin: 1000 * time.Hour}, func(w world, _ *localcloud.Cloud) {
			q := w.queue("q", attributes{"MessageRetentionPeriod": "60"})
			w.fill(q, 20)
			w.drain(q)
			time.Sleep(1000 * time.Hour)
			w.wantCounts(q, 0, 0, 0)
		})
	})
}

func TestReordering(t *testing.T) {
	t.Run("messages come out of turn, and none is lost", func(t *testing.T) {
		for _, rate := range []float64{0.1, 1} {
			suffer(t, 0, "*", localcloud.Fault{ReorderRate: rate}, func(w world, _ *localcloud.Cloud) {
				q := w.queue("q", nil)
				sent := w.fill(q, 200)
				got := w.drain(q)
				if slices.IsSorted(got) {
					t.Errorf("in order at a rate of %v", rate)
				}
				slices.Sort(got)
				if diff := cmp.Diff(sent, got); diff != "" {
					t.Error(diff)
				}
			})
		}
	})
	t.Run("a single message is no disorder, and is received", func(t *testing.T) {
		suffer(t, 0, "*", localcloud.Fault{ReorderRate: 1}, func(w world, _ *localcloud.Cloud) {
			q := w.queue("q", nil)
			w.send(q, "a")
			w.want(q, 0, "a")
		})
	})
}

func TestAFaultOfOneQueueIsNoOtherQueues(t *testing.T) {
	suffer(t, 0, "queue:bad", localcloud.Fault{DuplicateRate: 1, DuplicateWithin: time.Second}, func(w world, c *localcloud.Cloud) {
		bad, good := w.queue("bad", nil), w.queue("good", nil)
		count := func(queue string) int {
			w.send(queue, "a")
			return len(w.drain(queue))
		}
		if b, g := count(bad), count(good); b != 2 || g != 1 {
			t.Errorf("%d and %d deliveries, want 2 and 1", b, g)
		}
		for where, f := range map[string]localcloud.Fault{"*": {DuplicateRate: 1, DuplicateWithin: time.Second}, "queue:bad": {}} {
			if err := c.SetFault("sqs", where, f); err != nil {
				t.Fatal(err)
			}
		}
		if b, g := count(bad), count(good); b != 1 || g != 2 {
			t.Errorf("a queue that is shielded: %d and %d deliveries, want 1 and 2", b, g)
		}
		c.ClearFaults()
		if b, g := count(bad), count(good); b != 1 || g != 1 {
			t.Errorf("with everything off: %d and %d deliveries", b, g)
		}
	})
}

func TestAClockThatIsWrong(t *testing.T) {
	const ahead = 90 * time.Minute
	suffer(t, 0, "queue:q", localcloud.Fault{ClockSkew: ahead}, func(w world, _ *localcloud.Cloud) {
		start := time.Now()
		q, dead, other := w.queue("q", attributes{"VisibilityTimeout": "5", "MessageRetentionPeriod": "3600"}), w.queue("dead", nil), w.queue("other", nil)
		for _, name := range []string{"CreatedTimestamp", "LastModifiedTimestamp"} {
			if got, want := w.attribute(q, name), fmt.Sprint(start.Add(ahead).Unix()); got != want {
				t.Errorf("%s is %s, want %s", name, got, want)
			}
			if got, want := w.attribute(other, name), fmt.Sprint(start.Unix()); got != want {
				t.Errorf("another queue's %s is %s, want %s", name, got, want)
			}
		}
		w.send(q, "a")
		time.Sleep(time.Second)
		m := w.want(q, 0, "a")[0]
		if m.Attributes["SentTimestamp"] != millis(start.Add(ahead)) || m.Attributes["ApproximateFirstReceiveTimestamp"] != millis(start.Add(ahead+time.Second)) {
			t.Errorf("stamped %v", m.Attributes)
		}
		w.want(q, 4) // hidden for five true seconds, and kept for a true hour
		w.want(q, 1, "a")

		arn := w.attribute(dead, "QueueArn")
		changed := time.Now()
		w.set(q, attributes{"RedrivePolicy": `{"deadLetterTargetArn":"` + arn + `","maxReceiveCount":2}`})
		time.Sleep(5 * time.Second)
		w.want(q, 0)
		if got, want := w.attribute(q, "LastModifiedTimestamp"), fmt.Sprint(changed.Add(ahead).Unix()); got != want {
			t.Errorf("changed at %s, want %s", got, want)
		}
		moved := time.Now()
		if _, err := w.sdk.StartMessageMoveTask(w.Context(), &sqs.StartMessageMoveTaskInput{SourceArn: &arn, DestinationArn: aws.String(strings.TrimSuffix(arn, "dead") + "q")}); err != nil {
			t.Fatal(err)
		}
		if got := w.want(q, 0, "a")[0].Attributes["SentTimestamp"]; got != millis(moved.Add(ahead)) {
			t.Errorf("moved by a queue with a wrong clock: %s", got)
		}
	})
	t.Run("tasks are stamped by their source's clock", func(t *testing.T) {
		suffer(t, 0, "queue:dead", localcloud.Fault{ClockSkew: -ahead}, func(w world, _ *localcloud.Cloud) {
			dead := w.queue("dead", nil)
			w.deadLetters("q", dead, 1, nil)
			arn := w.attribute(dead, "QueueArn")
			w.move(&sqs.StartMessageMoveTaskInput{SourceArn: &arn})
			if got, want := w.task(dead).StartedTimestamp, time.Now().Add(-ahead).UnixMilli(); got != want {
				t.Errorf("started at %d, want %d", got, want)
			}
		})
	})
	t.Run("messages are kept by the true clock", func(t *testing.T) {
		for _, skew := range []time.Duration{ahead, -ahead} {
			suffer(t, 0, "*", localcloud.Fault{ClockSkew: skew}, func(w world, _ *localcloud.Cloud) {
				q := w.queue("q", attributes{"MessageRetentionPeriod": "3600"})
				w.send(q, "a")
				time.Sleep(3599 * time.Second)
				w.wantCounts(q, 1, 0, 0)
				time.Sleep(time.Second)
				w.wantCounts(q, 0, 0, 0)
			})
		}
	})
}
