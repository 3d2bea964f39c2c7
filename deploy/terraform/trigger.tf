# The trigger: Cognito calls it, it sends one message.
resource "aws_cloudwatch_log_group" "trigger" {
  name              = "/aws/lambda/${var.name}-trigger"
  retention_in_days = var.log_retention_days
  skip_destroy      = true # the journal of who was confirmed
  tags              = var.tags
}

resource "aws_iam_role" "trigger" {
  name               = "${var.name}-trigger-${local.region}"
  assume_role_policy = local.lambda_assumes
  tags               = var.tags
}

resource "aws_iam_role_policy" "trigger" {
  name = "trigger"
  role = aws_iam_role.trigger.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      local.logs["trigger"],
      {
        Sid      = "Queue"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = aws_sqs_queue.queue.arn
      },
    ], local.queue_key)
  })
}

resource "aws_lambda_function" "trigger" {
  function_name    = "${var.name}-trigger"
  description      = "Puts a confirmed user of a Cognito pool on the queue."
  role             = aws_iam_role.trigger.arn
  runtime          = "provided.al2023"
  architectures    = ["arm64"]
  handler          = "bootstrap"
  filename         = local.zip["trigger"].filename
  source_code_hash = local.zip["trigger"].filename == null ? null : filebase64sha256(local.zip["trigger"].filename)
  s3_bucket        = var.artifact_bucket
  s3_key           = local.zip["trigger"].s3_key
  memory_size      = 128
  timeout          = 5 # Cognito waits no longer
  publish          = true
  tags             = var.tags

  logging_config {
    log_group  = aws_cloudwatch_log_group.trigger.name
    log_format = "Text" # the lines are JSON already
  }

  environment {
    variables = {
      POSTCONFIRM_QUEUE_URL     = aws_sqs_queue.queue.url
      POSTCONFIRM_BUDGET        = var.trigger_budget
      POSTCONFIRM_ON_ERROR      = var.trigger_on_error
      POSTCONFIRM_FAIR_QUEUES   = var.trigger_fair_queues
      POSTCONFIRM_METADATA_KEYS = join(",", var.trigger_metadata_keys)
    }
  }

  depends_on = [aws_iam_role_policy.trigger]
}

resource "aws_lambda_alias" "trigger" {
  name             = "live"
  function_name    = aws_lambda_function.trigger.function_name
  function_version = aws_lambda_function.trigger.version
}

resource "aws_lambda_permission" "trigger" {
  action         = "lambda:InvokeFunction"
  principal      = "cognito-idp.amazonaws.com"
  function_name  = aws_lambda_function.trigger.function_name
  qualifier      = aws_lambda_alias.trigger.name
  source_account = local.account
  source_arn     = local.pool_arn
}
