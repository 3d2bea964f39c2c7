package amazon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// ErrNoQueue says that a queue does not exist.
var ErrNoQueue = errors.New("no such queue")

// About is what the worker wants to know of a queue before it starts.
type About struct {
	Retention   time.Duration
	MaxReceives int // of the redrive policy; 0 if there is none
	Visibility  time.Duration
}

// InspectQueue is one GetQueueAttributes.
func InspectQueue(ctx context.Context, client *sqs.Client, url string) (About, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{
		types.QueueAttributeNameMessageRetentionPeriod, types.QueueAttributeNameRedrivePolicy,
		types.QueueAttributeNameVisibilityTimeout}})
	var missing *types.QueueDoesNotExist
	switch {
	case errors.As(err, &missing):
		return About{}, ErrNoQueue
	case err != nil:
		return About{}, fmt.Errorf("sqs: read queue attributes: %w", classify(err))
	}
	var about About
	for name, into := range map[string]*time.Duration{"MessageRetentionPeriod": &about.Retention, "VisibilityTimeout": &about.Visibility} {
		seconds, err := strconv.Atoi(out.Attributes[name])
		if err != nil {
			return About{}, fmt.Errorf("sqs: read queue attributes: no %s in the answer", name)
		}
		*into = time.Duration(seconds) * time.Second
	}
	var policy struct {
		MaxReceiveCount json.Number `json:"maxReceiveCount"` // AWS writes it as a number or as a string
	}
	if json.Unmarshal([]byte(out.Attributes["RedrivePolicy"]), &policy) == nil {
		about.MaxReceives, _ = strconv.Atoi(policy.MaxReceiveCount.String())
	}
	return about, nil
}
