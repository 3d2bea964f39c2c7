# The ledger: the truth about every run, and what keeps things from being done twice. Neither Terraform nor AWS deletes it
# while both protections stand.
resource "aws_dynamodb_table" "ledger" {
  name                        = "${var.name}-ledger"
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = true
  hash_key                    = "person"
  range_key                   = "generation"
  tags                        = var.tags

  attribute {
    name = "person"
    type = "S"
  }
  attribute {
    name = "generation"
    type = "S"
  }
  attribute {
    name = "unfinished"
    type = "S"
  }

  global_secondary_index {
    name               = "unfinished"
    hash_key           = "unfinished"
    projection_type    = "INCLUDE"
    non_key_attributes = ["state", "first_seen", "trouble"]
  }

  ttl {
    attribute_name = "expires"
    enabled        = true
  }

  point_in_time_recovery { enabled = true }

  lifecycle { prevent_destroy = true }
}
