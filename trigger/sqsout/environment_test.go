package sqsout

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden file anew")

func env(all map[string]string) func(string) string {
	return func(name string) string { return all[name] }
}

// reached is an environment, and where messages go in it.
type reached struct {
	env  map[string]string
	want address
}

func queuesOfAWS() map[string]reached {
	return map[string]reached{
		"to the queue's own host": {
			map[string]string{"POSTCONFIRM_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/signups", "AWS_REGION": "eu-west-1"},
			address{"https://sqs.eu-west-1.amazonaws.com/123456789012/signups", "https://sqs.eu-west-1.amazonaws.com", "eu-west-1"},
		},
		"to a queue of another Region": {
			map[string]string{"POSTCONFIRM_QUEUE_URL": "https://sqs.us-gov-west-1.amazonaws.com/123456789012/signups", "AWS_REGION": "eu-west-1"},
			address{"https://sqs.us-gov-west-1.amazonaws.com/123456789012/signups", "https://sqs.us-gov-west-1.amazonaws.com", "us-gov-west-1"},
		},
		"to a queue in China": {
			map[string]string{"POSTCONFIRM_QUEUE_URL": "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/signups"},
			address{"https://sqs.cn-north-1.amazonaws.com.cn/123456789012/signups", "https://sqs.cn-north-1.amazonaws.com.cn", "cn-north-1"},
		},
		"to a FIPS endpoint": {
			map[string]string{"POSTCONFIRM_QUEUE_URL": "https://sqs-fips.us-east-1.amazonaws.com/123456789012/signups"},
			address{"https://sqs-fips.us-east-1.amazonaws.com/123456789012/signups", "https://sqs-fips.us-east-1.amazonaws.com", "us-east-1"},
		},
		"to a VPC endpoint": {
			map[string]string{"POSTCONFIRM_QUEUE_URL": "https://vpce-0a1-b2.sqs.eu-west-1.vpce.amazonaws.com/123456789012/signups"},
			address{"https://vpce-0a1-b2.sqs.eu-west-1.vpce.amazonaws.com/123456789012/signups", "https://vpce-0a1-b2.sqs.eu-west-1.vpce.amazonaws.com", "eu-west-1"},
		},
		"from a URL of the old form": {
			map[string]string{"POSTCONFIRM_QUEUE_URL": "https://us-west-2.queue.amazonaws.com/123456789012/signups"},
			address{"https://us-west-2.queue.amazonaws.com/123456789012/signups", "https://sqs.us-west-2.amazonaws.com", "us-west-2"},
		},
		"from a URL of the oldest form": {
			map[string]string{"POSTCONFIRM_QUEUE_URL": "https://queue.amazonaws.com/123456789012/signups", "AWS_REGION": "us-east-1"},
			address{"https://queue.amazonaws.com/123456789012/signups", "https://sqs.us-east-1.amazonaws.com", "us-east-1"},
		},
	}
}

func emulators() map[string]reached {
	const emulator = "http://127.0.0.1:4566"
	return map[string]reached{
		"to an emulator on this machine": {
			map[string]string{"POSTCONFIRM_QUEUE_URL": "http://127.0.0.1:4566/000000000000/signups", "AWS_DEFAULT_REGION": "eu-west-1"},
			address{"http://127.0.0.1:4566/000000000000/signups", emulator, "eu-west-1"},
		},
		"to an emulator by its name": {
			map[string]string{"POSTCONFIRM_QUEUE_URL": "http://sqs.eu-central-1.localhost:4566/000000000000/signups"},
			address{"http://sqs.eu-central-1.localhost:4566/000000000000/signups", "http://sqs.eu-central-1.localhost:4566", "eu-central-1"},
		},
		"to the configured endpoint of the service, before the general one": {
			map[string]string{
				"POSTCONFIRM_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/signups",
				"AWS_ENDPOINT_URL_SQS":  emulator + "/", "AWS_ENDPOINT_URL": "http://elsewhere",
			},
			address{"https://sqs.eu-west-1.amazonaws.com/123456789012/signups", emulator, "eu-west-1"},
		},
		"to the general endpoint, with a queue of plain http": {
			map[string]string{
				"POSTCONFIRM_QUEUE_URL": "http://elasticmq:9324/000000000000/signups", "AWS_ENDPOINT_URL": "http://elasticmq:9324", "AWS_REGION": "elasticmq",
			},
			address{"http://elasticmq:9324/000000000000/signups", "http://elasticmq:9324", "elasticmq"},
		},
		"not to endpoints that are to be ignored": {
			map[string]string{
				"POSTCONFIRM_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/signups",
				"AWS_ENDPOINT_URL_SQS":  emulator, "AWS_ENDPOINT_URL": "http://elsewhere", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "TRUE",
			},
			address{"https://sqs.eu-west-1.amazonaws.com/123456789012/signups", "https://sqs.eu-west-1.amazonaws.com", "eu-west-1"},
		},
		"without the spaces around a value": {
			map[string]string{"POSTCONFIRM_QUEUE_URL": " https://sqs.eu-west-1.amazonaws.com/123456789012/signups\n"},
			address{"https://sqs.eu-west-1.amazonaws.com/123456789012/signups", "https://sqs.eu-west-1.amazonaws.com", "eu-west-1"},
		},
	}
}

