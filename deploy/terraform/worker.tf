# The worker as a function. With worker = "daemon" none of this is there.
locals {
  worker = local.is_lambda ? 1 : 0
}

resource "aws_cloudwatch_log_group" "worker" {
  count             = local.worker
  name              = "/aws/lambda/${var.name}-worker"
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

resource "aws_iam_role" "worker" {
  count              = local.worker
  name               = "${var.name}-worker-${local.region}"
  assume_role_policy = local.lambda_assumes
  tags               = var.tags
}

resource "aws_iam_role_policy_attachment" "worker" {
  count      = local.worker
  role       = aws_iam_role.worker[0].name
  policy_arn = aws_iam_policy.worker.arn
}

resource "aws_iam_role_policy" "worker_logs" {
  count = local.worker
  name  = "logs"
  role  = aws_iam_role.worker[0].name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [local.logs["worker"]]
  })
}

resource "aws_lambda_function" "worker" {
  count            = local.worker
  function_name    = "${var.name}-worker"
  description      = "Enriches confirmed users from the queue."
  role             = aws_iam_role.worker[0].arn
  runtime          = "provided.al2023"
  architectures    = ["arm64"]
  handler          = "bootstrap"
  filename         = local.zip["worker"].filename
  source_code_hash = local.zip["worker"].filename == null ? null : filebase64sha256(local.zip["worker"].filename)
  s3_bucket        = var.artifact_bucket
  s3_key           = local.zip["worker"].s3_key
  memory_size      = 256
  timeout          = var.worker_timeout
  layers           = compact([var.pipeline_layer_arn])
  publish          = true
  tags             = var.tags

  logging_config {
    log_group  = aws_cloudwatch_log_group.worker[0].name
    log_format = "Text"
  }

  environment {
    variables = {
      POSTCONFIRM_PIPELINE  = { layer = "/opt/pipeline.yaml", s3 = "s3://${coalesce(var.pipeline_bucket, "-")}/${var.pipeline_key}", ssm = "ssm:${coalesce(var.pipeline_parameter, "-")}" }[var.pipeline_source]
      POSTCONFIRM_QUEUE_URL = aws_sqs_queue.queue.url
      POSTCONFIRM_DLQ_URL   = aws_sqs_queue.dead_letters.url
      POSTCONFIRM_LEDGER    = "dynamodb:${aws_dynamodb_table.ledger.name}"
      POSTCONFIRM_SECRETS   = { none = "env", ssm = "ssm:/${var.secrets_prefix}/", secretsmanager = "secretsmanager:${var.secrets_prefix}/" }[var.secrets]
      POSTCONFIRM_METRICS   = var.worker_metrics
    }
  }

  depends_on = [aws_iam_role_policy_attachment.worker, aws_iam_role_policy.worker_logs]
}

resource "aws_lambda_alias" "worker" {
  count            = local.worker
  name             = "live"
  function_name    = aws_lambda_function.worker[0].function_name
  function_version = aws_lambda_function.worker[0].version
}

resource "aws_lambda_event_source_mapping" "worker" {
  count                              = local.worker
  event_source_arn                   = aws_sqs_queue.queue.arn
  function_name                      = aws_lambda_alias.worker[0].arn
  enabled                            = true
  batch_size                         = 10
  maximum_batching_window_in_seconds = 0
  function_response_types            = ["ReportBatchItemFailures"] # without it, Lambda deletes failures too
  tags                               = var.tags

  scaling_config { maximum_concurrency = var.worker_maximum_concurrency }

  depends_on = [aws_iam_role_policy_attachment.worker] # Lambda looks at the rights when it makes a mapping
}
