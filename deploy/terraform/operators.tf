# For people: what the commands of `postconfirm` call on the ledger, the queues and the pool's users. Attach these to roles of yours.
resource "aws_iam_policy" "operators" {
  name = "${var.name}-operators-${local.region}"
  tags = var.tags
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid      = "Ledger"
        Effect   = "Allow"
        Action   = ["dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan"]
        Resource = [aws_dynamodb_table.ledger.arn, "${aws_dynamodb_table.ledger.arn}/index/unfinished"]
      },
      {
        Sid      = "Pool"
        Effect   = "Allow"
        Action   = ["cognito-idp:AdminGetUser", "cognito-idp:AdminUpdateUserAttributes", "cognito-idp:DescribeUserPool", "cognito-idp:ListUsers"]
        Resource = local.pool_arn
      },
      {
        Sid      = "Queue"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage", "sqs:GetQueueAttributes"]
        Resource = aws_sqs_queue.queue.arn
      },
      {
        Sid    = "DeadLetters"
        Effect = "Allow"
        Action = [
          "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes",
          "sqs:StartMessageMoveTask", "sqs:ListMessageMoveTasks", "sqs:CancelMessageMoveTask",
        ]
        Resource = aws_sqs_queue.dead_letters.arn
      },
    ], local.pipeline_file, local.mail, local.queue_key) # mail: try --write
  })
}

# What postconfirm attach and detach call. They write a pool's settings as a whole, so give this to few.
resource "aws_iam_policy" "attach" {
  count = var.attach_policy ? 1 : 0
  name  = "${var.name}-attach-${local.region}"
  tags  = var.tags
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "Pool"
      Effect   = "Allow"
      Action   = ["cognito-idp:DescribeUserPool", "cognito-idp:UpdateUserPool", "cognito-idp:GetUserPoolMfaConfig", "cognito-idp:SetUserPoolMfaConfig"]
      Resource = local.pool_arn
    }]
  })
}
