# What goes away, and what comes, with each choice.
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

run "a_daemon_is_no_function" {
  command = plan
  variables {
    worker          = "daemon"
    daemon_role_arn = "arn:aws:iam::123456789012:role/worker-on-our-machines"
  }

  assert {
    condition     = length(aws_lambda_function.worker) + length(aws_lambda_alias.worker) + length(aws_lambda_event_source_mapping.worker) + length(aws_iam_role.worker) + length(aws_cloudwatch_log_group.worker) == 0
    error_message = "Something of the function is there."
  }
  assert {
    condition     = jsondecode(aws_sqs_queue_policy.dead_letters.policy).Statement[0].Principal.AWS == ["arn:aws:iam::123456789012:role/worker-on-our-machines"]
    error_message = "The daemon's role may not send dead letters."
  }
  assert {
    condition     = contains([for s in jsondecode(aws_iam_policy.worker.policy).Statement : s.Sid], "Sweep")
    error_message = "A daemon may not erase old answers."
  }
  assert {
    condition     = aws_sqs_queue.queue.visibility_timeout_seconds == 360
    error_message = "The queue is another for a daemon."
  }
  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.alarm)) == toset(["dlq-depth", "queue-age", "trigger-errors", "trigger-throttles", "trigger-duration", "trigger-not-sent", "table-throttles"])
    error_message = "An alarm waits for metrics that a daemon does not write to CloudWatch."
  }
}

run "a_function_may_not_do_what_only_a_daemon_does" {
  command = plan
  variables { daemon_checks_app_clients = true }

  assert {
    condition     = length(setintersection(toset([for s in jsondecode(aws_iam_policy.worker.policy).Statement : s.Sid]), toset(["Sweep", "AppClients"]))) == 0
    error_message = "The function has a daemon's rights."
  }
}

run "a_daemon_reads_app_clients_if_it_shall" {
  command = plan
  variables {
    worker                    = "daemon"
    daemon_role_arn           = "arn:aws:iam::123456789012:role/worker-on-our-machines"
    daemon_checks_app_clients = true
  }

  assert {
    condition     = one([for s in jsondecode(aws_iam_policy.worker.policy).Statement : s if s.Sid == "AppClients"]).Action == ["cognito-idp:ListUserPoolClients", "cognito-idp:DescribeUserPoolClient"]
    error_message = "It may not."
  }
}

run "presignup_brings_its_function_and_alarms" {
  command = plan
  variables {
    presignup        = true
    presignup_policy = "{\"version\":1}"
  }

  assert {
    condition     = aws_lambda_function.presignup[0].environment[0].variables == tomap({ POSTCONFIRM_POLICY = "{\"version\":1}" })
    error_message = "The policy does not come through."
  }
  assert {
    condition     = aws_lambda_permission.presignup[0].source_arn == "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_Ab12cd34E" && output.presignup_arn != null
    error_message = "The pool may not call it."
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.presignup_pool[0].policy).Statement[0].Action == "cognito-idp:ListUsers"
    error_message = "It may not ask the pool."
  }
  assert {
    condition     = length([for name, a in aws_cloudwatch_metric_alarm.alarm : name if startswith(name, "presignup-")]) == 4
    error_message = "Its alarms are missing."
  }
}

run "presignup_that_asks_nobody_may_list_nobody" {
  command = plan
  variables {
    presignup           = true
    presignup_asks_pool = false
  }

  assert {
    condition     = length(aws_iam_role_policy.presignup_pool) == 0 && length(aws_lambda_function.presignup) == 1
    error_message = "It may list users."
  }
}

run "the_pipeline_from_s3_is_one_object" {
  command = plan
  variables {
    pipeline_source    = "s3"
    pipeline_bucket    = "files-of-ours"
    pipeline_key       = "live/pipeline.yaml"
    pipeline_layer_arn = null
  }

  assert {
    condition     = aws_lambda_function.worker[0].environment[0].variables["POSTCONFIRM_PIPELINE"] == "s3://files-of-ours/live/pipeline.yaml" && length(aws_lambda_function.worker[0].layers) == 0
    error_message = "The worker reads another file."
  }
  assert {
    condition     = one([for s in jsondecode(aws_iam_policy.worker.policy).Statement : s.Resource if s.Action == "s3:GetObject"]) == "arn:aws:s3:::files-of-ours/live/pipeline.yaml"
    error_message = "It may read something else."
  }
}

run "the_pipeline_and_secrets_from_parameter_store" {
  command = plan
  variables {
    pipeline_source    = "ssm"
    pipeline_parameter = "/shop/pipeline"
    secrets            = "ssm"
    secrets_prefix     = "shop/secrets"
    secrets_key_arn    = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-1111-2222-333344445555"
  }

  assert {
    condition     = aws_lambda_function.worker[0].environment[0].variables["POSTCONFIRM_PIPELINE"] == "ssm:/shop/pipeline" && aws_lambda_function.worker[0].environment[0].variables["POSTCONFIRM_SECRETS"] == "ssm:/shop/secrets/"
    error_message = "The worker reads others."
  }
  assert {
    condition     = [for s in jsondecode(aws_iam_policy.worker.policy).Statement : s.Resource if s.Action == "ssm:GetParameter"] == ["arn:aws:ssm:eu-west-1:123456789012:parameter/shop/pipeline", "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/secrets/*"]
    error_message = "It may read something else."
  }
  assert {
    condition     = contains([for s in jsondecode(aws_iam_policy.worker.policy).Statement : s.Sid], "SecretsKey")
    error_message = "It may not use the key."
  }
}

