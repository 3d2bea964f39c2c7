//go:build unix

package kill

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	cognitotypes "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/postconfirm/postconfirm/enrich/event"
)

// kindOf spreads the kinds: of sixteen people two are refused, two slowed, one deleted.
func kindOf(i int) string {
	switch i % 16 {
	case 3, 11:
		return refused
	case 5, 13:
		return slowed
	case 9:
		return deleted
	}
	return plain
}

// feed confirms up to ten more people. kind is nil for the usual mixture.
func (w *World) feed(ctx context.Context, n int, kind func(i int) string) ([]*Person, error) {
	if kind == nil {
		kind = kindOf
	}
	var all []*Person
	batch := &sqs.SendMessageBatchInput{QueueUrl: &w.queue}
	for range n {
		p, err := w.create(ctx, kind(w.born))
		if err != nil {
			return nil, fmt.Errorf("kill: confirm a person: %w", err)
		}
		m := event.Message{Pool: w.pool, Region: w.clients.Region, User: p.Sub, Sub: p.Sub, Generation: event.Onboarding, Source: "signup"}
		batch.Entries = append(batch.Entries, types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(len(all))),
			MessageBody: aws.String(string(m.Encode()))})
		all = append(all, p)
	}
	sent, err := w.clients.SQS.SendMessageBatch(ctx, batch)
	if err == nil && len(sent.Failed) > 0 {
		err = fmt.Errorf("%d refused", len(sent.Failed))
	}
	if err != nil {
		return nil, fmt.Errorf("kill: send messages: %w", err)
	}
	return all, nil
}

// create makes one user; the username is the sub in this kind of pool.
func (w *World) create(ctx context.Context, kind string) (*Person, error) {
	email := fmt.Sprintf("user%d@acme.example", w.born)
	w.born++
	made, err := w.clients.Cognito.AdminCreateUser(ctx, &cognitoidentityprovider.AdminCreateUserInput{UserPoolId: &w.pool,
		Username: &email, MessageAction: cognitotypes.MessageActionTypeSuppress,
		UserAttributes: []cognitotypes.AttributeType{{Name: aws.String("email"), Value: &email}}})
	if err != nil {
		return nil, err
	}
	p := &Person{Sub: aws.ToString(made.User.Username), Kind: kind}
	p.Key = event.RunKey(w.pool, p.Sub, event.Onboarding)
	if kind == deleted {
		if _, err := w.clients.Cognito.AdminDeleteUser(ctx, &cognitoidentityprovider.AdminDeleteUserInput{
			UserPoolId: &w.pool, Username: &p.Sub}); err != nil {
			return nil, err
		}
	}
	w.Facts.confirmed(p)
	return p, nil
}

// number reads an attribute of a queue; what is none counts as one, so that nobody thinks the queue empty.
func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 1
	}
	return n
}
