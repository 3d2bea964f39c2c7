# What is on the queues is people's, so no plan destroys them. To let go of them all the same: terraform state rm.
resource "aws_sqs_queue" "dead_letters" {
  name                      = "${var.name}-dlq"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = var.queue_key_arn == null ? true : null
  kms_master_key_id         = var.queue_key_arn
  tags                      = var.tags

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = ["arn:${local.partition}:sqs:${local.here}:${var.name}"]
  })

  lifecycle { prevent_destroy = true }
}

resource "aws_sqs_queue" "queue" {
  name                       = var.name
  message_retention_seconds  = 1209600
  visibility_timeout_seconds = 6 * var.worker_timeout
  sqs_managed_sse_enabled    = var.queue_key_arn == null ? true : null
  kms_master_key_id          = var.queue_key_arn
  tags                       = var.tags

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = 1000 # a backstop: receives are no attempts, and the worker decides what is a dead letter
  })

  lifecycle { prevent_destroy = true }
}

locals {
  senders = compact([aws_iam_role.trigger.arn, local.is_lambda ? null : var.daemon_role_arn, var.operator_role_arn]) # a daemon reconciles
  buriers = compact([local.is_lambda ? one(aws_iam_role.worker[*].arn) : var.daemon_role_arn, var.operator_role_arn])

  # The queue may be used by those who are named, over TLS; a wider right elsewhere in the account is no way in.
  only = { for name, q in {
    queue        = { arn = aws_sqs_queue.queue.arn, who = local.senders }
    dead_letters = { arn = aws_sqs_queue.dead_letters.arn, who = local.buriers }
    } : name => jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Sid       = "NamedSenders"
          Effect    = "Allow"
          Principal = { AWS = q.who }
          Action    = "sqs:SendMessage"
          Resource  = q.arn
        },
        {
          Sid       = "NobodyElseSends"
          Effect    = "Deny"
          Principal = "*"
          Action    = "sqs:SendMessage"
          Resource  = q.arn
          Condition = { ArnNotEquals = { "aws:PrincipalArn" = q.who } }
        },
        {
          Sid       = "OnlyTLS"
          Effect    = "Deny"
          Principal = "*"
          Action    = "sqs:*"
          Resource  = q.arn
          Condition = { Bool = { "aws:SecureTransport" = "false" } }
        },
      ]
  }) }
}

resource "aws_sqs_queue_policy" "queue" {
  queue_url = aws_sqs_queue.queue.url
  policy    = local.only["queue"]
}

resource "aws_sqs_queue_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.url
  policy    = local.only["dead_letters"]
}
