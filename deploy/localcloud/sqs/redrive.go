package sqs

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/postconfirm/postconfirm/deploy/localcloud/awsjson"
)

// redrivePolicy says where messages go that were received too often (SQS API Reference, SetQueueAttributes).
type redrivePolicy struct {
	target string // ARN of the dead-letter queue
	max    int    // receives that a message survives
}

// String is the policy as GetQueueAttributes tells it, whichever way the number came in.
func (p *redrivePolicy) String() string {
	return fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`, p.target, p.max)
}

// parseRedrive reads a policy. Both members are needed: AWS is documented to default the count to 10, and recorded
// to refuse a policy without it.
func parseRedrive(value string) (*redrivePolicy, error) {
	var in struct {
		DeadLetterTargetArn string          `json:"deadLetterTargetArn"`
		MaxReceiveCount     json.RawMessage `json:"maxReceiveCount"` // a number, or a number in quotes
	}
	if err := awsjson.Strictly([]byte(value), &in); err != nil {
		return nil, invalidValue("Value %s for parameter RedrivePolicy is invalid. Reason: Redrive policy is not a valid JSON map.", value)
	}
	if in.DeadLetterTargetArn == "" {
		return nil, badRedrive(value, "Redrive policy does not contain mandatory attribute: deadLetterTargetArn.")
	}
	if in.MaxReceiveCount == nil {
		return nil, badRedrive(value, "Redrive policy does not contain mandatory attribute: maxReceiveCount.")
	}
	count, err := strconv.Atoi(strings.Trim(string(in.MaxReceiveCount), `"`))
	if err != nil || count < 1 || count > 1000 {
		return nil, badRedrive(value, "Invalid value for maxReceiveCount: %s, valid values are from 1 to 1000 both inclusive.",
			in.MaxReceiveCount)
	}
	return &redrivePolicy{target: in.DeadLetterTargetArn, max: count}, nil
}

func badRedrive(value, reason string, values ...any) error {
	return invalidValue("Value %s for parameter RedrivePolicy is invalid. Reason: %s", value, fmt.Sprintf(reason, values...))
}

// redriveAllowPolicy says which queues may use this one as their dead-letter queue.
type redriveAllowPolicy struct {
	Permission string   `json:"redrivePermission"` // allowAll, denyAll, byQueue
	Sources    []string `json:"sourceQueueArns"`   // with byQueue: at most 10
}

func parseRedriveAllow(value string) (*redriveAllowPolicy, error) {
	p := new(redriveAllowPolicy)
	if err := awsjson.Strictly([]byte(value), p); err != nil {
		return nil, invalidAttribute("RedriveAllowPolicy")
	}
	switch p.Permission {
	case "allowAll", "denyAll":
		if len(p.Sources) == 0 {
			return p, nil
		}
	case "byQueue":
		if n := len(p.Sources); n > 0 && n <= 10 {
			return p, nil
		}
	}
	return nil, invalidAttribute("RedriveAllowPolicy")
}

func (p *redriveAllowPolicy) admits(source string) bool {
	return p == nil || p.Permission == "allowAll" || p.Permission == "byQueue" && slices.Contains(p.Sources, source)
}

// checkRedrive holds a queue's redrive policy against the queue it points to. The caller holds the lock.
func (s *Service) checkRedrive(source string, p *redrivePolicy) error {
	if p == nil {
		return nil
	}
	target := s.findARN(p.target)
	if target == nil {
		return badRedrive(p.String(), "Dead letter target does not exist.")
	}
	if !target.settings.allow.admits(source) {
		return badRedrive(p.String(), "The dead letter target's RedriveAllowPolicy does not permit this source queue.")
	}
	return nil
}
