# What the module refuses before anything is made.
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

run "refuses_a_name_with_capitals" {
  command = plan
  variables { name = "Postconfirm" }
  expect_failures = [var.name]
}

run "refuses_a_name_that_is_too_long" {
  command = plan
  variables { name = "a-name-that-is-much-too-long-for-it" }
  expect_failures = [var.name]
}

run "refuses_a_pool_that_is_an_arn" {
  command = plan
  variables { user_pool_id = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_Ab12cd34E" }
  expect_failures = [var.user_pool_id]
}

run "refuses_no_zips" {
  command = plan
  variables { artifact_bucket = null }
  expect_failures = [var.artifact_directory]
}

run "refuses_zips_from_two_places" {
  command = plan
  variables { artifact_directory = "./tests/zips" }
  expect_failures = [var.artifact_directory]
}

run "refuses_a_prefix_without_its_slash" {
  command = plan
  variables { artifact_prefix = "v1.2.0" }
  expect_failures = [var.artifact_prefix]
}

run "refuses_a_budget_that_cognito_does_not_wait_for" {
  command = plan
  variables { trigger_budget = "5s" }
  expect_failures = [var.trigger_budget]
}

run "refuses_a_word_for_errors_that_does_not_exist" {
  command = plan
  variables { trigger_on_error = "ignore" }
  expect_failures = [var.trigger_on_error]
}

run "refuses_fair_queues_by_user" {
  command = plan
  variables { trigger_fair_queues = "user" }
  expect_failures = [var.trigger_fair_queues]
}

run "refuses_two_keys_in_one" {
  command = plan
  variables { trigger_metadata_keys = ["plan,source"] }
  expect_failures = [var.trigger_metadata_keys]
}

run "refuses_a_worker_of_another_kind" {
  command = plan
  variables { worker = "fargate" }
  expect_failures = [var.worker]
}

run "refuses_a_timeout_without_room" {
  command = plan
  variables { worker_timeout = 10 }
  expect_failures = [var.worker_timeout]
}

run "refuses_a_concurrency_that_lambda_refuses" {
  command = plan
  variables { worker_maximum_concurrency = 1 }
  expect_failures = [var.worker_maximum_concurrency]
}

run "refuses_metrics_for_prometheus_in_a_function" {
  command = plan
  variables { worker_metrics = "127.0.0.1:9464" }
  expect_failures = [var.worker_metrics]
}

run "refuses_a_daemon_without_a_role" {
  command = plan
  variables { worker = "daemon" }
  expect_failures = [var.daemon_role_arn]
}

run "refuses_a_role_by_its_name" {
  command = plan
  variables { daemon_role_arn = "worker" }
  expect_failures = [var.daemon_role_arn]
}

run "refuses_a_layer_that_is_not_named" {
  command = plan
  variables { pipeline_layer_arn = null }
  expect_failures = [var.pipeline_layer_arn]
}

run "refuses_a_layer_without_its_version" {
  command = plan
  variables { pipeline_layer_arn = "arn:aws:lambda:eu-west-1:123456789012:layer:pipeline" }
  expect_failures = [var.pipeline_layer_arn]
}

run "refuses_a_pipeline_in_the_zip" {
  command = plan
  variables { pipeline_source = "zip" }
  expect_failures = [var.pipeline_source]
}

run "refuses_s3_without_a_bucket" {
  command = plan
  variables { pipeline_source = "s3" }
  expect_failures = [var.pipeline_bucket]
}

run "refuses_a_whole_bucket" {
  command = plan
  variables { pipeline_key = "*" }
  expect_failures = [var.pipeline_key]
}

run "refuses_ssm_without_a_parameter" {
  command = plan
  variables { pipeline_source = "ssm" }
  expect_failures = [var.pipeline_parameter]
}

run "refuses_a_parameter_without_its_slash" {
  command = plan
  variables { pipeline_parameter = "pipeline" }
  expect_failures = [var.pipeline_parameter]
}

run "refuses_secrets_in_the_environment" {
  command = plan
  variables { secrets = "env" }
  expect_failures = [var.secrets]
}

run "refuses_all_secrets" {
  command = plan
  variables { secrets_prefix = "*" }
  expect_failures = [var.secrets_prefix]
}

run "refuses_all_keys" {
  command = plan
  variables { secrets_key_arn = "*" }
  expect_failures = [var.secrets_key_arn]
}

run "refuses_all_identities" {
  command = plan
  variables { mail_identity = "*" }
  expect_failures = [var.mail_identity]
}

run "refuses_all_configuration_sets" {
  command = plan
  variables { mail_configuration_set = "*" }
  expect_failures = [var.mail_configuration_set]
}

run "refuses_all_templates" {
  command = plan
  variables { mail_template_prefix = "" }
  expect_failures = [var.mail_template_prefix]
}

run "refuses_an_operator_who_is_everybody" {
  command = plan
  variables { operator_role_arn = "*" }
  expect_failures = [var.operator_role_arn]
}

run "refuses_a_topic_by_its_name" {
  command = plan
  variables { alarm_topic_arn = "alarms" }
  expect_failures = [var.alarm_topic_arn]
}

run "refuses_logs_for_ever" {
  command = plan
  variables { log_retention_days = 0 }
  expect_failures = [var.log_retention_days]
}

run "refuses_a_key_by_its_alias" {
  command = plan
  variables { queue_key_arn = "alias/ours" }
  expect_failures = [var.queue_key_arn]
}
