package terraform_test

import (
	"fmt"
	"strings"

	"github.com/postconfirm/postconfirm/deploy/cloudformation"
)

// words are Terraform's for what only AWS knows, in place of CloudFormation's.
func words(name string) *strings.Replacer {
	pairs := []string{
		"<Queue.Arn>", "<aws_sqs_queue.queue.arn>", "<Queue.QueueName>", name, "<Queue>", "<aws_sqs_queue.queue.url>",
		"<DeadLetters.Arn>", "<aws_sqs_queue.dead_letters.arn>", "<DeadLetters.QueueName>", name + "-dlq", "<DeadLetters>", "<aws_sqs_queue.dead_letters.url>",
		"<Ledger.Arn>", "<aws_dynamodb_table.ledger.arn>", "<Ledger>", name + "-ledger",
		"<WorkerPolicy>", "<aws_iam_policy.worker.arn>", "<OperatorPolicy>", "<aws_iam_policy.operators.arn>", "<AttachPolicy>", "<aws_iam_policy.attach.arn>",
		"<Dashboard>", name + "-eu-west-1",
	}
	for _, f := range [][3]string{{"Trigger", "Trigger", "trigger"}, {"PreSignUp", "PreSignUpFunction", "presignup"}, {"Worker", "WorkerFunction", "worker"}} {
		prefix, function, own := f[0], f[1], f[2]
		pairs = append(pairs, "<"+prefix+"Role.Arn>", "<aws_iam_role."+own+".arn>", "<"+prefix+"Role>", name+"-"+own+"-eu-west-1", "<"+prefix+"Logs>", "/aws/lambda/"+name+"-"+own,
			"<"+prefix+"Logs.Arn>", "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/"+name+"-"+own+":*", // as Fn::GetAtt gives it
			"<"+prefix+"Alias>", "<aws_lambda_alias."+own+".arn>", "<"+function+">", name+"-"+own)
	}
	return strings.NewReplacer(pairs...)
}

// byCloudFormation puts what a resolved template makes into shared words.
func byCloudFormation(t *cloudformation.Template, name string) deployment {
	d, words := deployment{}, words(name)
	for own, r := range t.Resources {
		is, _ := normal(r.Properties, words).(map[string]any)
		d.cfn(own, r, is, words)
	}
	for own, o := range t.Outputs {
		d.put(normal(o["Value"], words), "outputs", strings.ToLower(own))
	}
	return d
}

func (d deployment) cfn(own string, r cloudformation.Resource, is map[string]any, words *strings.Replacer) {
	switch r.Type {
	case "AWS::SQS::Queue":
		d.cfnQueue(is, r.Deletion)
	case "AWS::SQS::QueuePolicy":
		d.statements(is["PolicyDocument"], "senders", fmt.Sprint(at(is, "Queues", "0")))
	case "AWS::DynamoDB::Table":
		d.cfnTable(is, r.Deletion)
	case "AWS::Logs::LogGroup":
		d.put(number(is["RetentionInDays"]), "logs", fmt.Sprint(is["LogGroupName"]), "days")
		d.put(strings.HasPrefix(r.Deletion, "Retain"), "logs", fmt.Sprint(is["LogGroupName"]), "kept")
	case "AWS::Lambda::Function":
		d.cfnFunction(is)
	case "AWS::Lambda::Version":
		d.put(true, "functions", fmt.Sprint(is["FunctionName"]), "versions")
	case "AWS::Lambda::Alias":
		newest := fmt.Sprint("<", strings.TrimSuffix(own, "Alias"), "Version.Version>") == is["FunctionVersion"]
		d.put([]any{is["Name"], is["FunctionName"], newest}, "functions", fmt.Sprint(is["FunctionName"]), "alias")
	case "AWS::Lambda::Permission":
		function := strings.TrimPrefix(strings.TrimSuffix(fmt.Sprint(is["FunctionName"]), ".arn>"), "<aws_lambda_alias.")
		function = words.Replace(map[string]string{"trigger": "<Trigger>", "presignup": "<PreSignUpFunction>"}[function])
		d.put([]any{is["Action"], is["Principal"], is["SourceAccount"], is["SourceArn"], function + ":live"}, "permissions", function)
	case "AWS::Lambda::EventSourceMapping":
		for word, v := range map[string]any{"from": is["EventSourceArn"], "to": is["FunctionName"], "enabled": is["Enabled"], "batch": is["BatchSize"], "window": is["MaximumBatchingWindowInSeconds"],
			"partial": is["FunctionResponseTypes"], "concurrency": number(at(is, "ScalingConfig", "MaximumConcurrency")), "filter": is["FilterCriteria"]} {
			d.put(v, "mapping", word)
		}
	case "AWS::CloudWatch::Alarm":
		d.cfnAlarm(is)
	case "AWS::CloudWatch::Dashboard":
		d.put(document(is["DashboardBody"]), "dashboard", fmt.Sprint(is["DashboardName"]))
	default:
		d.cfnRights(r.Type, is)
	}
}