func TestWhereMessagesGo(t *testing.T) {
	all := queuesOfAWS()
	maps.Copy(all, emulators())
	for name, tt := range all {
		t.Run(name, func(t *testing.T) {
			e := newEnvironment(env(tt.env))
			got := e.address()
			if err := e.Err(); err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
			if s, err := NewSender(env(tt.env)); err != nil || s.queue != tt.want.queue || s.endpoint != tt.want.endpoint || *s.client.Options().BaseEndpoint != s.endpoint {
				t.Errorf("%+v, %v", s, err)
			}
		})
	}
}

// TestMistakesAreToldAllAtOnce fixes the words of every refusal.
func TestMistakesAreToldAllAtOnce(t *testing.T) {
	const good = "https://sqs.eu-west-1.amazonaws.com/123456789012/signups"
	var all strings.Builder
	for _, tt := range []struct {
		name string
		env  map[string]string
	}{
		{"nothing is set", nil},
		{"everything is wrong", map[string]string{
			"POSTCONFIRM_QUEUE_URL": "signups", "POSTCONFIRM_BUDGET": "5s", "POSTCONFIRM_ON_ERROR": "fail",
			"POSTCONFIRM_FAIR_QUEUES": "user", "POSTCONFIRM_METADATA_KEYS": "plan,,x", "AWS_ENDPOINT_URL_SQS": "127.0.0.1:4566",
		}},
		{"an ARN", map[string]string{"POSTCONFIRM_QUEUE_URL": "arn:aws:sqs:eu-west-1:123456789012:signups"}},
		{"no path", map[string]string{"POSTCONFIRM_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com"}},
		{"no name", map[string]string{"POSTCONFIRM_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/"}},
		{"too long a path", map[string]string{"POSTCONFIRM_QUEUE_URL": good + "/more"}},
		{"an escaped path", map[string]string{"POSTCONFIRM_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1%2f2/signups"}},
		{"too long a name", map[string]string{"POSTCONFIRM_QUEUE_URL": good + strings.Repeat("x", 80)}},
		{"a FIFO queue", map[string]string{"POSTCONFIRM_QUEUE_URL": good + ".fifo"}},
		{"plain http", map[string]string{"POSTCONFIRM_QUEUE_URL": "http://sqs.eu-west-1.amazonaws.com/123456789012/signups"}},
		{"another scheme", map[string]string{"POSTCONFIRM_QUEUE_URL": "ftp://127.0.0.1/123456789012/signups"}},
		{"no URL at all", map[string]string{"POSTCONFIRM_QUEUE_URL": "https://[::1"}},
		{"a password in it", map[string]string{"POSTCONFIRM_QUEUE_URL": "https://ada:hunter2@sqs.eu-west-1.amazonaws.com/123456789012/signups"}},
		{"a signature in it", map[string]string{"POSTCONFIRM_QUEUE_URL": good + "?X-Amz-Signature=hunter2"}},
		{"no Region", map[string]string{"POSTCONFIRM_QUEUE_URL": "http://localhost:4566/000000000000/signups"}},
		{"a budget without unit", map[string]string{"POSTCONFIRM_QUEUE_URL": good, "POSTCONFIRM_BUDGET": "2500"}},
		{"a budget too small", map[string]string{"POSTCONFIRM_QUEUE_URL": good, "POSTCONFIRM_BUDGET": "99ms"}},
		{"a budget below zero", map[string]string{"POSTCONFIRM_QUEUE_URL": good, "POSTCONFIRM_BUDGET": "-1s"}},
		{"an endpoint with a password", map[string]string{"POSTCONFIRM_QUEUE_URL": good, "AWS_ENDPOINT_URL": "http://ada:hunter2@127.0.0.1"}},
		{"an endpoint without host", map[string]string{"POSTCONFIRM_QUEUE_URL": good, "AWS_ENDPOINT_URL": "http://"}},
		{"capital letters", map[string]string{"POSTCONFIRM_QUEUE_URL": good, "POSTCONFIRM_ON_ERROR": "Closed"}},
		{"a group that isn't offered", map[string]string{"POSTCONFIRM_QUEUE_URL": good, "POSTCONFIRM_FAIR_QUEUES": "pool"}},
		{"a client in capital letters", map[string]string{"POSTCONFIRM_QUEUE_URL": good, "POSTCONFIRM_FAIR_QUEUES": "Client"}},
		{"too long a key", map[string]string{"POSTCONFIRM_QUEUE_URL": good, "POSTCONFIRM_METADATA_KEYS": strings.Repeat("k", 129)}},
		{"too many keys", map[string]string{"POSTCONFIRM_QUEUE_URL": good, "POSTCONFIRM_METADATA_KEYS": strings.Repeat("k,", 32) + "k"}},
	} {
		_, err := FromEnvironment(env(tt.env), nil)
		if err == nil {
			t.Fatalf("%s: accepted", tt.name)
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the secret is told: %v", tt.name, err)
		}
		all.WriteString("# " + tt.name + "\n" + err.Error() + "\n")
	}
	path := filepath.Join("testdata", "mistakes.golden")
	if *update {
		if err := os.WriteFile(path, []byte(all.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), all.String()); diff != "" {
		t.Errorf("the words changed (-file +now):\n%s", diff)
	}
}

func TestNewSenderTellsOnlyOfTheQueue(t *testing.T) {
	_, err := NewSender(env(map[string]string{"POSTCONFIRM_BUDGET": "5s"}))
	if err == nil || strings.Contains(err.Error(), "BUDGET") || !strings.Contains(err.Error(), "POSTCONFIRM_QUEUE_URL") {
		t.Error(err)
	}
}
