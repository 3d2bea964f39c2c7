package sqs

import (
	"context"
	"maps"
	"strings"
	"unicode/utf8"
)

// What a queue's tags are held to (SQS Developer Guide, "Cost allocation tags"; AWS General Reference, "Tagging").
// Lengths are in characters.
const (
	maxTags     = 50
	maxTagKey   = 128
	maxTagValue = 256
)

// withTags adds tags to a copy of those that are there, or refuses.
func withTags(there, more map[string]string) (map[string]string, error) {
	tags := maps.Clone(there)
	if tags == nil {
		tags = map[string]string{}
	}
	for key, value := range more {
		switch {
		case key == "" || utf8.RuneCountInString(key) > maxTagKey:
			return nil, invalidValue("Tag keys must be between 1 and %d characters in length.", maxTagKey)
		case utf8.RuneCountInString(value) > maxTagValue:
			return nil, invalidValue("Tag values must be at most %d characters in length.", maxTagValue)
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return nil, invalidValue("Tag keys can't start with 'aws:', which is reserved for AWS use.")
		}
		tags[key] = value
	}
	if len(tags) > maxTags {
		return nil, invalidValue("Too many tags added for the queue: at most %d are allowed.", maxTags)
	}
	return tags, nil
}

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
	if in.Tags == nil {
		return nil, missing("Tags")
	}
	tags, err := withTags(q.tags, in.Tags)
	if err != nil {
		return nil, err
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
	if in.TagKeys == nil {
		return nil, missing("TagKeys")
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
