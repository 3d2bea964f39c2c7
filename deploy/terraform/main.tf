data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.region
  account   = data.aws_caller_identity.current.account_id
  here      = "${local.region}:${local.account}"

  is_lambda     = var.worker == "lambda"
  counts_in_log = local.is_lambda && var.worker_metrics == "emf"

  # The trigger never hears of the pool: its function, version and alias depend on nothing of it, so the pool may depend on them.
  pool_arn = "arn:${local.partition}:cognito-idp:${local.here}:userpool/${var.user_pool_id}"

  zip = { for f in ["trigger", "presignup", "worker"] : f => {
    filename = var.artifact_directory == null ? null : "${var.artifact_directory}/lambda-${f}.zip"
    s3_key   = var.artifact_bucket == null ? null : "${var.artifact_prefix}lambda-${f}.zip"
  } }

  lambda_assumes = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })

  logs = { for f in ["trigger", "presignup", "worker"] : f => {
    Sid      = "Logs"
    Effect   = "Allow"
    Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    Resource = "arn:${local.partition}:logs:${local.here}:log-group:/aws/lambda/${var.name}-${f}:*" # its streams
  } }

  queue_key = var.queue_key_arn == null ? [] : [{
    Sid       = "QueueKey"
    Effect    = "Allow"
    Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource  = var.queue_key_arn
    Condition = { StringEquals = { "kms:ViaService" = "sqs.${local.region}.${data.aws_partition.current.dns_suffix}" } }
  }]

  mail = var.mail_identity == null ? [] : [{
    Sid    = "Mail"
    Effect = "Allow"
    Action = "ses:SendEmail"
    Resource = [
      "arn:${local.partition}:ses:${local.here}:identity/${var.mail_identity}",
      "arn:${local.partition}:ses:${local.here}:configuration-set/${var.mail_configuration_set}",
      "arn:${local.partition}:ses:${local.here}:template/${var.mail_template_prefix}*",
    ]
  }]
}
