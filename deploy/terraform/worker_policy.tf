# What the worker calls, and nothing else: one policy, whichever face it has.
locals {
  pipeline_file = concat( # the operators' commands read it, too
    var.pipeline_source != "s3" ? [] : [{
      Sid      = "PipelineObject"
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = "arn:${local.partition}:s3:::${var.pipeline_bucket}/${var.pipeline_key}"
    }],
    var.pipeline_source != "ssm" ? [] : [{
      Sid      = "PipelineParameter"
      Effect   = "Allow"
      Action   = "ssm:GetParameter"
      Resource = "arn:${local.partition}:ssm:${local.here}:parameter${var.pipeline_parameter}"
    }],
  )

  worker_statements = concat(
    [
      {
        Sid      = "Queue"
        Effect   = "Allow"
        Action   = concat(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"], local.is_lambda ? [] : ["sqs:SendMessage"])
        Resource = aws_sqs_queue.queue.arn
      },
      {
        Sid      = "DeadLetters"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage", "sqs:GetQueueAttributes"]
        Resource = aws_sqs_queue.dead_letters.arn
      },
      {
        Sid      = "Pool"
        Effect   = "Allow"
        Action   = ["cognito-idp:AdminGetUser", "cognito-idp:AdminUpdateUserAttributes", "cognito-idp:DescribeUserPool"]
        Resource = local.pool_arn
      },
      {
        Sid      = "Ledger"
        Effect   = "Allow"
        Action   = ["dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query"]
        Resource = aws_dynamodb_table.ledger.arn
      },
      { # for the age of the oldest unfinished run
        Sid      = "Unfinished"
        Effect   = "Allow"
        Action   = "dynamodb:Scan"
        Resource = "${aws_dynamodb_table.ledger.arn}/index/unfinished"
      },
    ],
    local.is_lambda ? [] : [{ # a daemon erases old answers, and reconciles
      Sid      = "Sweep"
      Effect   = "Allow"
      Action   = ["dynamodb:Scan", "dynamodb:BatchGetItem", "dynamodb:DeleteItem"]
      Resource = aws_dynamodb_table.ledger.arn
    }],
    local.is_lambda ? [] : [{
      Sid      = "Reconcile"
      Effect   = "Allow"
      Action   = "cognito-idp:ListUsers"
      Resource = local.pool_arn
    }],
    local.is_lambda || !var.daemon_checks_app_clients ? [] : [{
      Sid      = "AppClients"
      Effect   = "Allow"
      Action   = ["cognito-idp:ListUserPoolClients", "cognito-idp:DescribeUserPoolClient"]
      Resource = local.pool_arn
    }],
    local.pipeline_file,
    var.secrets != "ssm" ? [] : [{
      Sid      = "SecretParameters"
      Effect   = "Allow"
      Action   = "ssm:GetParameter"
      Resource = "arn:${local.partition}:ssm:${local.here}:parameter/${var.secrets_prefix}/*"
    }],
    var.secrets != "secretsmanager" ? [] : [{
      Sid      = "SecretValues"
      Effect   = "Allow"
      Action   = "secretsmanager:GetSecretValue"
      Resource = "arn:${local.partition}:secretsmanager:${local.here}:secret:${var.secrets_prefix}/*"
    }],
    var.secrets_key_arn == null ? [] : [{
      Sid      = "SecretsKey"
      Effect   = "Allow"
      Action   = "kms:Decrypt"
      Resource = var.secrets_key_arn
      Condition = { StringEquals = { "kms:ViaService" = [
        "ssm.${local.region}.${data.aws_partition.current.dns_suffix}",
        "secretsmanager.${local.region}.${data.aws_partition.current.dns_suffix}",
      ] } }
    }],
    local.mail,
    local.queue_key,
  )
}

resource "aws_iam_policy" "worker" {
  name   = "${var.name}-worker-${local.region}"
  policy = jsonencode({ Version = "2012-10-17", Statement = local.worker_statements })
  tags   = var.tags
}
