package sqsout

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/trigger"
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
	e := &environment{getenv: getenv}
	where, roots := e.address(), e.trust()
	options := &trigger.Options{
		Budget: e.budget(), OnError: e.onError(), FairQueues: e.fairQueues(), MetadataKeys: e.metadataKeys(), Log: log,
	}
	if err := e.err(); err != nil {
		return nil, nil, err
	}
	return newSender(where, getenv, newDialer(roots)), options, nil
}

// environment reads variables and collects what is wrong with them.
type environment struct {
	getenv   func(string) string
	mistakes []error
}

// get reads a variable; spaces around a value, or a newline after it, are never meant.
func (e *environment) get(name string) string { return strings.TrimSpace(e.getenv(name)) }

func (e *environment) mistake(name, found, meant string) {
	if found == "" {
		e.mistakes = append(e.mistakes, fmt.Errorf("%s is not set: %s", name, meant))
		return
	}
	e.mistakes = append(e.mistakes, fmt.Errorf("%s is %s: %s", name, shown(found), meant))
}

func (e *environment) err() error { return errors.Join(e.mistakes...) }

// shown quotes a value, without what may be a secret in a URL, and not without end.
func shown(value string) string {
	value, query, cut := strings.Cut(value, "?")
	if _, after, ok := strings.Cut(value, "@"); ok {
		value = "[hidden]@" + after
	}
	if cut && query != "" {
		value += "?[hidden]"
	}
	if len(value) > 120 {
		value = value[:120] + "…"
	}
	return fmt.Sprintf("%q", value)
}

func (e *environment) budget() time.Duration {
	const name = "POSTCONFIRM_BUDGET"
	found := e.get(name)
	if found == "" {
		return trigger.DefaultBudget
	}
	d, err := time.ParseDuration(found)
	if err != nil || d < trigger.MinBudget || d > trigger.MaxBudget {
		e.mistake(name, found, fmt.Sprintf("a duration from %v to %v is meant, such as 2.5s", trigger.MinBudget, trigger.MaxBudget))
	}
	return d
}

func (e *environment) onError() string {
	const name = "POSTCONFIRM_ON_ERROR"
	switch found := e.get(name); found {
	case "", trigger.FailOpen:
		return trigger.FailOpen
	case trigger.FailClosed:
		return trigger.FailClosed
	default:
		e.mistake(name, found, "open or closed is meant")
		return ""
	}
}

func (e *environment) fairQueues() string {
	const name = "POSTCONFIRM_FAIR_QUEUES"
	switch found := e.get(name); found {
	case "", "off":
		return ""
	case trigger.FairByClient:
		return trigger.FairByClient
	default:
		e.mistake(name, found, "client or off is meant")
		return ""
	}
}

// maxKey is the longest metadata key that may be allowed, in bytes.
const maxKey = 128

func (e *environment) metadataKeys() (keys []string) {
	const name = "POSTCONFIRM_METADATA_KEYS"
	found := e.get(name)
	if found == "" {
		return nil
	}
	for key := range strings.SplitSeq(found, ",") {
		if key = strings.TrimSpace(key); key == "" || len(key) > maxKey {
			e.mistake(name, found, fmt.Sprintf("names of 1 to %d bytes, with commas between them, are meant", maxKey))
			return nil
		}
		keys = append(keys, key)
	}
	if len(keys) > trigger.MaxMetadataKeys {
		e.mistake(name, found, fmt.Sprintf("at most %d names are meant; these are %d", trigger.MaxMetadataKeys, len(keys)))
	}
	return keys
}
