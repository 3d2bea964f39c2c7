package hubspot

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
)

// step is the connector of one step. It is immutable.
type step struct {
	config Config
	client *connect.Client
	action string
	root   *url.URL
	path   string
}

// Class is idempotent for an upsert, which writes the same values again, and read for a lookup.
func (s *step) Class() enrich.Class {
	if s.action == Lookup {
		return enrich.Read
	}
	return enrich.Idempotent
}

// Dependency is the host: all steps that talk to it share its breaker and its rate.
func (s *step) Dependency() string { return s.root.Host }

// Run writes or reads the contact. It ends within connect.DefaultTimeout, however many requests that takes: one, or
// three when two sides make the same contact at once.
func (s *step) Run(ctx context.Context, call enrich.Call) (enrich.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, connect.DefaultTimeout)
	defer cancel()
	v, err := s.values(ctx, call.Vars)
	if err != nil {
		return nil, unsent(ctx, err)
	}
	if s.action == Lookup {
		return s.lookup(ctx, v, s.config.Fetch)
	}
	result, err := s.upsert(ctx, v)
	if !conflict(err) {
		return result, err
	}
	return s.settle(ctx, v)
}

// settle ends a conflict: HubSpot found no contact with this address and then could not make one. Usually somebody
// else has made it meanwhile. So the address is read again: if it is there now, a second upsert changes it, with our
// values, which the first one has not written. If that is a conflict too, it is about some other property that must be
// unique, and will stay.
func (s *step) settle(ctx context.Context, v values) (enrich.Result, error) {
	_, err := s.lookup(ctx, v, nil)
	if errors.Is(err, enrich.ErrNotFound) {
		return nil, &enrich.Error{Kind: enrich.Temporary, Code: CodeConflict, Sent: true, Refused: true,
			Err: errors.New("HubSpot says that the contact exists, and does not find it yet")}
	}
	if err != nil {
		e := *enrich.Failure(err)
		e.Sent, e.Refused = true, true // the upsert was refused, and reading has no effect
		return nil, &e
	}
	return s.upsert(ctx, v)
}

func (s *step) upsert(ctx context.Context, v values) (enrich.Result, error) {
	body, err := v.upsert()
	if err != nil {
		return nil, err
	}
	contact, err := s.ask(ctx, "upsert", v.token, body)
	if err != nil {
		return nil, err
	}
	result := enrich.Result{"id": contact.id, "new": nil}
	if isNew, ok := contact.fields["new"].(bool); ok {
		result["new"] = isNew
	}
	return result, nil
}

func (s *step) lookup(ctx context.Context, v values, names []string) (enrich.Result, error) {
	body, err := v.read(names)
	if err != nil {
		return nil, err
	}
	contact, err := s.ask(ctx, "read", v.token, body)
	if err != nil {
		return nil, err
	}
	all, _ := contact.fields["properties"].(map[string]any)
	properties := map[string]any{}
	for _, name := range names {
		properties[name] = scalar(all[name])
	}
	return enrich.Result{"id": contact.id, "properties": properties}, nil
}

// scalar is a value of a property; what is none is null.
func scalar(value any) any {
	switch value.(type) {
	case string, bool, int64, float64:
		return value
	}
	return nil
}

// ask sends one batch of one and reads what became of it.
func (s *step) ask(ctx context.Context, verb, token string, body []byte) (contact, error) {
	u := *s.root
	u.Path = s.path + verb
	response, err := s.client.Do(ctx, connect.Request{Method: http.MethodPost, URL: &u, Body: body, Header: http.Header{
		"Accept": {"application/json"}, "Content-Type": {"application/json"}, "Authorization": {"Bearer " + token}}})
	if err != nil {
		return contact{}, err
	}
	if f := response.Failure(); f != nil {
		return contact{}, refusal(f, response)
	}
	return outcome(response, verb == "read")
}

// unsent classifies what stopped a request from being made: the caller, or values that will be the same next time.
func unsent(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	code := connect.CodeCanceled
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		code = connect.CodeTimeout
	}
	return &enrich.Error{Kind: enrich.Temporary, Code: code, Err: ctx.Err()}
}
