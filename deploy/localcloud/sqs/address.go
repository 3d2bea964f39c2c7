package sqs

import (
	"context"
	"fmt"
	"net/url"
	"strings"
)

// url is the address of a queue for the caller behind ctx.
func (s *Service) url(ctx context.Context, name string) string {
	host, _ := ctx.Value(hostKey{}).(string)
	return "http://" + host + "/" + s.account + "/" + name
}

// arn names a queue of this account and Region.
func (s *Service) arn(name string) string {
	return fmt.Sprintf("arn:aws:sqs:%s:%s:%s", s.region, s.account, name)
}

// find looks a queue up by the path of its URL; scheme and host don't matter, as they differ with the way a caller
// came in. The caller holds the lock.
func (s *Service) find(queueURL string) (*queue, error) {
	if queueURL == "" {
		return nil, missing("QueueUrl")
	}
	u, err := url.Parse(queueURL)
	if err != nil {
		return nil, invalidAddress(queueURL)
	}
	account, name, ok := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	if !ok || name == "" || strings.Contains(name, "/") {
		return nil, invalidAddress(queueURL)
	}
	q := s.queues[name]
	if account != s.account || q == nil {
		return nil, noSuchQueue()
	}
	return q, nil
}

// findARN looks a queue up by its ARN, nil if there is none. The caller holds the lock.
func (s *Service) findARN(arn string) *queue {
	name, ok := strings.CutPrefix(arn, s.arn(""))
	if !ok {
		return nil
	}
	return s.queues[name]
}

// validWord holds queue names and ids of batch entries to their common rule: 1–80 letters, digits, hyphens and
// underscores (SQS API Reference, CreateQueue and SendMessageBatchRequestEntry).
func validWord(word string) bool {
	return word != "" && len(word) <= 80 && !strings.ContainsFunc(word, func(r rune) bool { return !wordCharacter(r) })
}

func wordCharacter(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
}
