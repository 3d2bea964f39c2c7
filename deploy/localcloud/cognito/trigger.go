package cognito

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/deploy/localcloud/function"
)

// Cognito waits 5 s for a function and tries it up to three times when it gets no answer (developer guide,
// "Customizing user pool workflows with Lambda triggers"; three is from its edition of 2023).
const (
	patience = 5 * time.Second
	tries    = 3
)

// notApplicable stands for the app client when an administrator acts (observed; not documented).
const notApplicable = "CLIENT_ID_NOT_APPLICABLE"

// event is what a trigger's function receives (developer guide, "Lambda trigger parameters").
type event struct {
	Version       string       `json:"version"`
	Region        string       `json:"region"`
	UserPoolID    string       `json:"userPoolId"`
	UserName      string       `json:"userName"`
	CallerContext eventContext `json:"callerContext"`
	TriggerSource string       `json:"triggerSource"`
	Request       any          `json:"request"`
	Response      any          `json:"response"`
}

type eventContext struct {
	SDKVersion string `json:"awsSdkVersion"`
	ClientID   string `json:"clientId"`
}

// newEvent fills in what all triggers have in common. A nil client is an administrator.
func (s *Service) newEvent(p *pool, c *client, username, source string, request, response any) *event {
	e := &event{
		Version: "1", Region: s.o.Region, UserPoolID: p.id, UserName: username, TriggerSource: source,
		CallerContext: eventContext{SDKVersion: "aws-sdk-unknown-unknown", ClientID: notApplicable},
		Request:       request, Response: response,
	}
	if c != nil {
		e.CallerContext.ClientID = c.id
	}
	return e
}

// call is a trigger's function and the event for it, ready to run without a lock.
type call struct {
	trigger string
	arn     string
	event   *event
}

// run has the function answer, and tells the caller of the operation what went wrong as Cognito does. A caller who
// goes away does not stop it. It returns the answer's response member.
func (s *Service) run(ctx context.Context, c *call) (response json.RawMessage, err error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(c.event); err != nil {
		return nil, err
	}
	payload := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	f := s.function(c.arn)
	if f == nil {
		return nil, c.unreachable("ResourceNotFoundException")
	}
	out, err := invoke(context.WithoutCancel(ctx), f, payload)
	if err != nil {
		return nil, c.explain(err)
	}
	return readAnswer(out)
}

// invoke tries a function until it answers in one way or the other.
func invoke(ctx context.Context, f Function, payload []byte) (out []byte, err error) {
	for range tries {
		if out, err = try(ctx, f, payload); err == nil || !silent(err) {
			return out, err
		}
	}
	return nil, err
}

// try calls a function once. A panic is the function's crash, not ours.
func try(ctx context.Context, f Function, payload []byte) (out []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			out, err = nil, fmt.Errorf("%w: panic", function.ErrExit)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return f.Invoke(ctx, bytes.Clone(payload))
}

// silent tells whether an error means that the function gave no answer but may give one, so that Cognito tries again.
func silent(err error) bool { return reason(err) != "" && !errors.Is(err, function.ErrClosed) }

// reason words why a function gave no answer; "" if it did answer, with an error.
func reason(err error) string {
	switch {
	case errors.Is(err, function.ErrTimeout), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return "Socket timeout while invoking Lambda function"
	case errors.Is(err, function.ErrThrottled):
		return "TooManyRequestsException"
	case errors.Is(err, function.ErrExit):
		return "Runtime.ExitError"
	case errors.Is(err, function.ErrClosed):
		return "ResourceNotFoundException"
	}
	return ""
}

// explain makes of a function's error what the caller is told: the text of one who answered with an error, and a
// cause for one who did not.
func (c *call) explain(err error) error {
	if why := reason(err); why != "" {
		return c.unreachable(why)
	}
	text := err.Error()
	if own := new(function.Error); errors.As(err, &own) {
		text = own.Message
	}
	return refuse("UserLambdaValidationException", "%s failed with error %s.", c.trigger, text)
}

func (c *call) unreachable(why string) error {
	return refuse("UnexpectedLambdaException", "%s invocation failed due to error %s.", c.trigger, why)
}

// function finds what is registered under an ARN, or under the ARN without its version or alias.
func (s *Service) function(arn string) Function {
	bare := arn
	if parts := strings.SplitN(arn, ":", 8); len(parts) == 8 {
		bare = strings.Join(parts[:7], ":")
	}
	s.mu.Lock()
	f := s.functions[arn]
	if f == nil {
		f = s.functions[bare]
	}
	s.mu.Unlock()
	if f == nil && s.o.Functions != nil {
		f = s.o.Functions(arn)
	}
	return f
}

// readAnswer holds a function's answer to what Cognito needs back: the whole event, request and response included
// (developer guide, "Customizing user pool workflows with Lambda triggers").
func readAnswer(out []byte) (response json.RawMessage, err error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(out, &members); err != nil {
		return nil, unrecognizable()
	}
	for _, name := range []string{"version", "region", "userPoolId", "userName", "triggerSource"} {
		var text *string
		if err := json.Unmarshal(members[name], &text); err != nil || text == nil {
			return nil, unrecognizable()
		}
	}
	for _, name := range []string{"callerContext", "request", "response"} {
		var inner map[string]json.RawMessage
		if err := json.Unmarshal(members[name], &inner); err != nil || inner == nil {
			return nil, unrecognizable()
		}
	}
	return members["response"], nil
}

func unrecognizable() error {
	return refuse("InvalidLambdaResponseException", "Unrecognizable lambda output")
}
