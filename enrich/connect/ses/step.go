package ses

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect/ses/mailtag"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// EffectTag is the name of the message tag that carries the effect key.
const EffectTag = mailtag.Effect

// step is the connector of one step. It is immutable.
type step struct {
	config  Config
	from    string
	replyTo []string
	neutral byLocale
	content content

	unsubscribe *unsubscribe // nil without a URL
}

// Class is unsafe: SES recognises no repeat.
func (s *step) Class() enrich.Class { return enrich.Unsafe }

// Dependency is the Region, since quotas, pauses and outages are those of one; the deployment's own is "default".
func (s *step) Dependency() string {
	if s.config.Region == "" {
		return "default"
	}
	return s.config.Region
}

// Run sends the mail once.
func (s *step) Run(ctx context.Context, call enrich.Call) (enrich.Result, error) {
	input, err := s.input(ctx, call)
	if err != nil {
		if ctx.Err() != nil {
			return nil, unasked(ctx, err)
		}
		return nil, err
	}
	client, err := s.config.account.in(ctx, s.config.Region)
	if err != nil {
		return nil, err
	}
	x := &exchange{client: s.config.account.client}
	output, err := client.SendEmail(ctx, input, func(o *sesv2.Options) { o.HTTPClient = x })
	if err != nil {
		return nil, x.fault(ctx, err, input.Destination.ToAddresses[0])
	}
	id := aws.ToString(output.MessageId)
	if !messageID.MatchString(id) {
		return nil, &enrich.Error{Kind: enrich.Temporary, Code: CodeNoID, Sent: true, Err: errors.New("ses: send: the answer has no message id")}
	}
	return enrich.Result{"message_id": id}, nil
}

// messageID is what is believed to be a message id: SES's have 60 hexadecimal digits and hyphens.
var messageID = regexp.MustCompile(`^[!-~]{1,256}$`)

// input fills in the values of one call.
func (s *step) input(ctx context.Context, call enrich.Call) (*sesv2.SendEmailInput, error) {
	to, _, err := s.config.To.EvalString(ctx, call.Vars)
	if err != nil {
		return nil, refused(CodeBadValue, "to", err)
	}
	if err := checkRecipient(to); err != nil {
		return nil, refused(CodeRecipient, "to", err)
	}
	content, err := s.written(ctx, call.Vars)
	if err != nil {
		return nil, err
	}
	input := &sesv2.SendEmailInput{
		FromEmailAddress: aws.String(s.from),
		Destination:      &types.Destination{ToAddresses: []string{to}},
		ReplyToAddresses: s.replyTo,
		Content:          content,
		EmailTags:        tags(call),
	}
	if s.config.ConfigurationSet != "" {
		input.ConfigurationSetName = aws.String(s.config.ConfigurationSet)
	}
	return input, nil
}

// written is what the mail says to this user.
func (s *step) written(ctx context.Context, vars expr.Vars) (*types.EmailContent, error) {
	locale, _, err := s.config.Locale.EvalString(ctx, vars)
	if err != nil {
		return nil, refused(CodeBadValue, "locale", err)
	}
	data, err := s.data(ctx, vars, locale)
	if err != nil {
		return nil, err
	}
	content, err := s.content.fill(data, locale)
	if err != nil {
		return nil, err
	}
	headers, err := s.unsubscribe.headers(ctx, vars)
	if content.Simple != nil {
		content.Simple.Headers = headers
	} else {
		content.Template.Headers = headers
	}
	return content, err
}

// tags say whose mail it is, for the events about it: the effect key, and the identity of the run as expressions see it,
// so that the run is found by its own key. What no tag can hold is left out.
func tags(call enrich.Call) []types.MessageTag {
	all := []types.MessageTag{{Name: aws.String(mailtag.Effect), Value: aws.String(effect(call.EffectKey))}}
	run, _ := call.Vars["run"].(map[string]any)
	for _, one := range []struct{ name, member string }{
		{mailtag.Pool, "pool"}, {mailtag.Sub, "sub"}, {mailtag.Generation, "generation"},
	} {
		text, _ := run[one.member].(string)
		if value, ok := mailtag.Encode(text); ok {
			all = append(all, types.MessageTag{Name: aws.String(one.name), Value: aws.String(value)})
		}
	}
	return all
}

// tagValue is what a message tag may hold (Amazon SES API v2 reference, MessageTag).
var tagValue = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

// effect is the effect key as a tag: itself, as the worker writes keys, or its digest if a tag can't hold it.
func effect(key string) string {
	if tagValue.MatchString(key) {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}
