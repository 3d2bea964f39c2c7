package cloudformation_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/deploy/cloudformation"
)

// seeded is a fault put into the template: a piece of text in the place of another one, and the check that must notice.
type seeded struct {
	what, from, to, check string
}

var seededFaults = []seeded{
	{"a policy is widened by an action", "Action: sqs:SendMessage\n                Resource: !GetAtt Queue.Arn", "Action: [sqs:SendMessage, sqs:ReceiveMessage]\n                Resource: !GetAtt Queue.Arn", "rights are what the code calls"},
	{"a policy loses an action", "dynamodb:UpdateItem, dynamodb:Query", "dynamodb:Query", "rights are what the code calls"},
	{"the right for the gauge of the oldest run is gone", "Action: dynamodb:Scan\n            Resource: !Sub \"${Ledger.Arn}/index/unfinished\"", "Action: dynamodb:Query\n            Resource: !Sub \"${Ledger.Arn}/index/unfinished\"", "rights are what the code calls"},
	{"a managed policy of AWS hangs on a role", "ManagedPolicyArns: [!Ref WorkerPolicy]", "ManagedPolicyArns: [!Ref WorkerPolicy, \"arn:aws:iam::aws:policy/AmazonSQSFullAccess\"]", "rights are what the code calls"},
	{"an action is misspelt", "cognito-idp:AdminGetUser, cognito-idp:AdminUpdateUserAttributes, cognito-idp:DescribeUserPool]", "cognito-idp:AdminGetUsers, cognito-idp:AdminUpdateUserAttributes, cognito-idp:DescribeUserPool]", "actions are known"},
	{"an action is a wildcard", "Action: [dynamodb:DescribeTable, dynamodb:GetItem, dynamodb:PutItem, dynamodb:UpdateItem, dynamodb:Query]", "Action: dynamodb:*", "no wildcards"},
	{"a resource is a wildcard", "Action: cognito-idp:ListUsers\n            Resource: !Sub \"arn:${AWS::Partition}:cognito-idp:${AWS::Region}:${AWS::AccountId}:userpool/${UserPoolId}\"", "Action: cognito-idp:ListUsers\n            Resource: \"*\"", "no wildcards"},
	{"any pool will do", "Action: cognito-idp:ListUsers\n            Resource: !Sub \"arn:${AWS::Partition}:cognito-idp:${AWS::Region}:${AWS::AccountId}:userpool/${UserPoolId}\"", "Action: cognito-idp:ListUsers\n            Resource: !Sub \"arn:${AWS::Partition}:cognito-idp:${AWS::Region}:${AWS::AccountId}:userpool/*\"", "no wildcards"},
	{"a right names another pool", "Action: cognito-idp:ListUsers\n            Resource: !Sub \"arn:${AWS::Partition}:cognito-idp:${AWS::Region}:${AWS::AccountId}:userpool/${UserPoolId}\"", "Action: cognito-idp:ListUsers\n            Resource: !Sub \"arn:${AWS::Partition}:cognito-idp:${AWS::Region}:${AWS::AccountId}:userpool/eu-west-1_Other0000\"", "rights are scoped to their service"},
	{"a right is on another service's resource", "Action: kms:Decrypt\n              Resource: !Ref VaultKeyArn", "Action: kms:Decrypt\n              Resource: !GetAtt Ledger.Arn", "rights are scoped to their service"},
	{"a key may be used for anything", "              Condition: { StringEquals: { kms:ViaService: !Sub \"sqs.${AWS::Region}.${AWS::URLSuffix}\" } }\n            - !Ref", "            - !Ref", "rights are scoped to their service"},
	{"an optional right is given to all", "- !If\n            - FromS3\n            - Sid: PipelineObject", "- !If\n            - IsLambda\n            - Sid: PipelineObject", "optional rights are asked for"},
	{"anybody may send", "Principal:\n              AWS:\n                - !GetAtt TriggerRole.Arn\n                - !If [IsDaemon, !Ref DaemonRoleArn, !Ref AWS::NoValue] # reconciles\n                - !If [HasOperators, !Ref OperatorRoleArn, !Ref AWS::NoValue]", "Principal: \"*\"", "queues name their senders"},
	{"a daemon that reconciles may not send", "                  - !If [IsDaemon, !Ref DaemonRoleArn, !Ref AWS::NoValue]\n", "", "queues name their senders"},
	{"the worker may not send dead letters", "- !If [IsLambda, !GetAtt WorkerRole.Arn, !Ref DaemonRoleArn]", "- !GetAtt TriggerRole.Arn", "queues name their senders"},
	{"the denial of the others is gone", "Sid: NobodyElseSends\n            Effect: Deny", "Sid: NobodyElseSends\n            Effect: Allow", "queues name their senders"},
	{"calls without TLS are taken", "Condition: { Bool: { aws:SecureTransport: \"false\" } }", "Condition: { Bool: { aws:SecureTransport: \"true\" } }", "queues take nothing without TLS"},
	{"the partial batch flag is dropped", "      FunctionResponseTypes: [ReportBatchItemFailures]\n", "", "the mapping keeps failures"},
	{"the mapping has no bound", "      ScalingConfig: { MaximumConcurrency: !Ref WorkerMaximumConcurrency }\n", "", "the mapping keeps failures"},
	{"the mapping filters", "      BatchSize: 10\n", "      BatchSize: 10\n      FilterCriteria: { Filters: [{ Pattern: \"{}\" }] }\n", "the mapping keeps failures"},
	{"the mapping calls the function beside its alias", "FunctionName: !Ref WorkerAlias\n      EventSourceArn", "FunctionName: !Ref WorkerFunction\n      EventSourceArn", "the mapping keeps failures"},
	{"concurrency is reserved", "      MemorySize: 256\n", "      MemorySize: 256\n      ReservedConcurrentExecutions: 5\n", "the mapping keeps failures"},
	{"the visibility is shortened", "\"120\": { Visibility: 720 }", "\"120\": { Visibility: 600 }", "visibility is six times the time-out"},
	{"a batching window eats into the visibility", "MaximumBatchingWindowInSeconds: 0", "MaximumBatchingWindowInSeconds: 30", "visibility is six times the time-out"},
	{"a time-out has no visibility", "AllowedValues: [\"30\", \"60\", \"120\", \"300\"]", "AllowedValues: [\"30\", \"60\", \"120\", \"300\", \"600\"]", "visibility is six times the time-out"},
	{"dead letters are kept for less", "QueueName: !Sub \"${Name}-dlq\"\n      MessageRetentionPeriod: 1209600", "QueueName: !Sub \"${Name}-dlq\"\n      MessageRetentionPeriod: 345600", "retention and redrive"},
	{"receives count as attempts", "maxReceiveCount: 1000", "maxReceiveCount: 5", "retention and redrive"},
	{"the redrive goes elsewhere", "deadLetterTargetArn: !GetAtt DeadLetters.Arn", "deadLetterTargetArn: !GetAtt Queue.Arn", "retention and redrive"},
	{"a queue is not encrypted", "SqsManagedSseEnabled: !If [HasQueueKey, !Ref AWS::NoValue, true]", "SqsManagedSseEnabled: !If [HasQueueKey, !Ref AWS::NoValue, false]", "queues are encrypted"},
	{"the time to live has another attribute", "AttributeName: expires, Enabled", "AttributeName: expire, Enabled", "the ledger is the worker's table"},
	{"the index is gone", "        - IndexName: unfinished\n", "        - IndexName: open\n", "the ledger is the worker's table"},
	{"the index lacks an attribute", "NonKeyAttributes: [state, first_seen, trouble]", "NonKeyAttributes: [state, first_seen]", "the ledger is the worker's table"},
	{"there is no point to recover to", "PointInTimeRecoveryEnabled: true", "PointInTimeRecoveryEnabled: false", "the ledger is the worker's table"},
	{"the table goes with the stack", "Type: AWS::DynamoDB::Table\n    DeletionPolicy: Retain\n", "Type: AWS::DynamoDB::Table\n    DeletionPolicy: Delete\n", "what people own outlives the stack"},
	{"the journal goes with the stack", "Type: AWS::Logs::LogGroup\n    DeletionPolicy: RetainExceptOnCreate\n", "Type: AWS::Logs::LogGroup\n    DeletionPolicy: Delete\n", "what people own outlives the stack"},
	{"a variable is misspelt", "POSTCONFIRM_DLQ_URL: !Ref DeadLetters", "POSTCONFIRM_DEAD_LETTERS: !Ref DeadLetters", "the environment is the contract's"},
	{"queue and dead letters are one", "POSTCONFIRM_DLQ_URL: !Ref DeadLetters", "POSTCONFIRM_DLQ_URL: !Ref Queue", "the environment is the contract's"},
	{"the ledger is a file in Lambda", "POSTCONFIRM_LEDGER: !Sub \"dynamodb:${Ledger}\"", "POSTCONFIRM_LEDGER: sqlite:/tmp/ledger.db", "the environment is the contract's"},
	{"a permission has no SourceArn", "      SourceAccount: !Ref AWS::AccountId\n      SourceArn: !Sub \"arn:${AWS::Partition}:cognito-idp:${AWS::Region}:${AWS::AccountId}:userpool/${UserPoolId}\"\n", "      SourceAccount: !Ref AWS::AccountId\n", "Cognito may call, for this pool only"},
	{"a permission is on the function, not on its alias", "FunctionName: !Ref TriggerAlias\n      Action", "FunctionName: !Ref Trigger\n      Action", "Cognito may call, for this pool only"},
	{"another architecture", "Architectures: [arm64]", "Architectures: [x86_64]", "functions are as the programs want them"},
	{"the trigger may take longer than Cognito waits", "Timeout: 5 # Cognito waits no longer", "Timeout: 30", "functions are as the programs want them"},
	{"versions stay the same", "Description: !Ref Release }", "Description: a version }", "functions are as the programs want them"},
	{"a log is kept for ever", "      LogGroupName: !Sub \"/aws/lambda/${Name}-worker\"\n      RetentionInDays: !Ref LogRetentionDays\n", "      LogGroupName: !Sub \"/aws/lambda/${Name}-worker\"\n", "logs have a group and an end"},
	{"a log is not the one that its function writes", "LoggingConfig: { LogGroup: !Ref WorkerLogs, LogFormat: Text }", "LoggingConfig: { LogGroup: /aws/lambda/other, LogFormat: Text }", "logs have a group and an end"},
	{"an alarm is renamed away from its page", "  AlarmDlqDepth:\n    Type: AWS::CloudWatch::Alarm\n", "  AlarmGone:\n    Type: AWS::CloudWatch::Alarm\n", "alarms have pages, and pages alarms"},
	{"an alarm names another's page", "Runbook deploy/runbooks/trigger-errors.md", "Runbook deploy/runbooks/trigger-throttles.md", "alarms have pages, and pages alarms"},
	{"an alarm tells nobody", "      AlarmActions: [!If [HasTopic, !Ref AlarmTopicArn, !Ref AWS::NoValue]]\n", "", "alarms have pages, and pages alarms"},
	{"an alarm asks for a metric that nobody gives", "MetricName: postconfirm_oldest_unfinished_seconds", "MetricName: postconfirm_oldest_seconds", "alarms ask for metrics that exist"},
	{"an alarm asks by dimensions that are not there", "SCHEMA(\"postconfirm\", dependency)", "SCHEMA(\"postconfirm\", vendor)", "alarms ask for metrics that exist"},
	{"the dashboard is no JSON", "\"widgets\": [", "\"widgets\": ", "the dashboard shows metrics that exist"},
	{"the dashboard shows what is not there", "[\"postconfirm\",\"Sent\"]", "[\"postconfirm\",\"Sends\"]", "the dashboard shows metrics that exist"},
	{"the trigger knows its pool", "          POSTCONFIRM_BUDGET: !Ref TriggerBudget\n", "          POSTCONFIRM_BUDGET: !Ref TriggerBudget\n          POOL: !Ref UserPoolId\n", "no circle, and the trigger knows no pool"},
	{"a circle is closed", "      QueueName: !Ref Name\n", "      QueueName: !GetAtt TriggerRole.RoleId\n", "no circle, and the trigger knows no pool"},
	{"a parameter takes anything", "    AllowedPattern: \"^[0-9A-Za-z._-]{1,64}$\"\n", "", "parameters are described and bounded"},
	{"a parameter's default is not allowed", "Default: 2.5s", "Default: 5s", "parameters are described and bounded"},
	{"the ledger has another name", "TableName: !Sub \"${Name}-ledger\"", "TableName: !Sub \"${Name}-table\"", "names are the shared ones"},
	{"an output is gone", "  DeadLettersUrl:\n", "  DeadLetters:\n", "names are the shared ones"},
	{"a reference leads nowhere", "deadLetterTargetArn: !GetAtt DeadLetters.Arn", "deadLetterTargetArn: !GetAtt DeadLetter.Arn", "references lead somewhere, and rules hold"},
	{"a key is there twice", "      BatchSize: 10\n", "      BatchSize: 10\n      BatchSize: 10\n", "references lead somewhere, and rules hold"},
}

