package terraform_test

import (
	"fmt"
	"strings"
)

// byTerraform puts what the module makes into shared words.
func byTerraform(m made) deployment {
	d := deployment{}
	each := func(kind string, put func(name string, is map[string]any)) {
		for _, t := range m.resources[kind] {
			put(t.name, t.is)
		}
	}
	each("aws_sqs_queue", d.tfQueue)
	each("aws_sqs_queue_policy", func(_ string, is map[string]any) {
		d.statements(document(is["policy"]), "senders", fmt.Sprint(is["queue_url"]))
	})
	each("aws_dynamodb_table", d.tfTable)
	each("aws_cloudwatch_log_group", func(_ string, is map[string]any) {
		d.put(is["retention_in_days"], "logs", fmt.Sprint(is["name"]), "days")
		d.put(is["skip_destroy"] == true, "logs", fmt.Sprint(is["name"]), "kept")
	})
	each("aws_lambda_function", d.tfFunction)
	each("aws_lambda_alias", func(name string, is map[string]any) {
		d.put([]any{is["name"], is["function_name"], "<aws_lambda_function."+name+".version>" == is["function_version"]}, "functions", fmt.Sprint(is["function_name"]), "alias")
	})
	each("aws_lambda_permission", func(_ string, is map[string]any) {
		d.put([]any{is["action"], is["principal"], is["source_account"], is["source_arn"], fmt.Sprint(is["function_name"], ":", is["qualifier"])}, "permissions", fmt.Sprint(is["function_name"]))
	})
	each("aws_lambda_event_source_mapping", d.tfMapping)
	each("aws_iam_role", func(_ string, is map[string]any) {
		d.statements(document(is["assume_role_policy"]), "rights", fmt.Sprint(is["name"]), "assume")
	})
	each("aws_iam_role_policy", func(_ string, is map[string]any) {
		d.statements(document(is["policy"]), "rights", fmt.Sprint(is["role"]))
	})
	each("aws_iam_role_policy_attachment", func(_ string, is map[string]any) {
		d.put(is["policy_arn"], "rights", fmt.Sprint(is["role"]), "attached")
	})
	each("aws_iam_policy", func(_ string, is map[string]any) {
		d.put(is["description"], "rights", "policy", fmt.Sprint(is["name"]), "says")
		d.statements(document(is["policy"]), "rights", "policy", fmt.Sprint(is["name"]))
	})
	each("aws_cloudwatch_metric_alarm", d.tfAlarm)
	each("aws_cloudwatch_dashboard", func(_ string, is map[string]any) {
		d.put(document(is["dashboard_body"]), "dashboard", fmt.Sprint(is["dashboard_name"]))
	})
	for name, v := range m.outputs {
		d.put(v, "outputs", strings.ReplaceAll(name, "_", ""))
	}
	return d
}

func (d deployment) tfQueue(_ string, is map[string]any) {
	name := fmt.Sprint(is["name"])
	d.put(is["message_retention_seconds"], "queues", name, "retention")
	d.put(is["visibility_timeout_seconds"], "queues", name, "visibility")
	d.put([]any{is["sqs_managed_sse_enabled"], is["kms_master_key_id"]}, "queues", name, "encryption")
	d.put(document(is["redrive_policy"]), "queues", name, "redrive")
	d.put(document(is["redrive_allow_policy"]), "queues", name, "redriven")
	d.put(at(is, "lifecycle", "0", "prevent_destroy") == true, "queues", name, "kept")
}

func (d deployment) tfTable(_ string, is map[string]any) {
	name := fmt.Sprint(is["name"])
	var attributes []any
	for _, a := range list(is["attribute"]) {
		attributes = append(attributes, fmt.Sprint(at(a, "name"), " ", at(a, "type")))
	}
	d.put(attributes, "ledger", name, "attributes")
	d.put([]any{is["hash_key"], is["range_key"]}, "ledger", name, "key")
	for _, g := range list(is["global_secondary_index"]) {
		d.put([]any{at(g, "hash_key"), at(g, "range_key"), at(g, "projection_type"), at(g, "non_key_attributes")}, "ledger", name, "index", fmt.Sprint(at(g, "name")))
	}
	d.put(is["billing_mode"], "ledger", name, "billing")
	d.put(is["deletion_protection_enabled"], "ledger", name, "protected")
	d.put([]any{at(is, "ttl", "0", "attribute_name"), at(is, "ttl", "0", "enabled")}, "ledger", name, "expiry")
	d.put(at(is, "point_in_time_recovery", "0", "enabled"), "ledger", name, "recovery")
	d.put(at(is, "lifecycle", "0", "prevent_destroy") == true, "ledger", name, "kept")
}

func (d deployment) tfFunction(_ string, is map[string]any) {
	name := fmt.Sprint(is["function_name"])
	for word, argument := range map[string]string{"role": "role", "runtime": "runtime", "architectures": "architectures", "handler": "handler",
		"memory": "memory_size", "timeout": "timeout", "layers": "layers", "bucket": "s3_bucket", "key": "s3_key"} {
		d.put(is[argument], "functions", name, word)
	}
	d.put(is["publish"] == true, "functions", name, "versions")
	d.put([]any{at(is, "logging_config", "0", "log_group"), at(is, "logging_config", "0", "log_format")}, "functions", name, "logs")
	variables, _ := at(is, "environment", "0", "variables").(map[string]any)
	for key, v := range variables {
		d.put(v, "environment", name, key) // an empty one is the same as none
	}
}

func (d deployment) tfMapping(_ string, is map[string]any) {
	for word, v := range map[string]any{"from": is["event_source_arn"], "to": is["function_name"], "enabled": is["enabled"], "batch": is["batch_size"], "window": is["maximum_batching_window_in_seconds"],
		"partial": is["function_response_types"], "concurrency": at(is, "scaling_config", "0", "maximum_concurrency"), "filter": is["filter_criteria"]} {
		d.put(v, "mapping", word)
	}
}

func (d deployment) tfAlarm(_ string, is map[string]any) {
	name := fmt.Sprint(is["alarm_name"])
	for word, argument := range map[string]string{"says": "alarm_description", "namespace": "namespace", "metric": "metric_name", "dimensions": "dimensions", "statistic": "statistic",
		"percentile": "extended_statistic", "period": "period", "evaluations": "evaluation_periods", "datapoints": "datapoints_to_alarm", "compared": "comparison_operator", "threshold": "threshold",
		"missing": "treat_missing_data", "actions": "alarm_actions", "relief": "ok_actions"} {
		d.put(is[argument], "alarms", name, word)
	}
	for _, q := range list(is["metric_query"]) {
		d.put([]any{at(q, "expression"), at(q, "label"), at(q, "period"), at(q, "return_data"), at(q, "metric", "0", "namespace"), at(q, "metric", "0", "metric_name"),
			at(q, "metric", "0", "dimensions"), at(q, "metric", "0", "period"), at(q, "metric", "0", "stat")}, "alarms", name, "query", fmt.Sprint(at(q, "id")))
	}
}
