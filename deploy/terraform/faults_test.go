package terraform_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// fault is a mistake in the module, and the check that must notice it.
type fault struct {
	name, check   string
	file, old, by string
}

func faults() []fault {
	return []fault{
		{"the trigger may do everything to the queue", "rights", "trigger.tf", `Action   = "sqs:SendMessage"`, `Action   = "sqs:*"`},
		{"the worker may write to every table", "rights", "worker_policy.tf", "Resource = aws_dynamodb_table.ledger.arn", `Resource = "*"`},
		{"a function may list app clients", "rights", "worker_policy.tf", "local.is_lambda || !var.daemon_checks_app_clients", "!var.daemon_checks_app_clients && local.is_lambda"},
		{"the worker loses its mapping's rights", "rights", "worker_policy.tf", `"sqs:ReceiveMessage", `, ``},
		{"the worker's policy is attached to nothing", "rights", "worker.tf", "policy_arn = aws_iam_policy.worker.arn", "policy_arn = aws_iam_policy.operators.arn"},
		{"anybody may send dead letters", "senders", "queues.tf", `Principal = { AWS = q.who }`, `Principal = "*"`},
		{"plain HTTP is let in", "senders", "queues.tf", `"aws:SecureTransport" = "false"`, `"aws:SecureTransport" = "true"`},
		{"a daemon that reconciles can't send", "senders", "queues.tf", "local.is_lambda ? null : var.daemon_role_arn, ", ""},
		{"operators can't send", "senders", "queues.tf", ", var.operator_role_arn]) # a daemon", "]) # a daemon"},
		{"the partial answer is dropped", "mapping", "worker.tf", `function_response_types            = ["ReportBatchItemFailures"]`, `function_response_types            = []`},
		{"the mapping calls the newest code, not the alias", "mapping", "worker.tf", "aws_lambda_alias.worker[0].arn", "aws_lambda_function.worker[0].arn"},
		{"no limit of concurrency", "mapping", "worker.tf", "scaling_config { maximum_concurrency = var.worker_maximum_concurrency }", ""},
		{"a visibility that is too short", "queues", "queues.tf", "6 * var.worker_timeout", "var.worker_timeout"},
		{"messages are kept for four days", "queues", "queues.tf", "1209600\n  visibility", "345600\n  visibility"},
		{"dead letters are kept for less", "queues", "queues.tf", "1209600\n  sqs_managed", "345600\n  sqs_managed"},
		{"receives count as attempts", "queues", "queues.tf", "maxReceiveCount     = 1000", "maxReceiveCount     = 3"},
		{"the queue is not encrypted", "queues", "queues.tf", "sqs_managed_sse_enabled    = var.queue_key_arn == null ? true : null", "sqs_managed_sse_enabled    = false"},
		{"a plan may destroy the queue", "queues", "queues.tf", "prevent_destroy = true", "prevent_destroy = false"},
		{"a plan may destroy the ledger", "ledger", "ledger.tf", "prevent_destroy = true", "prevent_destroy = false"},
		{"the ledger's index has another key", "ledger", "ledger.tf", `hash_key           = "unfinished"`, `hash_key           = "state"`},
		{"nothing expires", "ledger", "ledger.tf", `attribute_name = "expires"`, `attribute_name = "expiry"`},
		{"no recovery to a point in time", "ledger", "ledger.tf", "point_in_time_recovery { enabled = true }", "point_in_time_recovery { enabled = false }"},
		{"the trigger waits longer than Cognito", "functions", "trigger.tf", "timeout          = 5", "timeout          = 30"},
		{"another processor", "functions", "worker.tf", `["arm64"]`, `["x86_64"]`},
		{"no versions to go back to", "functions", "trigger.tf", "publish          = true", "publish          = false"},
		{"the alias stays at a version", "functions", "worker.tf", "function_version = aws_lambda_function.worker[0].version", `function_version = "1"`},
		{"a variable with another name", "environment", "worker.tf", "POSTCONFIRM_DLQ_URL ", "POSTCONFIRM_DEAD_LETTERS_URL "},
		{"the worker reads the wrong queue", "environment", "worker.tf", "POSTCONFIRM_QUEUE_URL = aws_sqs_queue.queue.url", "POSTCONFIRM_QUEUE_URL = aws_sqs_queue.dead_letters.url"},
		{"secrets under another prefix", "environment", "worker.tf", `"secretsmanager:${var.secrets_prefix}/"`, `"secretsmanager:${var.secrets_prefix}"`},
		{"any pool may call the trigger", "permissions", "trigger.tf", "source_arn     = local.pool_arn", ""},
		{"any account may call the trigger", "permissions", "trigger.tf", "source_account = local.account", ""},
		{"the permission is not on the alias", "permissions", "trigger.tf", "qualifier      = aws_lambda_alias.trigger.name", ""},
		{"an alarm is gone", "alarms", "alarms.tf", "queue-age = {", "queue-old = {"},
		{"an alarm is always off", "alarms", "alarms.tf", "each.value.threshold", "1000000"},
		{"alarms tell nobody", "alarms", "alarms.tf", "alarm_actions       = compact([var.alarm_topic_arn])", "alarm_actions       = []"},
		{"missing data is an alarm", "alarms", "alarms.tf", `"notBreaching"`, `"breaching"`},
		{"the journal goes with the module", "logs", "trigger.tf", "skip_destroy      = true", "skip_destroy      = false"},
		{"logs are kept for ever", "logs", "worker.tf", "retention_in_days = var.log_retention_days", ""},
		{"the dashboard shows another queue", "dashboard", "dashboard.json.tftpl", `"QueueName","${name}"`, `"QueueName","queue"`},
		{"an output names the function, not the alias", "outputs", "outputs.tf", "value       = aws_lambda_alias.trigger.arn", "value       = aws_lambda_function.trigger.arn"},
		{"the trigger learns of the pool", "circle", "trigger.tf", "POSTCONFIRM_BUDGET        = var.trigger_budget", "POSTCONFIRM_BUDGET        = var.trigger_budget\n      POOL = local.pool_arn"},
		{"the pre sign-up function waits for its right to ask the pool", "circle", "presignup.tf", "depends_on = [aws_iam_role_policy.presignup]", "depends_on = [aws_iam_role_policy.presignup_pool]"},
		{"the queue waits for its own policy", "circle", "ledger.tf", "tags                        = var.tags", "tags = { queue = aws_sqs_queue_policy.queue.policy }\n  depends_on = [aws_lambda_function.worker]"},
		{"a daemon without a role comes through", "refused", "variables.tf", `condition     = var.worker != "daemon" || var.daemon_role_arn != null`, "condition     = true"},
		{"every object of a bucket comes through", "refused", "variables.tf", "^[0-9A-Za-z!_.'()/-]{1,512}$", "^.{1,512}$"},
	}
}

