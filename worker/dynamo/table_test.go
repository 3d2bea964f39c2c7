package dynamo_test

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker/dynamo"
)

func TestATableThatDoesNotFitIsSentWithItsMend(t *testing.T) {
	change := func(from, to string) answer { return says(200, strings.Replace(healthy, from, to, 1)) }
	for _, c := range []struct {
		name, table string
		answer      answer
		want        []string
	}{
		{"no such table", "ledger", awsError("ResourceNotFoundException"), []string{"there is no such table",
			"aws dynamodb create-table --region eu-west-1 --table-name ledger --billing-mode PAY_PER_REQUEST", "AttributeName=generation,KeyType=RANGE"}},
		{"no permission", "ledger", awsError("AccessDeniedException"), []string{"access_denied", "dynamodb:DescribeTable"}},
		{"nobody there", "ledger", resets, []string{"network", "endpoint"}},
		{"a name that is none", "a b;c", nil, []string{"no name of a table"}},
		{"other keys", "ledger", change(`"AttributeName":"person","KeyType"`, `"AttributeName":"id","KeyType"`),
			[]string{"its keys are id (, HASH), generation (S, RANGE)", "--table-name ledger-2"}},
		{"a key of numbers", "ledger", change(`"person","AttributeType":"S"`, `"person","AttributeType":"N"`), []string{"person (N, HASH)"}},
		{"one key only", "ledger", change(`,{"AttributeName":"generation","KeyType":"RANGE"}`, ``), []string{"its keys are person (S, HASH), not"}},
		{"no index", "ledger", change(`"IndexName":"unfinished"`, `"IndexName":"other"`),
			[]string{"no index named unfinished", "aws dynamodb update-table --region eu-west-1 --table-name ledger", `"Create":{"IndexName":"unfinished"`}},
		{"an index with other keys", "ledger", change(`[{"AttributeName":"unfinished","KeyType":"HASH"}]`, `[{"AttributeName":"generation","KeyType":"HASH"}]`),
			[]string{"generation (S, HASH), not unfinished (S, HASH)", `[{"Delete":{"IndexName":"unfinished"}}]' ; aws dynamodb update-table`}},
		{"an index without what is read from it", "ledger", change(`,"first_seen"`, ``), []string{"its index lacks state or first_seen", `[{"Delete":{"IndexName":"unfinished"}}]' ; aws dynamodb update-table`}},
		{"an index of an earlier version", "ledger", change(`,"trouble"]`, `]`), []string{"its index lacks state or first_seen or trouble", `"NonKeyAttributes":["state","first_seen","trouble"]`}},
		{"not ready", "ledger", change("ACTIVE", "CREATING"), []string{"it is CREATING", "aws dynamodb wait table-exists --region eu-west-1 --table-name ledger"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := dynamo.Open(t.Context(), client(&script{t: t, answers: []answer{c.answer}}), c.table, nil)
			var unusable *dynamo.Unusable
			if !errors.As(err, &unusable) {
				t.Fatalf("got %v", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
			if strings.Contains(err.Error(), "%!") {
				t.Errorf("the command is not whole: %v", err)
			}
		})
	}
	t.Run("a table that is being changed is good enough", func(t *testing.T) {
		if _, err := dynamo.Open(t.Context(), client(&script{t: t, answers: []answer{change("ACTIVE", "UPDATING")}}), "ledger", nil); err != nil {
			t.Error(err)
		}
	})
}

// TestTheCommandCreatesWhatCreateTableCreates reads the command that Open suggests, and compares it with the request.
func TestTheCommandCreatesWhatCreateTableCreates(t *testing.T) {
	_, err := dynamo.Open(t.Context(), client(&script{t: t, answers: []answer{awsError("ResourceNotFoundException")}}), "ledger", nil)
	s := &script{t: t, answers: []answer{says(200, `{}`), says(200, healthy)}}
	if err := dynamo.CreateTable(t.Context(), client(s), "ledger"); err != nil {
		t.Fatal(err)
	}
	request := s.calls[0].body
	flags := map[string]any{"BillingMode": request["BillingMode"], "TableName": "ledger",
		"AttributeDefinitions":   pairs(err.Error(), "--attribute-definitions", "AttributeName", "AttributeType"),
		"KeySchema":              pairs(err.Error(), "--key-schema", "AttributeName", "KeyType"),
		"GlobalSecondaryIndexes": index(t, err.Error())}
	if got, want := encoded(flags), encoded(request); got != want || !strings.Contains(err.Error(), "--billing-mode "+request["BillingMode"].(string)) {
		t.Errorf("the command says\n%sthe request\n%s", got, want)
	}
}

// pairs reads "--flag A=x,B=y A=z,B=u".
func pairs(command, flag, a, b string) []any {
	_, rest, _ := strings.Cut(command, flag+" ")
	rest, _, _ = strings.Cut(rest, " --")
	var list []any
	for _, m := range regexp.MustCompile(a+`=(\w+),`+b+`=(\w+)`).FindAllStringSubmatch(rest, -1) {
		list = append(list, map[string]any{a: m[1], b: m[2]})
	}
	return list
}

func index(t *testing.T, command string) (list []any) {
	t.Helper()
	_, rest, _ := strings.Cut(command, "--global-secondary-indexes '")
	rest, _, _ = strings.Cut(rest, "'")
	if err := json.Unmarshal([]byte(rest), &list); err != nil {
		t.Fatalf("%v in %s", err, rest)
	}
	return list
}

func TestCreateTable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{t: t, answers: []answer{awsError("ResourceInUseException"), says(200, strings.Replace(healthy, "ACTIVE", "CREATING", 1)), says(200, healthy)}}
		if err := dynamo.CreateTable(t.Context(), client(s), "ledger"); err != nil || s.operations() != "CreateTable DescribeTable DescribeTable" {
			t.Errorf("a table that is there: got %v after %s", err, s.operations())
		}
		s = &script{t: t, answers: []answer{awsError("LimitExceededException")}}
		if err := dynamo.CreateTable(t.Context(), client(s), "ledger"); enrich.Failure(err).Kind != enrich.Throttled {
			t.Errorf("too many tables at once: got %v", err)
		}
	})
}
