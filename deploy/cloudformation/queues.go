package cloudformation

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

func mappingFlags(w *World) {
	seen := 0
	w.everywhere("AWS::Lambda::EventSourceMapping", func(_ *Template, name string, r Resource) {
		seen++
		w.is(name, r, []any{"ReportBatchItemFailures"}, "FunctionResponseTypes")
		w.is(name, r, "<Queue.Arn>", "EventSourceArn")
		w.is(name, r, "<WorkerAlias>", "FunctionName")
		w.is(name, r, 10, "BatchSize")
		w.is(name, r, 0, "MaximumBatchingWindowInSeconds")
		w.is(name, r, true, "Enabled")
		w.is(name, r, "5", "ScalingConfig", "MaximumConcurrency")
		if r.Properties["FilterCriteria"] != nil {
			w.found("%s has a filter: Lambda deletes what does not match", name)
		}
	})
	if seen != 3 {
		w.found("there are %d mappings in the four deployments, want 3: a daemon has none", seen)
	}
	if least, _ := w.source.Parameters["WorkerMaximumConcurrency"]["MinValue"].(int); least < 2 {
		w.found("WorkerMaximumConcurrency may be %d; AWS takes 2 or more", least)
	}
	w.everywhere("AWS::Lambda::Function", func(_ *Template, name string, r Resource) {
		if r.Properties["ReservedConcurrentExecutions"] != nil {
			w.found("%s reserves concurrency, which throttles and uses up receives", name)
		}
	})
}

// visibility is computed for every time-out that the parameter allows.
func visibility(w *World) {
	allowed, _ := w.source.Parameters["WorkerTimeout"]["AllowedValues"].([]any)
	if len(allowed) == 0 {
		w.found("WorkerTimeout is not bounded")
	}
	for _, v := range allowed {
		values := map[string]string{"WorkerTimeout": fmt.Sprint(v)}
		for name, given := range w.Values[Bare] {
			values[name] = given
		}
		values["WorkerTimeout"] = fmt.Sprint(v)
		t, err := w.source.Resolve(values)
		if err != nil {
			w.found("%v", err)
			continue
		}
		timeout, _ := strconv.Atoi(fmt.Sprint(t.Resources["WorkerFunction"].Properties["Timeout"]))
		window, _ := t.Resources["WorkerMapping"].Properties["MaximumBatchingWindowInSeconds"].(int)
		hidden, _ := t.Resources["Queue"].Properties["VisibilityTimeout"].(int)
		if timeout < 15 || hidden < 6*timeout+window {
			w.found("visibility %d s with a time-out of %d s and a window of %d s", hidden, timeout, window)
		}
	}
}

// fortnight is the longest that SQS keeps a message, in seconds.
const fortnight = 1209600

func retention(w *World) {
	for _, t := range w.resolved {
		for _, name := range []string{"Queue", "DeadLetters"} {
			w.is(name, t.Resources[name], fortnight, "MessageRetentionPeriod")
			if t.Resources[name].Properties["FifoQueue"] != nil {
				w.found("%s is a FIFO queue", name)
			}
		}
		w.is("Queue", t.Resources["Queue"], "<DeadLetters.Arn>", "RedrivePolicy", "deadLetterTargetArn")
		w.is("Queue", t.Resources["Queue"], 1000, "RedrivePolicy", "maxReceiveCount")
		w.is("DeadLetters", t.Resources["DeadLetters"], nil, "RedrivePolicy")
		w.is("DeadLetters", t.Resources["DeadLetters"], "byQueue", "RedriveAllowPolicy", "redrivePermission")
		w.is("DeadLetters", t.Resources["DeadLetters"], []any{"arn:aws:sqs:eu-west-1:111122223333:postconfirm"}, "RedriveAllowPolicy", "sourceQueueArns")
	}
}

func encryption(w *World) {
	w.everywhere("AWS::SQS::Queue", func(t *Template, name string, r Resource) {
		switch managed, key := r.Properties["SqsManagedSseEnabled"], r.Properties["KmsMasterKeyId"]; {
		case managed != true && key == nil:
			w.found("%s is not encrypted", name)
		case managed != nil && key != nil:
			w.found("%s has two kinds of encryption", name)
		}
	})
}

