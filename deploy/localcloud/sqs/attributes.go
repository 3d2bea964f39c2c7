package sqs

import (
	"context"
	"slices"
	"strconv"
	"time"
)

type getAttributesInput struct {
	QueueUrl       string
	AttributeNames []string
}

type getAttributesOutput struct {
	Attributes map[string]string `json:",omitempty"`
}

func (s *Service) getQueueAttributes(_ context.Context, in *getAttributesInput) (*getAttributesOutput, error) {
	now := s.enter()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	q.settle(now)
	out := &getAttributesOutput{Attributes: map[string]string{}}
	for _, name := range in.AttributeNames {
		if name != "All" && !slices.Contains(attributeNames, name) {
			return nil, unknownAttribute(name)
		}
		for _, each := range attributeNames {
			if name != "All" && name != each {
				continue
			}
			if value := q.attribute(each); value != "" {
				out.Attributes[each] = value
			}
		}
	}
	return out, nil
}

// attributeNames are all that GetQueueAttributes knows; the last four have no value on a standard queue.
var attributeNames = []string{
	"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessagesNotVisible",
	"CreatedTimestamp", "LastModifiedTimestamp", "QueueArn",
	"DelaySeconds", "MaximumMessageSize", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds", "VisibilityTimeout",
	"RedrivePolicy", "RedriveAllowPolicy", "Policy", "SqsManagedSseEnabled", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds",
	"FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit",
}

// attribute is the value of an attribute, "" if there is none. Times are in seconds.
func (q *queue) attribute(name string) string {
	switch name {
	case "ApproximateNumberOfMessages":
		return strconv.Itoa(q.visible.Len())
	case "ApproximateNumberOfMessagesDelayed":
		return strconv.Itoa(q.hidden.Len() - q.inFlight)
	case "ApproximateNumberOfMessagesNotVisible":
		return strconv.Itoa(q.inFlight)
	case "CreatedTimestamp":
		return epoch(q.created)
	case "LastModifiedTimestamp":
		return epoch(q.modified)
	case "QueueArn":
		return q.arn
	}
	return q.settings.raw[name]
}

func epoch(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

type setAttributesInput struct {
	QueueUrl   string
	Attributes map[string]string
}

// setQueueAttributes changes all the attributes or none. A new retention period holds for old messages too; a new
// delay or visibility timeout does not (SQS API Reference, SetQueueAttributes).
func (s *Service) setQueueAttributes(_ context.Context, in *setAttributesInput) (*empty, error) {
	now := s.enter()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if in.Attributes == nil {
		return nil, missing("Attributes")
	}
	c, err := q.settings.with(in.Attributes)
	if err != nil {
		return nil, err
	}
	if err := s.checkRedrive(q.arn, c.redrive); err != nil {
		return nil, err
	}
	q.settle(now)
	q.settings, q.modified = c, s.clock(q.name, now)
	return nil, nil
}
