# Alarms. Each has a page in deploy/runbooks, which its description names. An alarm is one metric, or a query: an
# expression over metrics.
locals {
  lambda_dimension = { for f in ["trigger", "presignup", "worker"] : f => { FunctionName = "${var.name}-${f}" } }
  table            = { TableName = aws_dynamodb_table.ledger.name }
  index            = { TableName = aws_dynamodb_table.ledger.name, GlobalSecondaryIndexName = "unfinished" }

  alarms_queue = {
    dlq-depth = {
      when      = true, says = "Dead letters wait for a person."
      namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", dimensions = { QueueName = aws_sqs_queue.dead_letters.name }
      statistic = "Maximum", threshold = 0
    }
    queue-age = {
      when      = true, says = "A message has waited for a quarter of an hour without being received."
      namespace = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", dimensions = { QueueName = aws_sqs_queue.queue.name }
      statistic = "Maximum", threshold = 900
    }
  }

  alarms_trigger = {
    trigger-errors = {
      when      = true, says = "Invocations of the trigger fail."
      namespace = "AWS/Lambda", metric = "Errors", dimensions = local.lambda_dimension["trigger"]
      statistic = "Sum", threshold = 0
    }
    trigger-throttles = {
      when      = true, says = "Lambda turns invocations of the trigger away."
      namespace = "AWS/Lambda", metric = "Throttles", dimensions = local.lambda_dimension["trigger"]
      statistic = "Sum", threshold = 0
    }
    trigger-duration = {
      when       = true, says = "The trigger takes long; Cognito gives up after 5 s."
      namespace  = "AWS/Lambda", metric = "Duration", dimensions = local.lambda_dimension["trigger"]
      percentile = "p99", threshold = 3000, evaluations = 3
    }
    trigger-not-sent = {
      when      = true, says = "Confirmed users did not come onto the queue."
      namespace = "postconfirm", metric = "Failed"
      statistic = "Sum", threshold = 0
    }
  }

  alarms_presignup = {
    presignup-errors = {
      when      = var.presignup, says = "Invocations of the pre sign-up function fail."
      namespace = "AWS/Lambda", metric = "Errors", dimensions = local.lambda_dimension["presignup"]
      statistic = "Sum", threshold = 0
    }
    presignup-throttles = {
      when      = var.presignup, says = "Lambda turns invocations of the pre sign-up function away."
      namespace = "AWS/Lambda", metric = "Throttles", dimensions = local.lambda_dimension["presignup"]
      statistic = "Sum", threshold = 0
    }
    presignup-duration = {
      when       = var.presignup, says = "The pre sign-up function takes long; Cognito gives up after 5 s."
      namespace  = "AWS/Lambda", metric = "Duration", dimensions = local.lambda_dimension["presignup"]
      percentile = "p99", threshold = 3000, evaluations = 3
    }
    presignup-doubts = {
      when      = var.presignup, says = "The pre sign-up function doubts, so people get the code that they would not need."
      namespace = "postconfirm", metric = "PreSignUpDoubts"
      statistic = "Sum", threshold = 5, period = 900
    }
  }

  alarms_worker = {
    worker-errors = {
      when      = local.is_lambda, says = "Invocations of the worker fail."
      namespace = "AWS/Lambda", metric = "Errors", dimensions = local.lambda_dimension["worker"]
      statistic = "Sum", threshold = 0
    }
    worker-throttles = {
      when      = local.is_lambda, says = "Lambda turns invocations of the worker away."
      namespace = "AWS/Lambda", metric = "Throttles", dimensions = local.lambda_dimension["worker"]
      statistic = "Sum", threshold = 0
    }
    worker-recursion = {
      when      = local.is_lambda, says = "Lambda has cut what it takes for a loop; messages are dropped."
      namespace = "AWS/Lambda", metric = "RecursiveInvocationsDropped", dimensions = local.lambda_dimension["worker"]
      statistic = "Sum", threshold = 0
    }
  }

  alarms_meter = {
    oldest-unfinished = {
      when      = local.counts_in_log, says = "Somebody waits for an hour."
      namespace = "postconfirm", metric = "postconfirm_oldest_unfinished_seconds"
      statistic = "Maximum", threshold = 3600
    }
    runs-parked = {
      when      = local.counts_in_log, says = "Runs were parked for a person."
      namespace = "postconfirm", metric = "postconfirm_runs_total", dimensions = { outcome = "parked" }
      statistic = "Sum", threshold = 0
    }
    breaker-open = {
      when  = local.counts_in_log, says = "A vendor has been left alone as sick for ten minutes."
      query = "SELECT MAX(postconfirm_breaker_open) FROM SCHEMA(\"postconfirm\", dependency)"
      least = true, threshold = 1, evaluations = 2
    }
    write-throttles = {
      when      = local.counts_in_log, says = "Cognito throttles the worker's writes."
      namespace = "postconfirm", metric = "postconfirm_throttles_total", dimensions = { dependency = "cognito:write" }
      statistic = "Sum", threshold = 10, evaluations = 3
    }
    ledger-unavailable = {
      when      = local.counts_in_log, says = "The ledger does not answer, so nothing is worked on."
      query     = "SELECT SUM(postconfirm_deliveries_total) FROM SCHEMA(\"postconfirm\", outcome, reason) WHERE reason = 'ledger_unavailable'"
      threshold = 0, evaluations = 2
    }
    dlq-unavailable = {
      when      = local.counts_in_log, says = "Dead letters can't be sent; their messages stay on the queue."
      query     = "SELECT SUM(postconfirm_deliveries_total) FROM SCHEMA(\"postconfirm\", outcome, reason) WHERE reason = 'dlq_unavailable'"
      threshold = 0, evaluations = 2
    }
    access-denied = {
      when      = local.counts_in_log, says = "AWS refuses the worker a call; runs wait, uncharged."
      query     = "SELECT SUM(postconfirm_deliveries_total) FROM SCHEMA(\"postconfirm\", outcome, reason) WHERE reason = 'access_denied'"
      threshold = 0, evaluations = 2
    }
    open-effects = {
      when      = local.counts_in_log, says = "Calls were sent of which nobody knows whether they arrived."
      query     = "SELECT COUNT(postconfirm_step_seconds) FROM SCHEMA(\"postconfirm\", class, outcome, step) WHERE outcome = 'unknown'"
      threshold = 0
    }
  }

  alarms_others = {
    table-throttles = {
      when  = true, says = "DynamoDB throttles the ledger."
      query = "FILL(m0, 0) + FILL(m1, 0) + FILL(m2, 0) + FILL(m3, 0)"
      label = "throttled events of the table and its index"
      over = [
        { metric = "ReadThrottleEvents", dimensions = local.table },
        { metric = "WriteThrottleEvents", dimensions = local.table },
        { metric = "ReadThrottleEvents", dimensions = local.index },
        { metric = "WriteThrottleEvents", dimensions = local.index },
      ]
      threshold = 0, evaluations = 2
    }
    mail-bounces = {
      when      = var.mail_identity != null, says = "SES counts so many bounces that it may stop sending for the account."
      namespace = "AWS/SES", metric = "Reputation.BounceRate"
      statistic = "Maximum", threshold = 0.04, period = 3600
    }
    mail-complaints = {
      when      = var.mail_identity != null, says = "SES counts so many complaints that it may stop sending for the account."
      namespace = "AWS/SES", metric = "Reputation.ComplaintRate"
      statistic = "Maximum", threshold = 0.0008, period = 3600
    }
  }

  alarms = merge(local.alarms_queue, local.alarms_trigger, local.alarms_presignup, local.alarms_worker, local.alarms_meter, local.alarms_others)
}