func onlyTLS(w *World) {
	for _, t := range w.resolved {
		for _, name := range []string{"Queue", "DeadLetters"} {
			if !slices.ContainsFunc(t.queuePolicy(name), func(s statement) bool {
				return s.effect == "Deny" && fmt.Sprint(s.principal) == "*" && slices.Equal(s.actions, []string{"sqs:*"}) &&
					slices.Equal(s.resources, []string{"<" + name + ".Arn>"}) && fmt.Sprint(at(s.condition, "Bool", "aws:SecureTransport")) == "false"
			}) {
				w.found("%s takes calls without TLS", name)
			}
		}
	}
}

func (t *Template) queuePolicy(queue string) (all []statement) {
	for name, r := range t.Resources {
		if r.Type == "AWS::SQS::QueuePolicy" && slices.Contains(texts(r.Properties["Queues"]), "<"+queue+">") {
			all = append(all, statements(name, r.Properties["PolicyDocument"])...)
		}
	}
	return all
}

// senders holds each queue's policy: who may send is named, and nobody else can.
func senders(w *World) {
	for deployment, t := range w.resolved {
		operators := w.Values[deployment]["OperatorRoleArn"]
		worker, enqueues := "<WorkerRole.Arn>", "<TriggerRole.Arn>"
		if w.Values[deployment]["Worker"] == "daemon" { // it reconciles: whom it finds, it puts on the queue
			worker = w.Values[deployment]["DaemonRoleArn"]
			enqueues += " " + worker
		}
		for queue, sender := range map[string]string{"Queue": enqueues, "DeadLetters": worker} {
			want := strings.TrimSuffix(sender+" "+operators, " ")
			allowed, denied := "", ""
			for _, s := range t.queuePolicy(queue) {
				if slices.Equal(s.actions, []string{"sqs:SendMessage"}) && slices.Equal(s.resources, []string{"<" + queue + ".Arn>"}) {
					if s.effect == "Allow" {
						allowed += strings.Join(texts(at(s.principal, "AWS")), " ")
					} else {
						denied += strings.Join(texts(at(s.condition, "ArnNotEquals", "aws:PrincipalArn")), " ")
					}
				} else if s.effect == "Allow" {
					w.found("%s: %s allows more than sending", queue, s.sid)
				}
			}
			if allowed != want || denied != want {
				w.found("%s: allowed are %q, not denied are %q, want %q (%s)", queue, allowed, denied, want, deployment)
			}
		}
	}
}

func ledger(w *World) {
	for _, t := range w.resolved {
		r := t.Resources["Ledger"]
		for _, key := range []string{"BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes"} {
			w.is("Ledger", r, w.Ledger[key], key)
		}
		w.is("Ledger", r, w.Expires, "TimeToLiveSpecification", "AttributeName")
		w.is("Ledger", r, true, "TimeToLiveSpecification", "Enabled")
		w.is("Ledger", r, true, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled")
		w.is("Ledger", r, true, "DeletionProtectionEnabled")
	}
}

// kept are the kinds of resources that hold people's data, and what must become of them with the stack. A table and a
// pool protect themselves from deletion, so a failed first try must not try to delete them.
func kept() map[string]string {
	return map[string]string{"AWS::DynamoDB::Table": "Retain", "AWS::Cognito::UserPool": "Retain", "AWS::SQS::Queue": "RetainExceptOnCreate",
		"AWS::Lambda::Version": "RetainExceptOnCreate"}
}

func deletion(w *World) {
	for name, r := range w.source.Resources {
		if want, keep := kept()[r.Type]; keep && (r.Deletion != want || r.Replacement != "Retain") {
			w.found("%s: policies %q and %q, want %s and Retain", name, r.Deletion, r.Replacement, want)
		}
		if r.Type == "AWS::Logs::LogGroup" && (r.Deletion == "" || r.Replacement == "") {
			w.found("%s does not say what becomes of it", name)
		}
		if name == "TriggerLogs" && r.Deletion != "RetainExceptOnCreate" {
			w.found("%s goes with the stack, and the journal with it", name)
		}
	}
}
