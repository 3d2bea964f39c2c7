package cognito

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
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
	modified time.Time
	born     uint64
	settings clientSettings
}

func (c *client) order() uint64 { return c.born }

// clientSettings are what CreateUserPoolClient sets and UpdateUserPoolClient sets anew, whole: what an update leaves out
// goes back to its default (API Reference, UpdateUserPoolClient).
type clientSettings struct {
	ClientName                 string
	PreventUserExistenceErrors string   `json:",omitempty"`
	ReadAttributes             []string `json:",omitempty" kept:"held to the schema; there are no tokens, and no GetUser, that would show less"`
	WriteAttributes            []string `json:",omitempty"`

	AccessTokenValidity                      *int     `json:",omitempty" kept:"there are no tokens"`
	AllowedOAuthFlows                        []string `json:",omitempty" kept:"nobody signs in"`
	AllowedOAuthFlowsUserPoolClient          bool     `kept:"nobody signs in"`
	AllowedOAuthScopes                       []string `json:",omitempty" kept:"nobody signs in"`
	AnalyticsConfiguration                   document `json:",omitempty" kept:"there are no analytics"`
	AuthSessionValidity                      *int     `json:",omitempty" kept:"nobody signs in"`
	CallbackURLs                             []string `json:",omitempty" kept:"nobody signs in"`
	DefaultRedirectURI                       *string  `json:",omitempty" kept:"nobody signs in"`
	EnablePropagateAdditionalUserContextData *bool    `json:",omitempty" kept:"there is no threat protection"`
	EnableTokenRevocation                    *bool    `json:",omitempty" kept:"there are no tokens"`
	ExplicitAuthFlows                        []string `json:",omitempty" kept:"nobody signs in"`
	IdTokenValidity                          *int     `json:",omitempty" kept:"there are no tokens"`
	LogoutURLs                               []string `json:",omitempty" kept:"nobody signs in"`
	RefreshTokenRotation                     document `json:",omitempty" kept:"there are no tokens"`
	RefreshTokenValidity                     int      `kept:"there are no tokens"`
	SupportedIdentityProviders               []string `json:",omitempty" kept:"nobody signs in; the local federated sign-in takes any provider"`
	TokenValidityUnits                       document `json:",omitempty" kept:"there are no tokens"`
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
	if in.ClientName == "" {
		return nil, violates(nil, "clientName", "not be null")
	}
	if err := in.check(p.schema, "creating"); err != nil {
		return nil, err
	}
	now := s.clock()
	c := &client{id: s.letters(26, lower), pool: p, created: now, modified: now, born: s.number(), settings: in.clientSettings}
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

type updateUserPoolClientInput struct {
	UserPoolId string
	ClientId   string
	clientSettings
}

// updateUserPoolClient keeps id, secret and, if the call has none, the name; all the rest is as the call says.
func (s *Service) updateUserPoolClient(_ context.Context, in *updateUserPoolClientInput) (*userPoolClientOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.clientOf(in.UserPoolId, in.ClientId)
	if err != nil {
		return nil, err
	}
	if err := in.check(c.pool.schema, "updating"); err != nil {
		return nil, err
	}
	in.ClientName = cmp.Or(in.ClientName, c.settings.ClientName)
	c.settings, c.modified = in.clientSettings, s.clock()
	return &userPoolClientOutput{c.show()}, nil
}

type clientInput struct{ UserPoolId, ClientId string }

// clientOf finds an app client of a pool. The caller holds the lock.
func (s *Service) clientOf(poolID, clientID string) (*client, error) {
	p, err := s.pool(poolID)
	if err != nil {
		return nil, err
	}
	c := s.clients[clientID]
	if c == nil || c.pool != p {
		return nil, noSuchClient(clientID)
	}
	return c, nil
}

func (s *Service) deleteUserPoolClient(_ context.Context, in *clientInput) (*empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.clientOf(in.UserPoolId, in.ClientId)
	if err != nil {
		return nil, err
	}
	delete(s.clients, c.id)
	c.pool.clients = slices.DeleteFunc(c.pool.clients, func(x *client) bool { return x == c })
	return nil, nil
}

// check holds the attribute lists to the schema and fills in the defaults. A list of what may be written must hold all
// that is required, and nothing that only Cognito writes.
func (in *clientSettings) check(all schema, doing string) error {
	in.PreventUserExistenceErrors = cmp.Or(in.PreventUserExistenceErrors, "LEGACY")
	in.RefreshTokenValidity = cmp.Or(in.RefreshTokenValidity, 30)
	if err := oneOf(in.PreventUserExistenceErrors, "preventUserExistenceErrors", "ENABLED", "LEGACY"); err != nil {
		return err
	}
	if slices.ContainsFunc(in.ReadAttributes, func(name string) bool { return all.find(name) == nil }) {
		return invalid("Invalid read attributes specified while %s a client", doing)
	}
	if len(in.WriteAttributes) == 0 {
		return nil
	}
	bad := slices.ContainsFunc(in.WriteAttributes, func(name string) bool { return all.find(name) == nil || !writable(name) })
	missing := slices.ContainsFunc(all, func(a schemaAttribute) bool {
		return a.required() && a.Name != subAttribute && !slices.Contains(in.WriteAttributes, a.Name)
	})
	if bad || missing {
		return invalid("Invalid write attributes specified while %s a client", doing)
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
		CreationDate: timestamp(c.created), LastModifiedDate: timestamp(c.modified), clientSettings: c.settings,
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

func (s *Service) describeUserPoolClient(_ context.Context, in *clientInput) (*userPoolClientOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.clientOf(in.UserPoolId, in.ClientId)
	if err != nil {
		return nil, err
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