func (d deployment) cfnRights(kind string, is map[string]any) {
	switch kind {
	case "AWS::IAM::Role":
		name := fmt.Sprint(is["RoleName"])
		d.statements(is["AssumeRolePolicyDocument"], "rights", name, "assume")
		for _, p := range list(is["Policies"]) {
			d.statements(at(p, "PolicyDocument"), "rights", name)
		}
		for _, arn := range list(is["ManagedPolicyArns"]) {
			d.put(arn, "rights", name, "attached")
		}
	case "AWS::IAM::RolePolicy":
		d.statements(is["PolicyDocument"], "rights", fmt.Sprint(is["RoleName"]))
	case "AWS::IAM::ManagedPolicy":
		d.put(is["Description"], "rights", "policy", fmt.Sprint(is["ManagedPolicyName"]), "says")
		d.statements(is["PolicyDocument"], "rights", "policy", fmt.Sprint(is["ManagedPolicyName"]))
	default:
		d.put(is, "unknown", kind)
	}
}

func (d deployment) cfnQueue(is map[string]any, deletion string) {
	name := fmt.Sprint(is["QueueName"])
	d.put(is["MessageRetentionPeriod"], "queues", name, "retention")
	d.put(number(is["VisibilityTimeout"]), "queues", name, "visibility")
	d.put([]any{is["SqsManagedSseEnabled"], is["KmsMasterKeyId"]}, "queues", name, "encryption")
	d.put(is["RedrivePolicy"], "queues", name, "redrive")
	d.put(is["RedriveAllowPolicy"], "queues", name, "redriven")
	d.put(strings.HasPrefix(deletion, "Retain"), "queues", name, "kept")
}

func (d deployment) cfnTable(is map[string]any, deletion string) {
	name := fmt.Sprint(is["TableName"])
	var attributes []any
	for _, a := range list(is["AttributeDefinitions"]) {
		attributes = append(attributes, fmt.Sprint(at(a, "AttributeName"), " ", at(a, "AttributeType")))
	}
	d.put(attributes, "ledger", name, "attributes")
	d.put([]any{keyOf(is["KeySchema"], "HASH"), keyOf(is["KeySchema"], "RANGE")}, "ledger", name, "key")
	for _, g := range list(is["GlobalSecondaryIndexes"]) {
		keys := at(g, "KeySchema")
		d.put([]any{keyOf(keys, "HASH"), keyOf(keys, "RANGE"), at(g, "Projection", "ProjectionType"), at(g, "Projection", "NonKeyAttributes")}, "ledger", name, "index", fmt.Sprint(at(g, "IndexName")))
	}
	d.put(is["BillingMode"], "ledger", name, "billing")
	d.put(is["DeletionProtectionEnabled"], "ledger", name, "protected")
	d.put([]any{at(is, "TimeToLiveSpecification", "AttributeName"), at(is, "TimeToLiveSpecification", "Enabled")}, "ledger", name, "expiry")
	d.put(at(is, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled"), "ledger", name, "recovery")
	d.put(strings.HasPrefix(deletion, "Retain"), "ledger", name, "kept")
}

func keyOf(schema any, kind string) any {
	for _, k := range list(schema) {
		if at(k, "KeyType") == kind {
			return at(k, "AttributeName")
		}
	}
	return nil
}

func (d deployment) cfnFunction(is map[string]any) {
	name := fmt.Sprint(is["FunctionName"])
	for word, v := range map[string]any{"role": is["Role"], "runtime": is["Runtime"], "architectures": is["Architectures"], "handler": is["Handler"],
		"memory": is["MemorySize"], "timeout": number(is["Timeout"]), "layers": is["Layers"], "bucket": at(is, "Code", "S3Bucket"), "key": at(is, "Code", "S3Key"),
		"logs": []any{at(is, "LoggingConfig", "LogGroup"), at(is, "LoggingConfig", "LogFormat")}} {
		d.put(v, "functions", name, word)
	}
	variables, _ := at(is, "Environment", "Variables").(map[string]any)
	for key, v := range variables {
		d.put(v, "environment", name, key)
	}
}

func (d deployment) cfnAlarm(is map[string]any) {
	name := fmt.Sprint(is["AlarmName"])
	for word, v := range map[string]any{"says": is["AlarmDescription"], "namespace": is["Namespace"], "metric": is["MetricName"], "dimensions": dimensions(is["Dimensions"]), "statistic": is["Statistic"],
		"percentile": is["ExtendedStatistic"], "period": is["Period"], "evaluations": is["EvaluationPeriods"], "datapoints": is["DatapointsToAlarm"], "compared": is["ComparisonOperator"],
		"threshold": is["Threshold"], "missing": is["TreatMissingData"], "actions": is["AlarmActions"], "relief": is["OKActions"]} {
		d.put(v, "alarms", name, word)
	}
	for _, q := range list(is["Metrics"]) {
		m := at(q, "MetricStat")
		d.put([]any{at(q, "Expression"), at(q, "Label"), at(q, "Period"), at(q, "ReturnData"), at(m, "Metric", "Namespace"), at(m, "Metric", "MetricName"),
			dimensions(at(m, "Metric", "Dimensions")), at(m, "Period"), at(m, "Stat")}, "alarms", name, "query", fmt.Sprint(at(q, "Id")))
	}
}

// dimensions turns a list of names and values into a map.
func dimensions(v any) any {
	out := map[string]any{}
	for _, dimension := range list(v) {
		out[fmt.Sprint(at(dimension, "Name"))] = at(dimension, "Value")
	}
	return out
}
