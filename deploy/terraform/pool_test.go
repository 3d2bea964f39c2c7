package terraform_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/postconfirm/postconfirm/deploy/cloudformation"
)

// poolByTerraform is the pool and its client as the example makes them.
func poolByTerraform(t *testing.T) deployment {
	t.Helper()
	m, err := parse(on(t, "examples/new-pool"))
	if err != nil {
		t.Fatal(err)
	}
	r := &resolver{module: m, known: aws()}
	r.known["module.postconfirm.trigger_arn"] = cty.StringVal("<aws_lambda_alias.trigger.arn>")
	r.known["module.postconfirm.presignup_arn"] = cty.StringVal("<aws_lambda_alias.presignup.arn>")
	d := deployment{}
	for name, put := range map[string]func(any){"aws_cognito_user_pool.pool": d.tfPool, "aws_cognito_user_pool_client.app": d.tfClient} {
		v, err := r.resource(name)
		if err != nil {
			t.Fatal(err)
		}
		put(plain(v))
	}
	return d
}

func (d deployment) tfPool(is any) {
	for word, argument := range map[string]string{"name": "name", "names": "username_attributes", "verified": "auto_verified_attributes", "protected": "deletion_protection"} {
		d.put(at(is, argument), "pool", word)
	}
	d.put(at(is, "username_configuration", "0", "case_sensitive"), "pool", "case")
	for _, m := range list(at(is, "account_recovery_setting", "0", "recovery_mechanism")) {
		d.put(at(m, "priority"), "pool", "recovery", fmt.Sprint(at(m, "name")))
	}
	for _, s := range list(at(is, "schema")) {
		d.put([]any{at(s, "attribute_data_type"), at(s, "mutable"), at(s, "string_attribute_constraints", "0", "min_length"), at(s, "string_attribute_constraints", "0", "max_length")},
			"pool", "schema", fmt.Sprint(at(s, "name")))
	}
	d.put([]any{at(is, "lambda_config", "0", "post_confirmation"), at(is, "lambda_config", "0", "pre_sign_up")}, "pool", "calls")
	d.put(at(is, "lifecycle", "0", "prevent_destroy") == true, "pool", "kept")
}

func (d deployment) tfClient(is any) {
	for word, argument := range map[string]string{"name": "name", "hides": "prevent_user_existence_errors", "flows": "explicit_auth_flows", "reads": "read_attributes", "writes": "write_attributes"} {
		d.put(at(is, argument), "client", word)
	}
}

// poolByCloudFormation is what the template that owns its pool makes.
func poolByCloudFormation(t *testing.T) deployment {
	t.Helper()
	b, err := os.ReadFile("../cloudformation/with-pool.yaml")
	if err != nil {
		t.Fatal(err)
	}
	from, err := cloudformation.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	resolved, err := from.Resolve(map[string]string{"ArtifactBucket": "artifacts", "Release": "v1", "PipelineLayerArn": layer, "PreSignUp": "yes"})
	if err != nil {
		t.Fatal(err)
	}
	d, words := deployment{}, words("postconfirm")
	pool := resolved.Resources["Pool"]
	d.cfnPool(normal(pool.Properties, words), pool.Deletion)
	is := normal(resolved.Resources["PoolClient"].Properties, words)
	for word, property := range map[string]string{"name": "ClientName", "hides": "PreventUserExistenceErrors", "flows": "ExplicitAuthFlows", "reads": "ReadAttributes", "writes": "WriteAttributes"} {
		d.put(at(is, property), "client", word)
	}
	return d
}

func (d deployment) cfnPool(is any, deletion string) {
	for word, property := range map[string]string{"name": "UserPoolName", "names": "UsernameAttributes", "verified": "AutoVerifiedAttributes", "protected": "DeletionProtection"} {
		d.put(at(is, property), "pool", word)
	}
	d.put(at(is, "UsernameConfiguration", "CaseSensitive"), "pool", "case")
	for _, m := range list(at(is, "AccountRecoverySetting", "RecoveryMechanisms")) {
		d.put(at(m, "Priority"), "pool", "recovery", fmt.Sprint(at(m, "Name")))
	}
	for _, s := range list(at(is, "Schema")) {
		d.put([]any{at(s, "AttributeDataType"), at(s, "Mutable"), at(s, "StringAttributeConstraints", "MinLength"), at(s, "StringAttributeConstraints", "MaxLength")},
			"pool", "schema", fmt.Sprint(at(s, "Name")))
	}
	d.put([]any{at(is, "LambdaConfig", "PostConfirmation"), at(is, "LambdaConfig", "PreSignUp")}, "pool", "calls")
	d.put(deletion == "Retain", "pool", "kept")
}

func TestTheExampleWithAPoolMakesThePoolOfTheTemplate(t *testing.T) {
	want, got := poolByCloudFormation(t), poolByTerraform(t)
	if len(want) < 12 {
		t.Errorf("only %d facts are compared", len(want))
	}
	for _, name := range differences(want, got) {
		t.Errorf("%s: CloudFormation (-), Terraform (+):\n%s", name, cmp.Diff(want[name], got[name]))
	}
}
