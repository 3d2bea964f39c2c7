package terraform_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
)

// refusal is a value that must not come through: of which variable, and what the same is called in the template. Without a template
// the parameter has other types there, or a limit that only AWS looks at.
type refusal struct {
	name      string
	variable  string
	terraform map[string]cty.Value
	template  map[string]string
}

func refusals() []refusal {
	s, none := cty.StringVal, cty.NullVal(cty.String)
	one := func(name, variable, parameter, value string) refusal {
		return refusal{name, variable, map[string]cty.Value{variable: s(value)}, map[string]string{parameter: value}}
	}
	return []refusal{
		one("a name with capitals", "name", "Name", "Postconfirm"),
		one("a name that is too long", "name", "Name", "a-name-that-is-much-too-long-for-it"),
		one("a pool's ARN", "user_pool_id", "UserPoolId", "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_Ab12cd34E"),
		one("all pools", "user_pool_id", "UserPoolId", "*"),
		one("a prefix without its slash", "artifact_prefix", "ArtifactPrefix", "v1"),
		one("a budget that Cognito does not wait for", "trigger_budget", "TriggerBudget", "5s"),
		one("an unknown word for errors", "trigger_on_error", "TriggerOnError", "ignore"),
		one("fair queues by user", "trigger_fair_queues", "TriggerFairQueues", "user"),
		one("another kind of worker", "worker", "Worker", "fargate"),
		one("a time-out of no table", "worker_timeout", "WorkerTimeout", "10"),
		one("metrics for Prometheus in a function", "worker_metrics", "WorkerMetrics", "127.0.0.1:9464"),
		one("a daemon without its role", "daemon_role_arn", "Worker", "daemon").with("worker", "daemon"),
		one("a role by its name", "daemon_role_arn", "DaemonRoleArn", "worker"),
		one("a layer without its version", "pipeline_layer_arn", "PipelineLayerArn", "arn:aws:lambda:eu-west-1:111122223333:layer:pipeline"),
		one("an unknown place of the pipeline", "pipeline_source", "PipelineSource", "zip"),
		one("S3 without a bucket", "pipeline_bucket", "PipelineSource", "s3").with("pipeline_source", "s3"),
		one("every object of a bucket", "pipeline_key", "PipelineKey", "*"),
		one("Parameter Store without a parameter", "pipeline_parameter", "PipelineSource", "ssm").with("pipeline_source", "ssm"),
		one("a parameter without its slash", "pipeline_parameter", "PipelineParameter", "pipeline"),
		one("an unknown place of secrets", "secrets", "Vault", "env"),
		one("every secret", "secrets_prefix", "VaultPrefix", "*"),
		one("every key", "secrets_key_arn", "VaultKeyArn", "*"),
		one("every identity", "mail_identity", "MailIdentity", "*"),
		one("every configuration set", "mail_configuration_set", "MailConfigurationSet", "*"),
		one("every template", "mail_template_prefix", "MailTemplatePrefix", ""),
		one("everybody as an operator", "operator_role_arn", "OperatorRoleArn", "*"),
		one("a topic by its name", "alarm_topic_arn", "AlarmTopicArn", "alarms"),
		one("logs for ever", "log_retention_days", "LogRetentionDays", "0"),
		one("a key by its alias", "queue_key_arn", "QueueKeyArn", "alias/ours"),
		{"a layer that is not named", "pipeline_layer_arn", map[string]cty.Value{"pipeline_layer_arn": none}, map[string]string{"PipelineLayerArn": ""}},
		{"a concurrency that Lambda refuses", "worker_maximum_concurrency", map[string]cty.Value{"worker_maximum_concurrency": cty.NumberIntVal(1)}, nil},
		{"half an invocation", "worker_maximum_concurrency", map[string]cty.Value{"worker_maximum_concurrency": cty.NumberFloatVal(2.5)}, nil},
		{"two keys in one", "trigger_metadata_keys", map[string]cty.Value{"trigger_metadata_keys": cty.ListVal([]cty.Value{s("plan,source")})}, nil},
		{"no zips", "artifact_directory", map[string]cty.Value{"artifact_bucket": none}, nil},
		{"zips from two places", "artifact_directory", map[string]cty.Value{"artifact_directory": s("tests/zips")}, nil},
	}
}

// with gives another variable than the one that is refused.
func (r refusal) with(variable, value string) refusal {
	r.terraform = map[string]cty.Value{variable: cty.StringVal(value)}
	return r
}

// comesThrough says of which refusals a module takes the value.
func comesThrough(m *module) (all []string) {
	for _, r := range refusals() {
		variables, _ := choices()[0].given()
		maps.Copy(variables, r.terraform)
		if _, err := m.make(variables); err == nil || !strings.Contains(err.Error(), "variable "+r.variable+" is refused") {
			all = append(all, r.name)
		}
	}
	return all
}

func TestTerraformRefusesWhatCloudFormationRefuses(t *testing.T) {
	m, err := parse(on(t, "."))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range comesThrough(m) {
		t.Errorf("comes through, or is refused for something else: %s", name)
	}
	from := template(t)
	for _, r := range refusals() {
		_, values := choices()[0].given()
		maps.Copy(values, r.template)
		if _, err := from.Resolve(values); err == nil && r.template != nil {
			t.Errorf("CloudFormation takes %s", r.name)
		}
	}
}

func TestEveryVariableSaysWhatItIs(t *testing.T) {
	m, err := parse(on(t, "."))
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range m.variables {
		if b.Body.Attributes["description"] == nil || b.Body.Attributes["type"] == nil {
			t.Errorf("variable %s has no description or no type", name)
		}
	}
	for name, b := range m.outputs {
		if b.Body.Attributes["description"] == nil {
			t.Errorf("output %s has no description", name)
		}
	}
}
