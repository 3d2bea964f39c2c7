package sqs

import (
	"context"
	"maps"
)

// maxTags is how many tags a queue may have (SQS Developer Guide, "Cost allocation tags").
const maxTags = 50

type tagInput struct {
	QueueUrl string
	Tags     map[string]string
}

func (s *Service) tagQueue(_ context.Context, in *tagInput) (*empty, error) {
	s.enter()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	tags := maps.Clone(q.tags)
	maps.Copy(tags, in.Tags)
	if len(tags) > maxTags {
		return nil, invalidValue("Too many tags added for queue %s.", q.name)
	}
	q.tags = tags
	return nil, nil
}

type untagInput struct {
	QueueUrl string
	TagKeys  []string
}

func (s *Service) untagQueue(_ context.Context, in *untagInput) (*empty, error) {
	s.enter()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	for _, key := range in.TagKeys {
		delete(q.tags, key)
	}
	return nil, nil
}

type tagsOutput struct {
	Tags map[string]string `json:",omitempty"`
}

func (s *Service) listQueueTags(_ context.Context, in *queueInput) (*tagsOutput, error) {
	s.enter()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return &tagsOutput{Tags: maps.Clone(q.tags)}, nil
}