// noticed are the checks that a module fails; it looks no further once one of those that are wanted is among them.
func noticed(t *testing.T, all files, deployments []deployment, wanted string) map[string]bool {
	t.Helper()
	m, err := parse(all)
	if err != nil {
		t.Fatalf("the fault is no Terraform: %v", err)
	}
	failed := map[string]bool{}
	fail := func(check string, yes bool) {
		if yes {
			failed[check] = true
		}
	}
	fail("circle", circle(m) != nil)
	for i, c := range choices() {
		if failed[wanted] {
			return failed
		}
		variables, _ := c.given()
		out, err := m.make(variables)
		if err != nil {
			fail("circle", strings.Contains(err.Error(), "circle: "))
			fail("reads", true)
			continue
		}
		for _, name := range differences(deployments[i], byTerraform(out)) {
			check, _, _ := strings.Cut(name, "/")
			fail(check, true)
		}
	}
	fail("refused", !failed[wanted] && len(comesThrough(m)) > 0)
	return failed
}

func TestEverySeededFaultIsNoticedByItsCheck(t *testing.T) {
	sound, from := on(t, "."), template(t)
	var want []deployment
	for _, c := range choices() {
		want = append(want, wanted(t, from, c))
	}
	if failed := noticed(t, sound, want, ""); len(failed) > 0 {
		t.Fatalf("without a fault %v fail", slices.Sorted(maps.Keys(failed)))
	}
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			broken := maps.Clone(sound)
			broken[f.file] = strings.Replace(sound[f.file], f.old, f.by, 1)
			if broken[f.file] == sound[f.file] {
				t.Fatalf("%s has no %q", f.file, f.old)
			}
			if failed := noticed(t, broken, want, f.check); !failed[f.check] {
				t.Errorf("the check %s says nothing; %v do", f.check, slices.Sorted(maps.Keys(failed)))
			}
		})
	}
}
