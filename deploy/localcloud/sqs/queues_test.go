package sqs_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	local "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
)

func TestQueueAttributes(t *testing.T) {
	all := func(w world, q string) map[string]string {
		out, err := w.sdk.GetQueueAttributes(w.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &q, AttributeNames: []types.QueueAttributeName{"All"}})
		if err != nil {
			w.Fatal(err)
		}
		return out.Attributes
	}
	t.Run("a new queue has AWS's defaults", func(t *testing.T) {
		play(t, &local.Options{Region: "eu-central-1", Account: "123456789012"}, func(w world) {
			q, now := w.queue("q", nil), fmt.Sprint(time.Now().Unix())
			if q != "http://local.test/123456789012/q" {
				w.Errorf("the queue is at %s", q)
			}
			want := map[string]string{
				"ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesDelayed": "0", "ApproximateNumberOfMessagesNotVisible": "0",
				"CreatedTimestamp": now, "LastModifiedTimestamp": now, "QueueArn": "arn:aws:sqs:eu-central-1:123456789012:q",
				"DelaySeconds": "0", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600",
				"ReceiveMessageWaitTimeSeconds": "0", "VisibilityTimeout": "30", "SqsManagedSseEnabled": "true",
			}
			if diff := cmp.Diff(want, all(w, q)); diff != "" {
				w.Errorf("attributes (-want +got):\n%s", diff)
			}
		})
	})
	t.Run("all that is set is told, in one form", func(t *testing.T) {
		play(t, nil, func(w world) {
			dead, q := w.queue("dead", nil), w.queue("q", nil)
			arn := w.attribute(dead, "QueueArn")
			time.Sleep(time.Minute)
			w.set(q, attributes{
				"VisibilityTimeout": "7", "Policy": `{ "Version": "2012-10-17" }`, "KmsMasterKeyId": "alias/aws/sqs",
				"RedrivePolicy":      `{"maxReceiveCount": "5", "deadLetterTargetArn": "` + arn + `"}`,
				"RedriveAllowPolicy": `{"redrivePermission": "denyAll"}`, "KmsDataKeyReusePeriodSeconds": "60",
			})
			got := all(w, q)
			for name, want := range map[string]string{
				"VisibilityTimeout": "7", "Policy": `{"Version":"2012-10-17"}`, "KmsMasterKeyId": "alias/aws/sqs", "SqsManagedSseEnabled": "false",
				"RedrivePolicy":      `{"deadLetterTargetArn":"` + arn + `","maxReceiveCount":5}`,
				"RedriveAllowPolicy": `{"redrivePermission":"denyAll"}`, "KmsDataKeyReusePeriodSeconds": "60",
				"LastModifiedTimestamp": fmt.Sprint(time.Now().Unix()), "CreatedTimestamp": fmt.Sprint(time.Now().Add(-time.Minute).Unix()),
			} {
				if got[name] != want {
					w.Errorf("%s is %q, want %q", name, got[name], want)
				}
			}
			w.set(q, attributes{"RedrivePolicy": "", "Policy": "", "RedriveAllowPolicy": "", "KmsMasterKeyId": ""})
			for _, name := range []string{"RedrivePolicy", "Policy", "RedriveAllowPolicy", "KmsMasterKeyId"} {
				if value, ok := all(w, q)[name]; ok {
					w.Errorf("%s is still %q", name, value)
				}
			}
		})
	})
	t.Run("all changes are made or none", func(t *testing.T) {
		play(t, nil, func(w world) {
			q := w.queue("q", nil)
			_, err := w.sdk.SetQueueAttributes(w.Context(), &sqs.SetQueueAttributesInput{QueueUrl: &q, Attributes: attributes{"DelaySeconds": "5", "VisibilityTimeout": "-1"}})
			wantError[*types.InvalidAttributeValue](w, err)
			if delay := w.attribute(q, "DelaySeconds"); delay != "0" {
				w.Errorf("the delay is %s", delay)
			}
		})
	})
}