func TestEverySeededFaultIsNoticed(t *testing.T) {
	whole := read(t, "template.yaml")
	for _, s := range seededFaults {
		t.Run(s.what, func(t *testing.T) {
			if !strings.Contains(whole, s.from) {
				t.Fatalf("the template has no %q: the fault can't be seeded", s.from)
			}
			faults := cloudformation.Run([]byte(strings.Replace(whole, s.from, s.to, 1)), world(t))
			if len(faults[s.check]) == 0 {
				t.Errorf("%q noticed nothing; others: %v", s.check, faults)
			}
		})
	}
}

// Every check is proven by a fault of its own.
func TestEveryCheckHasAFault(t *testing.T) {
	proven := map[string]bool{}
	for _, s := range seededFaults {
		proven[s.check] = true
	}
	for _, c := range cloudformation.Checks() {
		if !proven[c.Name] {
			t.Errorf("no fault proves %q", c.Name)
		}
		delete(proven, c.Name)
	}
	if left := slices.Collect(maps.Keys(proven)); len(left) > 0 {
		t.Errorf("no check is called %q", left)
	}
}

// action is an action in a policy of the template, or kms:ViaService, the key of a condition.
var action = regexp.MustCompile(`(?:cognito-idp|dynamodb|kms|lambda|logs|s3|secretsmanager|ses|sqs|ssm|sts):[A-Z]\w+`)