resource "aws_cloudwatch_metric_alarm" "alarm" {
  for_each = { for name, a in local.alarms : name => a if a.when }

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.says} Runbook deploy/runbooks/${each.key}.md"
  namespace           = try(each.value.namespace, null)
  metric_name         = try(each.value.metric, null)
  dimensions          = try(each.value.dimensions, null)
  statistic           = try(each.value.statistic, null)
  extended_statistic  = try(each.value.percentile, null)
  period              = can(each.value.query) ? null : try(each.value.period, 300)
  evaluation_periods  = try(each.value.evaluations, 1)
  comparison_operator = can(each.value.least) ? "GreaterThanOrEqualToThreshold" : "GreaterThanThreshold"
  threshold           = each.value.threshold
  treat_missing_data  = "notBreaching"
  alarm_actions       = compact([var.alarm_topic_arn])
  tags                = var.tags

  dynamic "metric_query" {
    for_each = try(each.value.over, [])
    content {
      id          = "m${metric_query.key}"
      return_data = false
      metric {
        namespace   = "AWS/DynamoDB"
        metric_name = metric_query.value.metric
        dimensions  = metric_query.value.dimensions
        period      = 300
        stat        = "Sum"
      }
    }
  }

  dynamic "metric_query" {
    for_each = try([each.value.query], [])
    content {
      id          = can(each.value.over) ? "all" : "found"
      expression  = metric_query.value
      label       = try(each.value.label, null)
      period      = can(each.value.over) ? null : 300
      return_data = true
    }
  }
}