func TestCreateQueueTwice(t *testing.T) {
	play(t, nil, func(w world) {
		q := w.queue("q", attributes{"DelaySeconds": "1", "VisibilityTimeout": "60"})
		for _, same := range []attributes{nil, {"DelaySeconds": "1"}, {"VisibilityTimeout": "060", "MessageRetentionPeriod": "345600"}} {
			if again := w.queue("q", same); again != q {
				w.Errorf("asking again for %v gives %s", same, again)
			}
		}
		for _, other := range []attributes{{"DelaySeconds": "2"}, {"VisibilityTimeout": "60", "MaximumMessageSize": "1024"}} {
			_, err := w.sdk.CreateQueue(w.Context(), &sqs.CreateQueueInput{QueueName: aws.String("q"), Attributes: other})
			wantError[*types.QueueNameExists](w, err)
			wantCode(w, err, "QueueAlreadyExists")
		}
	})
}

func TestDeleteQueue(t *testing.T) {
	play(t, nil, func(w world) {
		q := w.queue("q", nil)
		w.send(q, "a")
		if _, err := w.sdk.DeleteQueue(w.Context(), &sqs.DeleteQueueInput{QueueUrl: &q}); err != nil {
			w.Fatal(err)
		}
		_, err := w.sdk.SendMessage(w.Context(), &sqs.SendMessageInput{QueueUrl: &q, MessageBody: aws.String("b")})
		wantError[*types.QueueDoesNotExist](w, err)
		time.Sleep(59 * time.Second)
		_, err = w.sdk.CreateQueue(w.Context(), &sqs.CreateQueueInput{QueueName: aws.String("q")})
		wantError[*types.QueueDeletedRecently](w, err)
		time.Sleep(time.Second)
		w.queue("q", nil)
		w.wantCounts(q, 0, 0, 0)
	})
}

func TestPurgeQueue(t *testing.T) {
	play(t, nil, func(w world) {
		q := w.queue("q", nil)
		w.send(q, "in flight")
		m := w.want(q, 0, "in flight")[0]
		w.send(q, "visible")
		purge := func() error {
			_, err := w.sdk.PurgeQueue(w.Context(), &sqs.PurgeQueueInput{QueueUrl: &q})
			return err
		}
		if err := purge(); err != nil {
			w.Fatal(err)
		}
		w.wantCounts(q, 0, 0, 0)
		w.delete(q, m)
		time.Sleep(59 * time.Second)
		wantError[*types.PurgeQueueInProgress](w, purge())
		w.send(q, "after")
		w.want(q, 0, "after")
		time.Sleep(time.Second)
		if err := purge(); err != nil {
			w.Error(err)
		}
	})
}

func TestListQueues(t *testing.T) {
	play(t, nil, func(w world) {
		for i := range 5 {
			w.queue(fmt.Sprintf("app-%d", i), nil)
		}
		w.queue("other", nil)
		var pages []string
		p := sqs.NewListQueuesPaginator(w.sdk, &sqs.ListQueuesInput{QueueNamePrefix: aws.String("app-"), MaxResults: aws.Int32(2)})
		for p.HasMorePages() {
			out, err := p.NextPage(w.Context())
			if err != nil {
				w.Fatal(err)
			}
			pages = append(pages, strings.ReplaceAll(strings.Join(out.QueueUrls, " "), "http://local.test/000000000000/", ""))
		}
		if diff := cmp.Diff([]string{"app-0 app-1", "app-2 app-3", "app-4"}, pages); diff != "" {
			w.Errorf("pages (-want +got):\n%s", diff)
		}
		out, err := w.sdk.ListQueues(w.Context(), &sqs.ListQueuesInput{})
		if err != nil || len(out.QueueUrls) != 6 || out.NextToken != nil {
			w.Errorf("all queues: %v, %v", out, err)
		}
	})
}

func TestListDeadLetterSourceQueues(t *testing.T) {
	play(t, nil, func(w world) {
		dead := w.queue("dead", nil)
		q := w.deadLetters("q", dead, 3, nil)
		for queue, want := range map[string][]string{dead: {q}, q: {}} {
			out, err := w.sdk.ListDeadLetterSourceQueues(w.Context(), &sqs.ListDeadLetterSourceQueuesInput{QueueUrl: &queue})
			if err != nil {
				w.Fatal(err)
			}
			if diff := cmp.Diff(want, out.QueueUrls); diff != "" {
				w.Errorf("sources of %s (-want +got):\n%s", queue, diff)
			}
		}
	})
}

