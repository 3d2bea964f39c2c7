# The pre sign-up function, if it is wanted. Its right to ask the pool is a policy of its own: the pool may need the
# function before the right can name the pool.
locals {
  presignup = var.presignup ? 1 : 0
}

resource "aws_cloudwatch_log_group" "presignup" {
  count             = local.presignup
  name              = "/aws/lambda/${var.name}-presignup"
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

resource "aws_iam_role" "presignup" {
  count              = local.presignup
  name               = "${var.name}-presignup-${local.region}"
  assume_role_policy = local.lambda_assumes
  tags               = var.tags
}

resource "aws_iam_role_policy" "presignup" {
  count = local.presignup
  name  = "presignup"
  role  = aws_iam_role.presignup[0].name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [local.logs["presignup"]]
  })
}

resource "aws_iam_role_policy" "presignup_pool" {
  count = var.presignup && var.presignup_asks_pool ? 1 : 0
  name  = "pool"
  role  = aws_iam_role.presignup[0].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "Pool"
      Effect   = "Allow"
      Action   = "cognito-idp:ListUsers"
      Resource = local.pool_arn
    }]
  })
}

resource "aws_lambda_function" "presignup" {
  count            = local.presignup
  function_name    = "${var.name}-presignup"
  description      = "Decides who may sign up, and who needs no confirmation code."
  role             = aws_iam_role.presignup[0].arn
  runtime          = "provided.al2023"
  architectures    = ["arm64"]
  handler          = "bootstrap"
  filename         = local.zip["presignup"].filename
  source_code_hash = local.zip["presignup"].filename == null ? null : filebase64sha256(local.zip["presignup"].filename)
  s3_bucket        = var.artifact_bucket
  s3_key           = local.zip["presignup"].s3_key
  memory_size      = 128
  timeout          = 5 # Cognito waits no longer
  publish          = true
  tags             = var.tags

  logging_config {
    log_group  = aws_cloudwatch_log_group.presignup[0].name
    log_format = "Text"
  }

  environment {
    variables = { POSTCONFIRM_POLICY = var.presignup_policy }
  }

  depends_on = [aws_iam_role_policy.presignup]
}

resource "aws_lambda_alias" "presignup" {
  count            = local.presignup
  name             = "live"
  function_name    = aws_lambda_function.presignup[0].function_name
  function_version = aws_lambda_function.presignup[0].version
}

resource "aws_lambda_permission" "presignup" {
  count          = local.presignup
  action         = "lambda:InvokeFunction"
  principal      = "cognito-idp.amazonaws.com"
  function_name  = aws_lambda_function.presignup[0].function_name
  qualifier      = aws_lambda_alias.presignup[0].name
  source_account = local.account
  source_arn     = local.pool_arn
}
