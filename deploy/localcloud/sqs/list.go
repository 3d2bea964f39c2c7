package sqs

import (
	"context"
	"encoding/base64"
	"maps"
	"slices"
	"strings"
)

// maxResults is how many queues one page may have, and has if nothing else is asked for.
const maxResults = 1000

// page is the part of a list that was asked for.
type page struct {
	MaxResults *int
	NextToken  string // base64 of the last name of the page before
}

type listQueuesInput struct {
	QueueNamePrefix string
	page
}

type listQueuesOutput struct {
	QueueUrls []string `json:",omitempty"`
	NextToken string   `json:",omitempty"`
}

func (s *Service) listQueues(ctx context.Context, in *listQueuesInput) (*listQueuesOutput, error) {
	s.enter()
	defer s.mu.Unlock()
	urls, next, err := s.list(ctx, in.page, func(q *queue) bool { return strings.HasPrefix(q.name, in.QueueNamePrefix) })
	return &listQueuesOutput{urls, next}, err
}

type listSourcesInput struct {
	QueueUrl string
	page
}

type listSourcesOutput struct {
	QueueUrls []string `json:"queueUrls"` // with a small q: SQS API Reference, ListDeadLetterSourceQueues
	NextToken string   `json:",omitempty"`
}

func (s *Service) listDeadLetterSourceQueues(ctx context.Context, in *listSourcesInput) (*listSourcesOutput, error) {
	s.enter()
	defer s.mu.Unlock()
	target, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	urls, next, err := s.list(ctx, in.page, func(q *queue) bool { return q.buriesIn(target) })
	return &listSourcesOutput{urls, next}, err
}

func (q *queue) buriesIn(target *queue) bool {
	return q.settings.redrive != nil && q.settings.redrive.target == target.arn
}

// list pages through the URLs of the queues that are wanted, by name. The caller holds the lock.
func (s *Service) list(ctx context.Context, p page, want func(*queue) bool) (urls []string, next string, err error) {
	most := maxResults
	if p.MaxResults != nil {
		if most = *p.MaxResults; most < 1 || most > maxResults {
			return nil, "", invalidValue("Value for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 1000.")
		}
	}
	after, err := base64.StdEncoding.DecodeString(p.NextToken)
	if err != nil {
		return nil, "", invalidValue("Invalid or expired next token.")
	}
	urls = []string{}
	last := ""
	for _, name := range slices.Sorted(maps.Keys(s.queues)) {
		if name <= string(after) || !want(s.queues[name]) {
			continue
		}
		if len(urls) == most {
			if p.MaxResults != nil {
				next = base64.StdEncoding.EncodeToString([]byte(last))
			}
			return urls, next, nil
		}
		urls, last = append(urls, s.url(ctx, name)), name
	}
	return urls, "", nil
}
