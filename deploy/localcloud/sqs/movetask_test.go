package sqs_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// bury makes a dead-letter queue with dead messages, and the queue where they came from.
func (w world) bury(bodies ...string) (dead, source string) {
	w.Helper()
	dead = w.queue("dead", nil)
	source = w.deadLetters("source", dead, 1, attributes{"VisibilityTimeout": "0"})
	w.send(source, bodies...)
	w.want(source, 0, bodies...)
	w.want(source, 0)
	w.wantCounts(dead, len(bodies), 0, 0)
	w.set(source, attributes{"VisibilityTimeout": "30"})
	return dead, source
}

func (w world) move(in *sqs.StartMessageMoveTaskInput) string {
	w.Helper()
	out, err := w.sdk.StartMessageMoveTask(w.Context(), in)
	if err != nil {
		w.Fatal(err)
	}
	return *out.TaskHandle
}

// task is the latest task of a queue.
func (w world) task(queue string) types.ListMessageMoveTasksResultEntry {
	w.Helper()
	out, err := w.sdk.ListMessageMoveTasks(w.Context(), &sqs.ListMessageMoveTasksInput{SourceArn: aws.String(w.attribute(queue, "QueueArn"))})
	if err != nil || len(out.Results) != 1 {
		w.Fatalf("tasks: %v, %v", out, err)
	}
	return out.Results[0]
}

