package cognito

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// client is an app client of a pool.
type client struct {
	id       string
	secret   string
	pool     *pool
	created  time.Time
	born     uint64
	settings clientSettings
}

func (c *client) order() uint64 { return c.born }

// clientSettings are kept as they came; those about tokens and managed login change nothing here.
type clientSettings struct {
	ClientName                 string
	PreventUserExistenceErrors string   `json:",omitempty"`
	ReadAttributes             []string `json:",omitempty"`
	WriteAttributes            []string `json:",omitempty"`

	AccessTokenValidity                      json.RawMessage `json:",omitempty"`
	AllowedOAuthFlows                        json.RawMessage `json:",omitempty"`
	AllowedOAuthFlowsUserPoolClient          bool
	AllowedOAuthScopes                       json.RawMessage `json:",omitempty"`
	AnalyticsConfiguration                   json.RawMessage `json:",omitempty"`
	AuthSessionValidity                      json.RawMessage `json:",omitempty"`
	CallbackURLs                             json.RawMessage `json:",omitempty"`
	DefaultRedirectURI                       json.RawMessage `json:",omitempty"`
	EnablePropagateAdditionalUserContextData json.RawMessage `json:",omitempty"`
	EnableTokenRevocation                    json.RawMessage `json:",omitempty"`
	ExplicitAuthFlows                        json.RawMessage `json:",omitempty"`
	IdTokenValidity                          json.RawMessage `json:",omitempty"`
	LogoutURLs                               json.RawMessage `json:",omitempty"`
	RefreshTokenRotation                     json.RawMessage `json:",omitempty"`
	RefreshTokenValidity                     int
	SupportedIdentityProviders               json.RawMessage `json:",omitempty"`
	TokenValidityUnits                       json.RawMessage `json:",omitempty"`
}

type createUserPoolClientInput struct {
	UserPoolId     string
	GenerateSecret bool
	ClientSecret   string
	clientSettings
}

// userPoolClient is a client as answers show it (API Reference, UserPoolClientType).
type userPoolClient struct {
	UserPoolId       string
	ClientId         string
	ClientSecret     string `json:",omitempty"`
	CreationDate     timestamp
	LastModifiedDate timestamp
	clientSettings
}

type userPoolClientOutput struct{ UserPoolClient userPoolClient }

func (s *Service) createUserPoolClient(_ context.Context, in *createUserPoolClientInput) (*userPoolClientOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.pool(in.UserPoolId)
	if err != nil {
		return nil, err
	}
	if err := in.check(p.schema); err != nil {
		return nil, err
	}
	c := &client{id: s.letters(26, lower), pool: p, created: time.Now(), born: s.number(), settings: in.clientSettings}
	switch {
	case in.ClientSecret != "":
		c.secret = in.ClientSecret
	case in.GenerateSecret:
		c.secret = s.letters(51, lower)
	}
	p.clients = append(p.clients, c)
	s.clients[c.id] = c
	return &userPoolClientOutput{c.show()}, nil
}

// check holds the attribute lists to the schema. A list of what may be written must hold all that is required, and
// nothing that only Cognito writes.
func (in *createUserPoolClientInput) check(all schema) error {
	if in.ClientName == "" {
		return violates(nil, "clientName", "not be null")
	}
	if in.PreventUserExistenceErrors == "" {
		in.PreventUserExistenceErrors = "LEGACY"
	}
	if in.RefreshTokenValidity == 0 {
		in.RefreshTokenValidity = 30
	}
	if err := oneOf(in.PreventUserExistenceErrors, "preventUserExistenceErrors", "ENABLED", "LEGACY"); err != nil {
		return err
	}
	if slices.ContainsFunc(in.ReadAttributes, func(name string) bool { return all.find(name) == nil }) {
		return invalid("Invalid read attributes specified while creating a client")
	}
	if len(in.WriteAttributes) == 0 {
		return nil
	}
	bad := slices.ContainsFunc(in.WriteAttributes, func(name string) bool { return all.find(name) == nil || !writable(name) })
	missing := slices.ContainsFunc(all, func(a schemaAttribute) bool {
		return a.required() && a.Name != subAttribute && !slices.Contains(in.WriteAttributes, a.Name)
	})
	if bad || missing {
		return invalid("Invalid write attributes specified while creating a client")
	}
	return nil
}

