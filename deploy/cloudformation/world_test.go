package cloudformation_test

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/postconfirm/postconfirm/deploy/cloudformation"
	"github.com/postconfirm/postconfirm/deploy/iam"
	"github.com/postconfirm/postconfirm/deploy/runbooks"
	"github.com/postconfirm/postconfirm/worker/dynamo"
	"github.com/postconfirm/postconfirm/worker/meter"
)

var update = flag.Bool("update", false, "write with-pool.yaml")

// world is what the templates are held against, as the repository is now.
func world(t *testing.T) cloudformation.World {
	t.Helper()
	truth, err := iam.Truth()
	if err != nil {
		t.Fatal(err)
	}
	return cloudformation.World{Truth: truth, Environment: contract(t), Metrics: metrics(t), Pages: runbooks.Alarms(), Ledger: table(t),
		Expires: word(t, "../../worker/dynamo/item.go", `aExpires\s*=\s*"(\w+)"`), Values: deployments()}
}

// deployments are the parameters of the deployments that are looked at.
func deployments() map[string]map[string]string {
	bare := map[string]string{"UserPoolId": "eu-west-1_Ab12cd34E", "ArtifactBucket": "artefacts", "ArtifactPrefix": "v1/", "Release": "v1",
		"PipelineLayerArn": "arn:aws:lambda:eu-west-1:111122223333:layer:pipeline:3"}
	everything := maps.Clone(bare)
	maps.Copy(everything, map[string]string{"PreSignUp": "yes", "PipelineSource": "s3", "PipelineBucket": "files", "Vault": "secretsmanager",
		"VaultKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/1", "MailIdentity": "example.com", "QueueKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/2",
		"OperatorRoleArn": "arn:aws:iam::111122223333:role/operators", "AlarmTopicArn": "arn:aws:sns:eu-west-1:111122223333:alarms"})
	daemon := maps.Clone(everything)
	maps.Copy(daemon, map[string]string{"Worker": "daemon", "DaemonRoleArn": "arn:aws:iam::111122223333:role/worker", "DaemonChecksAppClients": "yes", "PreSignUp": "no",
		"Vault": "ssm"})
	store := maps.Clone(everything)
	maps.Copy(store, map[string]string{"PipelineSource": "ssm", "PipelineParameter": "/postconfirm/pipeline", "Vault": "ssm"})
	return map[string]map[string]string{cloudformation.Bare: bare, cloudformation.Everything: everything, cloudformation.Parameters: store,
		cloudformation.AsDaemon: daemon}
}

// contract reads the variables of each program from DESIGN.md.
func contract(t *testing.T) map[string][]string {
	t.Helper()
	design, err := os.ReadFile("../../DESIGN.md")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(cmd/[a-z]+)` \\|(.*)$").FindAllStringSubmatch(string(design), -1) {
		out[row[1]] = regexp.MustCompile(`POSTCONFIRM_[A-Z_]+`).FindAllString(row[2], -1)
	}
	if len(out["cmd/worker"]) < 8 || len(out["cmd/trigger"]) < 5 || len(out["cmd/presignup"]) < 1 {
		t.Fatalf("the contract of DESIGN.md can't be read: %v", out)
	}
	return out
}

// metrics are those that the programs give, with their dimensions.
func metrics(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, m := range meter.Table() {
		if !m.Daemon {
			out[m.Name] = m.Labels
		}
	}
	for _, file := range []string{"../../trigger/result.go", "../../trigger/presignup/lines.go"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\{"Name":"(\w+)"`).FindAllStringSubmatch(string(data), -1) {
			out[m[1]] = nil
		}
	}
	if _, ok := out["Failed"]; !ok || len(out) < 18 {
		t.Fatalf("metrics %v", slices.Sorted(maps.Keys(out)))
	}
	return out
}

// table asks the worker to make its table and looks at what it sends.
func table(t *testing.T) (shape map[string]any) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("X-Amz-Target") == "DynamoDB_20120810.CreateTable" {
			_ = json.Unmarshal(body, &shape)
		}
		_, _ = io.WriteString(w, `{"Table":{"TableStatus":"ACTIVE"},"TableDescription":{}}`)
	}))
	defer server.Close()
	client := dynamodb.New(dynamodb.Options{Region: "eu-west-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		Retryer: aws.NopRetryer{}})
	if err := dynamo.CreateTable(context.Background(), client, "ledger"); err != nil {
		t.Fatal(err)
	}
	if shape["KeySchema"] == nil {
		t.Fatalf("the table is %v", shape)
	}
	return shape
}

// word finds one word in a file.
func word(t *testing.T, file, pattern string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(pattern).FindSubmatch(data)
	if m == nil {
		t.Fatalf("%s has no %s", file, pattern)
	}
	return string(m[1])
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
