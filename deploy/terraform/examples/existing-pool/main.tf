# postconfirm beside a pool that another stack owns. The pool's triggers are set afterwards, with all its other settings kept:
#
#   postconfirm attach "$(terraform output -raw user_pool_id)" --trigger "$(terraform output -raw trigger_arn)"
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
  description = "The pool's Region."
  type        = string
  default     = "eu-west-1"
}

variable "user_pool_id" {
  description = "The pool."
  type        = string
}

variable "artifact_directory" {
  description = "Where `make zips` put its zips."
  type        = string
  default     = "../../../../bin"
}

variable "pipeline_bucket" {
  description = "The bucket that holds pipeline.yaml."
  type        = string
}

module "postconfirm" {
  source = "../.."

  user_pool_id       = var.user_pool_id
  artifact_directory = var.artifact_directory
  pipeline_source    = "s3"
  pipeline_bucket    = var.pipeline_bucket
  secrets            = "ssm" # the secret API_KEY is the parameter /postconfirm/secrets/API_KEY
}

output "user_pool_id" {
  value = var.user_pool_id
}

output "trigger_arn" {
  value = module.postconfirm.trigger_arn
}

output "attach_policy_arn" {
  description = "Who runs postconfirm attach needs these rights."
  value       = module.postconfirm.attach_policy_arn
}