func TestMoveTask(t *testing.T) {
	t.Run("everything goes back where it came from, as new messages", func(t *testing.T) {
		play(t, nil, func(w world) {
			dead, source := w.bury("a", "b")
			time.Sleep(time.Hour)
			start := time.Now()
			w.move(&sqs.StartMessageMoveTaskInput{SourceArn: aws.String(w.attribute(dead, "QueueArn"))})
			want := types.ListMessageMoveTasksResultEntry{
				Status: aws.String("COMPLETED"), SourceArn: aws.String(w.attribute(dead, "QueueArn")), StartedTimestamp: start.UnixMilli(),
				ApproximateNumberOfMessagesMoved: 2, ApproximateNumberOfMessagesToMove: aws.Int64(2),
			}
			if diff := cmp.Diff(want, w.task(dead), cmpopts.IgnoreUnexported(want)); diff != "" {
				w.Errorf("the task (-want +got):\n%s", diff)
			}
			w.wantCounts(dead, 0, 0, 0)
			m := w.want(source, 0, "a", "b")[0]
			if m.Attributes["SentTimestamp"] != millis(start) || m.Attributes["ApproximateReceiveCount"] != "1" || m.Attributes["DeadLetterQueueSourceArn"] != "" {
				w.Errorf("the moved message is not new: %v", m.Attributes)
			}
		})
	})
	t.Run("a destination takes all of it, also what was sent to the dead-letter queue by hand", func(t *testing.T) {
		play(t, nil, func(w world) {
			dead, _ := w.bury("a")
			other := w.queue("other", nil)
			w.send(dead, "by hand")
			w.move(&sqs.StartMessageMoveTaskInput{
				SourceArn: aws.String(w.attribute(dead, "QueueArn")), DestinationArn: aws.String(w.attribute(other, "QueueArn")),
			})
			w.want(other, 0, "a", "by hand")
		})
	})
	t.Run("without a destination, a message that was sent by hand fails the task", func(t *testing.T) {
		play(t, nil, func(w world) {
			dead, _ := w.bury("a")
			w.send(dead, "by hand")
			w.move(&sqs.StartMessageMoveTaskInput{SourceArn: aws.String(w.attribute(dead, "QueueArn"))})
			task := w.task(dead)
			if *task.Status != "FAILED" || *task.FailureReason != "CouldNotDetermineMessageSource" || task.ApproximateNumberOfMessagesMoved != 1 {
				w.Errorf("%s %s after %d", *task.Status, aws.ToString(task.FailureReason), task.ApproximateNumberOfMessagesMoved)
			}
			w.want(dead, 0, "by hand")
		})
	})
	t.Run("a rate is kept, wakes who waits, and allows one task at a time", func(t *testing.T) {
		play(t, nil, func(w world) {
			dead, source := w.bury("a", "b", "c")
			in := &sqs.StartMessageMoveTaskInput{SourceArn: aws.String(w.attribute(dead, "QueueArn")), MaxNumberOfMessagesPerSecond: aws.Int32(1)}
			start := time.Now()
			handle := w.move(in)
			if task := w.task(dead); *task.Status != "RUNNING" || *task.TaskHandle != handle || *task.MaxNumberOfMessagesPerSecond != 1 {
				w.Errorf("the task: %v", task)
			}
			_, err := w.sdk.StartMessageMoveTask(w.Context(), in)
			wantCode(w, err, "InvalidParameterValue")
			for i, body := range []string{"a", "b", "c"} {
				w.want(source, 20, body)
				if passed := time.Since(start); passed != time.Duration(i+1)*time.Second {
					w.Errorf("message %s came after %v", body, passed)
				}
			}
			if task := w.task(dead); *task.Status != "COMPLETED" || task.TaskHandle != nil {
				w.Errorf("the task: %v", task)
			}
		})
	})
	t.Run("a task that starts while somebody waits is noticed", func(t *testing.T) {
		play(t, nil, func(w world) {
			dead, source := w.bury("a")
			start := time.Now()
			time.AfterFunc(time.Second, func() {
				w.move(&sqs.StartMessageMoveTaskInput{SourceArn: aws.String(w.attribute(dead, "QueueArn")), MaxNumberOfMessagesPerSecond: aws.Int32(1)})
			})
			w.want(source, 20, "a")
			if waited := time.Since(start); waited != 2*time.Second {
				w.Errorf("waited %v, want 2s", waited)
			}
		})
	})
	t.Run("a cancelled task leaves the rest", func(t *testing.T) {
		play(t, nil, func(w world) {
			dead, source := w.bury("a", "b", "c")
			handle := w.move(&sqs.StartMessageMoveTaskInput{SourceArn: aws.String(w.attribute(dead, "QueueArn")), MaxNumberOfMessagesPerSecond: aws.Int32(1)})
			time.Sleep(time.Second)
			out, err := w.sdk.CancelMessageMoveTask(w.Context(), &sqs.CancelMessageMoveTaskInput{TaskHandle: &handle})
			if err != nil || out.ApproximateNumberOfMessagesMoved != 1 {
				w.Errorf("cancel: %v, %v", out, err)
			}
			time.Sleep(time.Hour)
			w.wantCounts(dead, 2, 0, 0)
			w.wantCounts(source, 1, 0, 0)
			if task := w.task(dead); *task.Status != "CANCELLED" {
				w.Errorf("the task is %s", *task.Status)
			}
			_, err = w.sdk.CancelMessageMoveTask(w.Context(), &sqs.CancelMessageMoveTaskInput{TaskHandle: &handle})
			wantError[*types.ResourceNotFoundException](w, err)
		})
	})
	t.Run("a destination that is deleted on the way fails the task", func(t *testing.T) {
		play(t, nil, func(w world) {
			dead, source := w.bury("a", "b", "c")
			w.move(&sqs.StartMessageMoveTaskInput{SourceArn: aws.String(w.attribute(dead, "QueueArn")), MaxNumberOfMessagesPerSecond: aws.Int32(1)})
			time.Sleep(time.Second)
			if _, err := w.sdk.DeleteQueue(w.Context(), &sqs.DeleteQueueInput{QueueUrl: &source}); err != nil {
				w.Fatal(err)
			}
			time.Sleep(time.Minute)
			if task := w.task(dead); *task.Status != "FAILED" || *task.FailureReason != "AWS.SimpleQueueService.NonExistentQueue" {
				w.Errorf("the task: %s, %s", *task.Status, aws.ToString(task.FailureReason))
			}
			w.wantCounts(dead, 2, 0, 0)
		})
	})
	t.Run("ten tasks are remembered, the newest first", func(t *testing.T) {
		play(t, nil, func(w world) {
			dead, _ := w.bury("a")
			arn := aws.String(w.attribute(dead, "QueueArn"))
			var newest int64
			for range 12 {
				time.Sleep(time.Second)
				newest = time.Now().UnixMilli()
				w.move(&sqs.StartMessageMoveTaskInput{SourceArn: arn})
			}
			out, err := w.sdk.ListMessageMoveTasks(w.Context(), &sqs.ListMessageMoveTasksInput{SourceArn: arn, MaxResults: aws.Int32(10)})
			if err != nil || len(out.Results) != 10 {
				w.Fatalf("tasks: %v, %v", out, err)
			}
			for i, task := range out.Results {
				if want := newest - int64(i)*1000; task.StartedTimestamp != want {
					w.Errorf("task %d started at %d, want %d", i, task.StartedTimestamp, want)
				}
			}
		})
	})
}
