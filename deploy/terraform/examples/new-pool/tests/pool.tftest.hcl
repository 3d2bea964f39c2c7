# The pool calls the functions, and what knows the pool is not in their way: a circle would fail the plan.
mock_provider "aws" {
  source          = "../../tests/aws"
  override_during = plan

  override_resource {
    target = aws_cognito_user_pool.pool
    values = { id = "eu-west-1_Ab12cd34E" }
  }
  override_resource {
    target = module.postconfirm.aws_lambda_alias.trigger
    values = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:postconfirm-trigger:live" }
  }
  override_resource {
    target = module.postconfirm.aws_lambda_alias.presignup
    values = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:postconfirm-presignup:live" }
  }
}

variables {
  artifact_directory = "../../tests/zips"
}

run "the_pool_calls_both_aliases" {
  command = plan

  assert {
    condition     = aws_cognito_user_pool.pool.lambda_config[0].post_confirmation == "arn:aws:lambda:eu-west-1:123456789012:function:postconfirm-trigger:live"
    error_message = "The pool does not call the trigger."
  }
  assert {
    condition     = aws_cognito_user_pool.pool.lambda_config[0].pre_sign_up == "arn:aws:lambda:eu-west-1:123456789012:function:postconfirm-presignup:live"
    error_message = "The pool does not call the pre sign-up function."
  }
  assert {
    condition     = aws_cognito_user_pool.pool.deletion_protection == "ACTIVE"
    error_message = "The pool could be deleted."
  }
  assert {
    condition     = module.postconfirm.attach_policy_arn == null
    error_message = "There are rights to attach what is attached."
  }
  assert {
    condition     = alltrue([for a in aws_cognito_user_pool_client.app.write_attributes : !startswith(a, "custom:")])
    error_message = "The app's users could write what the pipeline owns."
  }
}