func TestRedriveAllowPolicy(t *testing.T) {
	play(t, nil, func(w world) {
		dead := w.queue("dead", nil)
		arn := w.attribute(dead, "QueueArn")
		policy := attributes{"RedrivePolicy": `{"deadLetterTargetArn":"` + arn + `","maxReceiveCount":2}`}
		create := func(name string) error {
			_, err := w.sdk.CreateQueue(w.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: policy})
			return err
		}
		w.set(dead, attributes{"RedriveAllowPolicy": `{"redrivePermission":"denyAll"}`})
		wantCode(w, create("one"), "InvalidParameterValue")
		w.set(dead, attributes{"RedriveAllowPolicy": `{"redrivePermission":"byQueue","sourceQueueArns":["` + strings.Replace(arn, "dead", "one", 1) + `"]}`})
		if err := create("one"); err != nil {
			w.Error(err)
		}
		wantCode(w, create("two"), "InvalidParameterValue")
		w.set(dead, attributes{"RedriveAllowPolicy": `{"redrivePermission":"allowAll"}`})
		if err := create("two"); err != nil {
			w.Error(err)
		}
	})
}

func TestTags(t *testing.T) {
	play(t, nil, func(w world) {
		_, err := w.sdk.CreateQueue(w.Context(), &sqs.CreateQueueInput{QueueName: aws.String("q"), Tags: map[string]string{"a": "1"}})
		if err != nil {
			w.Fatal(err)
		}
		q := w.queue("q", nil)
		if _, err := w.sdk.TagQueue(w.Context(), &sqs.TagQueueInput{QueueUrl: &q, Tags: map[string]string{"b": "2", "c": ""}}); err != nil {
			w.Fatal(err)
		}
		if _, err := w.sdk.UntagQueue(w.Context(), &sqs.UntagQueueInput{QueueUrl: &q, TagKeys: []string{"a", "unknown"}}); err != nil {
			w.Fatal(err)
		}
		out, err := w.sdk.ListQueueTags(w.Context(), &sqs.ListQueueTagsInput{QueueUrl: &q})
		if err != nil {
			w.Fatal(err)
		}
		if diff := cmp.Diff(map[string]string{"b": "2", "c": ""}, out.Tags); diff != "" {
			w.Errorf("tags (-want +got):\n%s", diff)
		}
	})
}

func TestTagsAreHeldToTheirLimits(t *testing.T) {
	many := map[string]string{}
	for i := range 51 {
		many[fmt.Sprint("tag", i)] = ""
	}
	for name, tags := range map[string]map[string]string{
		"51 tags": many, "a key of nothing": {"": "x"}, "a key of 129": {strings.Repeat("ä", 129): "x"}, "a value of 257": {"a": strings.Repeat("ä", 257)},
		"a reserved key": {"AWS:team": "x"},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, nil, func(w world) {
				q := w.queue("q", nil)
				_, err := w.sdk.TagQueue(w.Context(), &sqs.TagQueueInput{QueueUrl: &q, Tags: tags})
				wantCode(w, err, "InvalidParameterValue")
				_, err = w.sdk.CreateQueue(w.Context(), &sqs.CreateQueueInput{QueueName: aws.String("new"), Tags: tags})
				wantCode(w, err, "InvalidParameterValue")
			})
		})
	}
	t.Run("just as much as is allowed", func(t *testing.T) {
		play(t, nil, func(w world) {
			delete(many, "tag0")
			delete(many, "tag1")
			many[strings.Repeat("ä", 128)] = strings.Repeat("ä", 256)
			if _, err := w.sdk.CreateQueue(w.Context(), &sqs.CreateQueueInput{QueueName: aws.String("q"), Tags: many}); err != nil {
				t.Error(err)
			}
		})
	})
}
