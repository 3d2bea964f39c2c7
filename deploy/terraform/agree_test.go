package terraform_test

import (
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/postconfirm/postconfirm/deploy/cloudformation"
)

// choice is one deployment, in the words of both.
type choice struct {
	name      string
	terraform map[string]cty.Value
	template  map[string]string
}

const (
	pool  = "eu-west-1_Ab12cd34E"
	layer = "arn:aws:lambda:eu-west-1:111122223333:layer:pipeline:3"
	role  = "arn:aws:iam::111122223333:role/"
	topic = "arn:aws:sns:eu-west-1:111122223333:alarms"
	key   = "arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-0000-1111-2222-333344445555"
)

// choices are the deployments that are compared: what must be given and no more, then everything that can be chosen.
func choices() []choice {
	s, yes, no := cty.StringVal, cty.True, cty.False
	return []choice{
		{"only what must be given", map[string]cty.Value{"pipeline_layer_arn": s(layer)}, map[string]string{"PipelineLayerArn": layer}},
		{"another name, and every setting of the trigger", map[string]cty.Value{"name": s("members"), "pipeline_layer_arn": s(layer), "artifact_prefix": s("v2/"), "trigger_budget": s("800ms"),
			"trigger_on_error": s("closed"), "trigger_fair_queues": s("client"), "trigger_metadata_keys": cty.ListVal([]cty.Value{s("plan"), s("source")}), "log_retention_days": cty.NumberIntVal(90)},
			map[string]string{"Name": "members", "PipelineLayerArn": layer, "ArtifactPrefix": "v2/", "TriggerBudget": "800ms", "TriggerOnError": "closed", "TriggerFairQueues": "client",
				"TriggerMetadataKeys": "plan,source", "LogRetentionDays": "90"}},
		{"a pre sign-up function that asks the pool", map[string]cty.Value{"pipeline_layer_arn": s(layer), "presignup": yes, "presignup_policy": s(`{"version":1}`)},
			map[string]string{"PipelineLayerArn": layer, "PreSignUp": "yes", "PreSignUpPolicy": `{"version":1}`}},
		{"a pre sign-up function that asks nobody", map[string]cty.Value{"pipeline_layer_arn": s(layer), "presignup": yes, "presignup_asks_pool": no},
			map[string]string{"PipelineLayerArn": layer, "PreSignUp": "yes", "PreSignUpAsksPool": "no"}},
		{"a daemon", map[string]cty.Value{"worker": s("daemon"), "daemon_role_arn": s(role + "worker")}, map[string]string{"Worker": "daemon", "DaemonRoleArn": role + "worker"}},
		{"a daemon that reads app clients, with all of the rest", map[string]cty.Value{"worker": s("daemon"), "daemon_role_arn": s(role + "worker"), "daemon_checks_app_clients": yes, "pipeline_source": s("s3"),
			"pipeline_bucket": s("files"), "pipeline_key": s("live/pipeline.yaml"), "secrets": s("secretsmanager"), "secrets_prefix": s("shop"), "secrets_key_arn": s(key), "mail_identity": s("example.com"),
			"queue_key_arn": s(key), "operator_role_arn": s(role + "operators"), "alarm_topic_arn": s(topic)},
			map[string]string{"Worker": "daemon", "DaemonRoleArn": role + "worker", "DaemonChecksAppClients": "yes", "PipelineSource": "s3", "PipelineBucket": "files", "PipelineKey": "live/pipeline.yaml",
				"Vault": "secretsmanager", "VaultPrefix": "shop", "VaultKeyArn": key, "MailIdentity": "example.com", "QueueKeyArn": key, "OperatorRoleArn": role + "operators", "AlarmTopicArn": topic}},
		{"a function with all of the rest", map[string]cty.Value{"worker_timeout": cty.NumberIntVal(300), "worker_maximum_concurrency": cty.NumberIntVal(2), "pipeline_source": s("ssm"), "pipeline_parameter": s("/shop/pipeline"),
			"secrets": s("ssm"), "secrets_prefix": s("shop/secrets"), "secrets_key_arn": s(key), "mail_identity": s("ada@example.com"), "mail_configuration_set": s("ours"), "mail_template_prefix": s("shop-"),
			"queue_key_arn": s(key), "operator_role_arn": s(role + "operators"), "alarm_topic_arn": s(topic), "presignup": yes},
			map[string]string{"WorkerTimeout": "300", "WorkerMaximumConcurrency": "2", "PipelineSource": "ssm", "PipelineParameter": "/shop/pipeline", "Vault": "ssm", "VaultPrefix": "shop/secrets", "VaultKeyArn": key,
				"MailIdentity": "ada@example.com", "MailConfigurationSet": "ours", "MailTemplatePrefix": "shop-", "QueueKeyArn": key, "OperatorRoleArn": role + "operators", "AlarmTopicArn": topic, "PreSignUp": "yes"}},
		{"a function with its pipeline in S3 and secrets in Secrets Manager", map[string]cty.Value{"pipeline_source": s("s3"), "pipeline_bucket": s("files"), "secrets": s("secretsmanager")},
			map[string]string{"PipelineSource": "s3", "PipelineBucket": "files", "Vault": "secretsmanager"}},
		{"a function without embedded metrics", map[string]cty.Value{"pipeline_layer_arn": s(layer), "worker_metrics": s("off")}, map[string]string{"PipelineLayerArn": layer, "WorkerMetrics": "off"}},
	}
}

// given adds what every deployment must say.
func (c choice) given() (map[string]cty.Value, map[string]string) {
	c.terraform["user_pool_id"], c.terraform["artifact_bucket"] = cty.StringVal(pool), cty.StringVal("artifacts")
	c.template["UserPoolId"], c.template["ArtifactBucket"], c.template["Release"] = pool, "artifacts", "v1"
	return c.terraform, c.template
}

func (c choice) called() string {
	if name, other := c.template["Name"]; other {
		return name
	}
	return "postconfirm"
}

// template reads the CloudFormation template for a pool that exists.
func template(t *testing.T) *cloudformation.Template {
	t.Helper()
	b, err := os.ReadFile("../cloudformation/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	read, err := cloudformation.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// wanted is the deployment by CloudFormation.
func wanted(t *testing.T, from *cloudformation.Template, c choice) deployment {
	t.Helper()
	_, values := c.given()
	resolved, err := from.Resolve(values)
	if err != nil {
		t.Fatal(err)
	}
	return byCloudFormation(resolved, c.called())
}

func TestTerraformMakesWhatCloudFormationMakes(t *testing.T) {
	m, err := parse(on(t, "."))
	if err != nil {
		t.Fatal(err)
	}
	from := template(t)
	for _, c := range choices() {
		t.Run(c.name, func(t *testing.T) {
			variables, _ := c.given()
			out, err := m.make(variables)
			if err != nil {
				t.Fatal(err)
			}
			want, got := wanted(t, from, c), byTerraform(out)
			if len(want) < 130 {
				t.Errorf("only %d facts are compared", len(want))
			}
			for _, name := range differences(want, got) {
				t.Errorf("%s: CloudFormation (-), Terraform (+):\n%s", name, cmp.Diff(want[name], got[name]))
			}
		})
	}
}

// differences are the names under which two deployments differ, sorted.
func differences(a, b deployment) []string {
	var all []string
	for name := range a {
		if !reflect.DeepEqual(a[name], b[name]) {
			all = append(all, name)
		}
	}
	for name := range b {
		if _, there := a[name]; !there {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}
