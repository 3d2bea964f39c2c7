output "trigger_arn" {
  description = "For the pool's post confirmation trigger: its lambda_config, or postconfirm attach POOL --trigger THIS."
  value       = aws_lambda_alias.trigger.arn
}

output "presignup_arn" {
  description = "For the pool's pre sign-up trigger: its lambda_config, or postconfirm attach POOL --presignup THIS; null without the function."
  value       = one(aws_lambda_alias.presignup[*].arn)
}

output "queue_url" {
  description = "The queue; a daemon's POSTCONFIRM_QUEUE_URL."
  value       = aws_sqs_queue.queue.url
}

output "queue_arn" {
  description = "The queue's ARN."
  value       = aws_sqs_queue.queue.arn
}

output "dead_letters_url" {
  description = "The dead-letter queue; a daemon's POSTCONFIRM_DLQ_URL."
  value       = aws_sqs_queue.dead_letters.url
}

output "dead_letters_arn" {
  description = "The dead-letter queue's ARN."
  value       = aws_sqs_queue.dead_letters.arn
}

output "ledger" {
  description = "The ledger, as operators' commands and a daemon's POSTCONFIRM_LEDGER name it."
  value       = "dynamodb:${aws_dynamodb_table.ledger.name}"
}

output "worker_policy_arn" {
  description = "The worker's rights; with worker = \"daemon\", attach it to the role of daemon_role_arn."
  value       = aws_iam_policy.worker.arn
}

output "operator_policy_arn" {
  description = "Rights of operators' commands."
  value       = aws_iam_policy.operators.arn
}

output "attach_policy_arn" {
  description = "Rights of postconfirm attach and detach; null without them."
  value       = one(aws_iam_policy.attach[*].arn)
}

output "dashboard_name" {
  description = "The dashboard."
  value       = aws_cloudwatch_dashboard.dashboard.dashboard_name
}
