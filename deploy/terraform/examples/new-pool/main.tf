# A pool of our own, which calls the functions of the module. No circle closes: the functions know nothing of the pool, and
# what knows it (permissions, the worker's rights) is needed by nothing that the pool needs.
terraform {
  required_version = ">= 1.9"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0, < 7.0"
    }
  }
}

provider "aws" {
  region = var.region
}

variable "region" {
  description = "Where all of it is."
  type        = string
  default     = "eu-west-1"
}

variable "artifact_directory" {
  description = "Where `make zips` put its zips."
  type        = string
  default     = "../../../../bin"
}

variable "pipeline_parameter" {
  description = "The parameter that holds the pipeline file."
  type        = string
  default     = "/postconfirm/pipeline"
}

module "postconfirm" {
  source = "../.."

  user_pool_id       = aws_cognito_user_pool.pool.id
  attach_policy      = false # this configuration owns the pool
  artifact_directory = var.artifact_directory
  pipeline_source    = "ssm"
  pipeline_parameter = var.pipeline_parameter
  secrets            = "secretsmanager"
  presignup          = true
  presignup_policy   = file("${path.module}/policy.yaml")
}

# The settings of the pool are those of the CloudFormation template that owns one. Add your own.
resource "aws_cognito_user_pool" "pool" {
  name                     = "postconfirm"
  username_attributes      = ["email"]
  auto_verified_attributes = ["email"]
  deletion_protection      = "ACTIVE"

  username_configuration { case_sensitive = false }

  account_recovery_setting {
    recovery_mechanism {
      name     = "verified_email"
      priority = 1
    }
  }

  lambda_config {
    post_confirmation = module.postconfirm.trigger_arn
    pre_sign_up       = module.postconfirm.presignup_arn
  }

  # What the pipeline writes. Attributes of a pool can be added, never changed or taken away; without the lengths, every plan
  # would find a difference.
  schema {
    name                = "company"
    attribute_data_type = "String"
    mutable             = true
    string_attribute_constraints {
      min_length = "0"
      max_length = "2048"
    }
  }
  schema {
    name                = "crm_id"
    attribute_data_type = "String"
    mutable             = true
    string_attribute_constraints {
      min_length = "0"
      max_length = "2048"
    }
  }

  lifecycle { prevent_destroy = true }
}

# The app's users may write nothing that the pipeline writes.
resource "aws_cognito_user_pool_client" "app" {
  name                          = "postconfirm"
  user_pool_id                  = aws_cognito_user_pool.pool.id
  prevent_user_existence_errors = "ENABLED"
  explicit_auth_flows           = ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
  read_attributes               = ["email", "email_verified", "given_name", "family_name", "custom:company", "custom:crm_id"]
  write_attributes              = ["email", "given_name", "family_name"]
}

output "user_pool_id" {
  value = aws_cognito_user_pool.pool.id
}

output "client_id" {
  value = aws_cognito_user_pool_client.app.id
}

output "queue_url" {
  value = module.postconfirm.queue_url
}
