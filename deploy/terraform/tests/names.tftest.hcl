# Which resources there are, under which names and settings. The provider is mocked: nothing is made, and no account is asked.
mock_provider "aws" {
  source          = "./tests/aws"
  override_during = plan

  override_resource {
    target = aws_sqs_queue.queue
    values = { arn = "arn:aws:sqs:eu-west-1:123456789012:postconfirm", url = "https://sqs.eu-west-1.amazonaws.com/123456789012/postconfirm" }
  }
  override_resource {
    target = aws_sqs_queue.dead_letters
    values = { arn = "arn:aws:sqs:eu-west-1:123456789012:postconfirm-dlq", url = "https://sqs.eu-west-1.amazonaws.com/123456789012/postconfirm-dlq" }
  }
}

variables {
  user_pool_id       = "eu-west-1_Ab12cd34E"
  artifact_bucket    = "artifacts-of-ours"
  pipeline_layer_arn = "arn:aws:lambda:eu-west-1:123456789012:layer:pipeline:3"
}

run "a_function_is_what_there_is_without_being_asked_for" {
  command = plan

  assert {
    condition     = aws_sqs_queue.queue.name == "postconfirm" && aws_sqs_queue.dead_letters.name == "postconfirm-dlq" && aws_dynamodb_table.ledger.name == "postconfirm-ledger"
    error_message = "The queues and the ledger have other names."
  }
  assert {
    condition     = aws_sqs_queue.queue.message_retention_seconds == 1209600 && aws_sqs_queue.dead_letters.message_retention_seconds == 1209600
    error_message = "Messages are not kept for 14 days."
  }
  assert {
    condition     = aws_sqs_queue.queue.visibility_timeout_seconds == 6 * aws_lambda_function.worker[0].timeout
    error_message = "The visibility is not six times the function's time-out."
  }
  assert {
    condition     = jsondecode(aws_sqs_queue.queue.redrive_policy) == { deadLetterTargetArn = aws_sqs_queue.dead_letters.arn, maxReceiveCount = 1000 }
    error_message = "The redrive policy is another."
  }
  assert {
    condition     = aws_sqs_queue.queue.sqs_managed_sse_enabled && aws_sqs_queue.dead_letters.sqs_managed_sse_enabled
    error_message = "The queues are not encrypted."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.worker[0].function_response_types == toset(["ReportBatchItemFailures"]) && aws_lambda_event_source_mapping.worker[0].batch_size == 10
    error_message = "Lambda would delete what failed."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.worker[0].scaling_config[0].maximum_concurrency == 5
    error_message = "The concurrency is another."
  }
  assert {
    condition     = alltrue([for f in [aws_lambda_function.trigger, aws_lambda_function.worker[0]] : f.runtime == "provided.al2023" && f.handler == "bootstrap" && f.architectures == tolist(["arm64"]) && f.publish])
    error_message = "A function has another runtime, or no versions."
  }
  assert {
    condition     = aws_lambda_alias.trigger.name == "live" && aws_lambda_alias.trigger.function_version == aws_lambda_function.trigger.version
    error_message = "The alias is not live, or not at the newest version."
  }
  assert {
    condition     = aws_lambda_permission.trigger.qualifier == "live" && aws_lambda_permission.trigger.source_arn == "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_Ab12cd34E" && aws_lambda_permission.trigger.source_account == "123456789012"
    error_message = "The pool may not call the alias, or others may."
  }
  assert {
    condition     = length(aws_lambda_function.presignup) == 0 && length(aws_lambda_permission.presignup) == 0 && length(aws_iam_role.presignup) == 0 && output.presignup_arn == null
    error_message = "Nobody asked for a pre sign-up function."
  }
  assert {
    condition     = toset(keys(aws_lambda_function.worker[0].environment[0].variables)) == toset(["POSTCONFIRM_PIPELINE", "POSTCONFIRM_QUEUE_URL", "POSTCONFIRM_DLQ_URL", "POSTCONFIRM_LEDGER", "POSTCONFIRM_SECRETS", "POSTCONFIRM_METRICS"])
    error_message = "The worker has other variables."
  }
  assert {
    condition     = aws_lambda_function.worker[0].environment[0].variables["POSTCONFIRM_PIPELINE"] == "/opt/pipeline.yaml" && aws_lambda_function.worker[0].layers == tolist([var.pipeline_layer_arn])
    error_message = "The pipeline is not in the layer."
  }
  assert {
    condition     = output.ledger == "dynamodb:postconfirm-ledger" && aws_lambda_function.worker[0].environment[0].variables["POSTCONFIRM_LEDGER"] == output.ledger
    error_message = "The worker and the output name another ledger."
  }
  assert {
    condition     = aws_dynamodb_table.ledger.deletion_protection_enabled && aws_dynamodb_table.ledger.point_in_time_recovery[0].enabled && aws_dynamodb_table.ledger.ttl[0].attribute_name == "expires"
    error_message = "The ledger is not protected as it must be."
  }
  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.alarm)) == toset(["dlq-depth", "queue-age", "trigger-errors", "trigger-throttles", "trigger-duration", "trigger-not-sent", "worker-errors", "worker-throttles", "worker-recursion", "oldest-unfinished", "runs-parked", "breaker-open", "write-throttles", "ledger-unavailable", "dlq-unavailable", "access-denied", "open-effects", "table-throttles"])
    error_message = "The alarms are others."
  }
  assert {
    condition     = alltrue([for name, a in aws_cloudwatch_metric_alarm.alarm : strcontains(a.alarm_description, "deploy/runbooks/${name}.md") && a.alarm_name == "postconfirm-${name}"])
    error_message = "An alarm does not name its page."
  }
  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.dashboard.dashboard_body).widgets) > 0
    error_message = "The dashboard is empty."
  }
}

run "every_name_begins_with_the_name" {
  command = plan
  variables {
    name      = "members"
    presignup = true
  }

  assert {
    condition = alltrue([for n in [aws_sqs_queue.queue.name, aws_sqs_queue.dead_letters.name, aws_dynamodb_table.ledger.name, aws_lambda_function.trigger.function_name, aws_lambda_function.presignup[0].function_name, aws_lambda_function.worker[0].function_name,
    aws_iam_role.trigger.name, aws_iam_role.presignup[0].name, aws_iam_role.worker[0].name, aws_iam_policy.worker.name, aws_iam_policy.operators.name, aws_iam_policy.attach[0].name, aws_cloudwatch_dashboard.dashboard.dashboard_name] : startswith(n, "members")])
    error_message = "A name does not begin with members."
  }
  assert {
    condition     = aws_cloudwatch_log_group.trigger.name == "/aws/lambda/members-trigger" && aws_cloudwatch_log_group.presignup[0].name == "/aws/lambda/members-presignup" && aws_cloudwatch_log_group.worker[0].name == "/aws/lambda/members-worker"
    error_message = "A log group belongs to no function."
  }
}