func TestEveryActionThatIsMisspeltIsNoticed(t *testing.T) {
	whole, w := read(t, "template.yaml"), world(t)
	places := action.FindAllStringIndex(whole, -1)
	if len(places) < 40 {
		t.Fatalf("%d actions", len(places))
	}
	for _, at := range places {
		faults := cloudformation.Run([]byte(whole[:at[1]]+"s"+whole[at[1]:]), w)
		if len(faults["actions are known"])+len(faults["queues name their senders"])+len(faults["rights are scoped to their service"]) == 0 {
			t.Errorf("%ss at byte %d: %v", whole[at[0]:at[1]], at[0], faults)
		}
	}
}

// block is a resource of the template that is an alarm.
var block = regexp.MustCompile(`(?m)^  (Alarm\w+):\n    Type: AWS::CloudWatch::Alarm\n(?:    .*\n)+`)

func TestEveryAlarmThatIsTakenAwayIsNoticed(t *testing.T) {
	whole, w := read(t, "template.yaml"), world(t)
	found := block.FindAllStringSubmatchIndex(whole, -1)
	if len(found) != len(w.Pages) {
		t.Fatalf("%d alarms, %d pages", len(found), len(w.Pages))
	}
	for _, at := range found {
		if faults := cloudformation.Run([]byte(whole[:at[0]]+whole[at[1]:]), w); len(faults["alarms have pages, and pages alarms"]) == 0 {
			t.Errorf("%s is gone: %v", whole[at[2]:at[3]], faults)
		}
	}
}

// In a stack that owns its pool, a right on the pool inside of the role of one of its triggers closes a circle.
func TestACircleWithThePoolIsNoticed(t *testing.T) {
	whole, w := read(t, "with-pool.yaml"), world(t)
	for _, values := range w.Values {
		delete(values, "UserPoolId")
	}
	const from = "Resource: !GetAtt PreSignUpLogs.Arn }\n"
	faults := cloudformation.Run([]byte(strings.Replace(whole, from, from+"              - { Sid: Pool, Effect: Allow, Action: cognito-idp:ListUsers, Resource: !GetAtt Pool.Arn }\n", 1)), w)
	got := strings.Join(faults["no circle, and the trigger knows no pool"], "\n")
	for _, part := range []string{"a circle:", "PreSignUpRole", "Pool → "} {
		if !strings.Contains(got, part) {
			t.Errorf("%q is not in %q", part, got)
		}
	}
}