// writable tells what a client may be allowed to write at all.
func writable(name string) bool {
	return name != subAttribute && name != identities && !strings.HasSuffix(name, verifiedSuffix) && !strings.HasPrefix(name, "dev:")
}

// mayWrite tells whether a user may set an attribute through the client. Without a list that is the standard
// attributes (API Reference, UserPoolClientType, WriteAttributes).
func (c *client) mayWrite(name string) bool {
	if len(c.settings.WriteAttributes) > 0 {
		return slices.Contains(c.settings.WriteAttributes, name)
	}
	return writable(name) && !custom(name)
}

// discreet tells whether the client hides which users exist.
func (c *client) discreet() bool { return c.settings.PreventUserExistenceErrors == "ENABLED" }

func (c *client) show() userPoolClient {
	return userPoolClient{
		UserPoolId: c.pool.id, ClientId: c.id, ClientSecret: c.secret,
		CreationDate: timestamp(c.created), LastModifiedDate: timestamp(c.created), clientSettings: c.settings,
	}
}

// admit finds the client of a call and proves its secret (developer guide, "Computing secret hash values"). The
// caller holds the lock.
func (s *Service) admit(clientID, username, hash string) (*client, error) {
	if clientID == "" {
		return nil, violates(nil, "clientId", "not be null")
	}
	c := s.clients[clientID]
	if c == nil {
		return nil, noSuchClient(clientID)
	}
	if err := checkUsername(username); err != nil {
		return nil, err
	}
	switch {
	case c.secret == "" && hash != "":
		return nil, notAuthorized("Client %s is not configured with secret but SECRET_HASH was received", c.id)
	case c.secret != "" && hash == "":
		return nil, notAuthorized("Client %s is configured with secret but SECRET_HASH was not received", c.id)
	case c.secret != "" && !hmac.Equal([]byte(hash), []byte(secretHash(c.secret, username, c.id))):
		return nil, notAuthorized("Unable to verify secret hash for client %s", c.id)
	}
	return c, nil
}

func secretHash(secret, username, clientID string) string {
	h := hmac.New(sha256.New, []byte(secret))
	_, _ = h.Write([]byte(username + clientID)) // a hash never fails
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

type describeUserPoolClientInput struct{ UserPoolId, ClientId string }

func (s *Service) describeUserPoolClient(_ context.Context, in *describeUserPoolClientInput) (*userPoolClientOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.pool(in.UserPoolId)
	if err != nil {
		return nil, err
	}
	c := s.clients[in.ClientId]
	if c == nil || c.pool != p {
		return nil, noSuchClient(in.ClientId)
	}
	return &userPoolClientOutput{c.show()}, nil
}

type listUserPoolClientsInput struct {
	UserPoolId string
	MaxResults *int
	NextToken  string
}

type listUserPoolClientsOutput struct {
	UserPoolClients []clientDescription
	NextToken       string `json:",omitempty"`
}

type clientDescription struct{ ClientId, UserPoolId, ClientName string }

func (s *Service) listUserPoolClients(_ context.Context, in *listUserPoolClientsInput) (*listUserPoolClientsOutput, error) {
	limit := maxPage
	if in.MaxResults != nil {
		limit = *in.MaxResults
	}
	if err := checkLimit(limit, "maxResults", 1); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.pool(in.UserPoolId)
	if err != nil {
		return nil, err
	}
	shown, next, err := page(p.clients, "clients "+p.id, in.NextToken, limit)
	if err != nil {
		return nil, err
	}
	out := &listUserPoolClientsOutput{NextToken: next, UserPoolClients: []clientDescription{}}
	for _, c := range shown {
		out.UserPoolClients = append(out.UserPoolClients, clientDescription{c.id, p.id, c.settings.ClientName})
	}
	return out, nil
}