run "secrets_from_secrets_manager" {
  command = plan
  variables { secrets = "secretsmanager" }

  assert {
    condition     = aws_lambda_function.worker[0].environment[0].variables["POSTCONFIRM_SECRETS"] == "secretsmanager:postconfirm/secrets/" && one([for s in jsondecode(aws_iam_policy.worker.policy).Statement : s.Resource if s.Action == "secretsmanager:GetSecretValue"]) == "arn:aws:secretsmanager:eu-west-1:123456789012:secret:postconfirm/secrets/*"
    error_message = "The worker asks elsewhere, or may not."
  }
}

run "mail_brings_its_rights_and_alarms" {
  command = plan
  variables { mail_identity = "example.com" }

  assert {
    condition     = one([for s in jsondecode(aws_iam_policy.worker.policy).Statement : s.Resource if s.Action == "ses:SendEmail"])[0] == "arn:aws:ses:eu-west-1:123456789012:identity/example.com"
    error_message = "It may send as somebody else."
  }
  assert {
    condition     = contains(keys(aws_cloudwatch_metric_alarm.alarm), "mail-bounces") && contains(keys(aws_cloudwatch_metric_alarm.alarm), "mail-complaints")
    error_message = "Nobody would hear of bounces."
  }
}

run "a_key_of_ours_encrypts_the_queues" {
  command = plan
  variables { queue_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-1111-2222-333344445555" }

  assert {
    condition     = alltrue([for q in [aws_sqs_queue.queue, aws_sqs_queue.dead_letters] : q.kms_master_key_id == var.queue_key_arn && q.sqs_managed_sse_enabled == null])
    error_message = "The queues are encrypted otherwise."
  }
  assert {
    condition     = alltrue([for p in [aws_iam_role_policy.trigger.policy, aws_iam_policy.worker.policy] : contains([for s in jsondecode(p).Statement : s.Sid], "QueueKey")])
    error_message = "Whoever sends or receives may not use the key."
  }
}

run "operators_may_send_and_hear_of_alarms" {
  command = plan
  variables {
    operator_role_arn = "arn:aws:iam::123456789012:role/operators"
    alarm_topic_arn   = "arn:aws:sns:eu-west-1:123456789012:alarms"
  }

  assert {
    condition     = alltrue([for p in [aws_sqs_queue_policy.queue.policy, aws_sqs_queue_policy.dead_letters.policy] : contains(jsondecode(p).Statement[0].Principal.AWS, var.operator_role_arn) && contains(jsondecode(p).Statement[1].Condition.ArnNotEquals["aws:PrincipalArn"], var.operator_role_arn)])
    error_message = "Operators may not redrive."
  }
  assert {
    condition     = alltrue([for a in aws_cloudwatch_metric_alarm.alarm : a.alarm_actions == toset([var.alarm_topic_arn])])
    error_message = "An alarm tells nobody."
  }
}

run "zips_from_this_machine_carry_their_digest" {
  command = plan
  variables {
    artifact_bucket    = null
    artifact_directory = "./tests/zips"
  }

  assert {
    condition     = aws_lambda_function.trigger.filename == "./tests/zips/lambda-trigger.zip" && aws_lambda_function.trigger.source_code_hash == filebase64sha256("./tests/zips/lambda-trigger.zip") && aws_lambda_function.trigger.s3_key == null
    error_message = "The function would come from elsewhere, or a new zip would not be seen."
  }
}

run "zips_from_a_bucket_have_their_prefix" {
  command = plan
  variables { artifact_prefix = "v1.2.0/" }

  assert {
    condition     = aws_lambda_function.trigger.s3_bucket == "artifacts-of-ours" && aws_lambda_function.trigger.s3_key == "v1.2.0/lambda-trigger.zip" && aws_lambda_function.worker[0].s3_key == "v1.2.0/lambda-worker.zip" && aws_lambda_function.trigger.filename == null
    error_message = "The function would come from elsewhere."
  }
}

run "who_owns_the_pool_needs_no_rights_to_attach" {
  command = plan
  variables { attach_policy = false }

  assert {
    condition     = length(aws_iam_policy.attach) == 0 && output.attach_policy_arn == null
    error_message = "The policy is there."
  }
}

run "without_embedded_metrics_no_alarm_waits_for_them" {
  command = plan
  variables { worker_metrics = "off" }

  assert {
    condition     = aws_lambda_function.worker[0].environment[0].variables["POSTCONFIRM_METRICS"] == "off" && !contains(keys(aws_cloudwatch_metric_alarm.alarm), "breaker-open") && contains(keys(aws_cloudwatch_metric_alarm.alarm), "worker-errors")
    error_message = "The alarms are others."
  }
}
