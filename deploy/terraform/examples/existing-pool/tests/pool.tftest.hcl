# The pool stays whose it is: nothing here is a pool, and what `postconfirm attach` needs is put out.
mock_provider "aws" {
  source          = "../../tests/aws"
  override_during = plan

  override_resource {
    target = module.postconfirm.aws_lambda_alias.trigger
    values = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:postconfirm-trigger:live" }
  }
}

variables {
  user_pool_id       = "eu-west-1_Ab12cd34E"
  pipeline_bucket    = "files-of-ours"
  artifact_directory = "../../tests/zips"
}

run "attach_is_told_what_it_needs" {
  command = plan

  assert {
    condition     = output.trigger_arn == "arn:aws:lambda:eu-west-1:123456789012:function:postconfirm-trigger:live"
    error_message = "The output is not the alias of the trigger."
  }
  assert {
    condition     = output.attach_policy_arn != null && output.user_pool_id == "eu-west-1_Ab12cd34E"
    error_message = "Nobody could attach it."
  }
}
