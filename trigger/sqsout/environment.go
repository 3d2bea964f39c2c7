package sqsout

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/trigger"
	"github.com/postconfirm/postconfirm/trigger/lambdaenv"
)

// FromEnvironment makes the handler of the trigger from the variables of its function.
//
//	POSTCONFIRM_QUEUE_URL       required: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME
//	POSTCONFIRM_BUDGET          for one invocation, 100ms to 4s; 2.5s
//	POSTCONFIRM_ON_ERROR        open | closed; open
//	POSTCONFIRM_FAIR_QUEUES     client | off: the app client is the message group, or there is none; off
//	POSTCONFIRM_METADATA_KEYS   comma list of the clientMetadata keys that travel; none
//	AWS_REGION                  where the queue's URL names no Region; AWS_DEFAULT_REGION after it
//	AWS_ACCESS_KEY_ID           with AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, read anew for each request
//	AWS_ENDPOINT_URL_SQS        for emulators; AWS_ENDPOINT_URL after it
//	AWS_IGNORE_CONFIGURED_ENDPOINT_URLS   true: neither of them counts
//	AWS_CA_BUNDLE               a file of the roots that count, and no others; SSL_CERT_FILE and SSL_CERT_DIR replace the system's
//
// The error has one line for every variable that can't be meant as it is: its name, what was found, what is meant.
// log gets the handler's lines.
func FromEnvironment(getenv func(string) string, log io.Writer) (*trigger.Handler, error) {
	sender, options, err := assemble(getenv, log)
	if err != nil {
		return nil, err
	}
	return trigger.New(sender, options), nil
}

// assemble reads all variables.
func assemble(getenv func(string) string, log io.Writer) (*Sender, *trigger.Options, error) {
	e := newEnvironment(getenv)
	where, roots := e.address(), e.trust()
	options := &trigger.Options{
		Budget: e.budget(), OnError: e.onError(), FairQueues: e.fairQueues(), MetadataKeys: e.metadataKeys(), Log: log,
	}
	if err := e.Err(); err != nil {
		return nil, nil, err
	}
	return newSender(where, getenv, newDialer(roots)), options, nil
}

// environment is what this package reads of the variables.
type environment struct{ lambdaenv.Environment }

func newEnvironment(getenv func(string) string) *environment {
	return &environment{lambdaenv.Environment{Getenv: getenv}}
}

func (e *environment) budget() time.Duration {
	const name = "POSTCONFIRM_BUDGET"
	found := e.Get(name)
	if found == "" {
		return trigger.DefaultBudget
	}
	d, err := time.ParseDuration(found)
	if err != nil || d < trigger.MinBudget || d > trigger.MaxBudget {
		e.Mistake(name, found, fmt.Sprintf("a duration from %v to %v is meant, such as 2.5s", trigger.MinBudget, trigger.MaxBudget))
	}
	return d
}

func (e *environment) onError() string {
	const name = "POSTCONFIRM_ON_ERROR"
	switch found := e.Get(name); found {
	case "", trigger.FailOpen:
		return trigger.FailOpen
	case trigger.FailClosed:
		return trigger.FailClosed
	default:
		e.Mistake(name, found, "open or closed is meant")
		return ""
	}
}

func (e *environment) fairQueues() string {
	const name = "POSTCONFIRM_FAIR_QUEUES"
	switch found := e.Get(name); found {
	case "", "off":
		return ""
	case trigger.FairByClient:
		return trigger.FairByClient
	default:
		e.Mistake(name, found, "client or off is meant")
		return ""
	}
}

// maxKey is the longest metadata key that may be allowed, in bytes.
const maxKey = 128

func (e *environment) metadataKeys() (keys []string) {
	const name = "POSTCONFIRM_METADATA_KEYS"
	found := e.Get(name)
	if found == "" {
		return nil
	}
	for key := range strings.SplitSeq(found, ",") {
		if key = strings.TrimSpace(key); key == "" || len(key) > maxKey {
			e.Mistake(name, found, fmt.Sprintf("names of 1 to %d bytes, with commas between them, are meant", maxKey))
			return nil
		}
		keys = append(keys, key)
	}
	if len(keys) > trigger.MaxMetadataKeys {
		e.Mistake(name, found, fmt.Sprintf("at most %d names are meant; these are %d", trigger.MaxMetadataKeys, len(keys)))
	}
	return keys
}
