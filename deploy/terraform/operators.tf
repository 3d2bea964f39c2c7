# For people: what the commands of `postconfirm` call. Attach these to roles of yours.
resource "aws_iam_policy" "operators" {
  name        = "${var.name}-operators-${local.region}"
  description = "What operators' commands call on the ledger, the queues and the pool's users."
  tags        = var.tags
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid      = "Ledger"
        Effect   = "Allow"
        Action   = ["dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan"]
        Resource = [aws_dynamodb_table.ledger.arn, "${aws_dynamodb_table.ledger.arn}/index/unfinished"]
      },
      {
        Sid      = "Pool"
        Effect   = "Allow"
        Action   = ["cognito-idp:AdminGetUser", "cognito-idp:AdminUpdateUserAttributes", "cognito-idp:DescribeUserPool"]
        Resource = local.pool_arn
      },
    ], local.mail) # try --write
  })
}

resource "aws_iam_policy" "attach" {
  count       = var.attach_policy ? 1 : 0
  name        = "${var.name}-attach-${local.region}"
  description = "What postconfirm attach and detach call. They write a pool's settings as a whole, so give this to few."
  tags        = var.tags
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
