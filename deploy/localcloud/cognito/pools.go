package cognito

import (
	"cmp"
	"context"
	"slices"
	"time"
)

type createUserPoolInput struct {
	PoolName string
	settings
	Schema                []schemaAttribute
	AliasAttributes       []string
	UsernameAttributes    []string
	UsernameConfiguration *usernameConfiguration
}

type usernameConfiguration struct{ CaseSensitive bool }

// userPool is a pool as answers show it (API Reference, UserPoolType).
type userPool struct {
	Id                     string
	Name                   string
	Arn                    string
	CreationDate           timestamp
	LastModifiedDate       timestamp
	EstimatedNumberOfUsers int
	SchemaAttributes       schema
	AliasAttributes        []string               `json:",omitempty"`
	UsernameAttributes     []string               `json:",omitempty"`
	UsernameConfiguration  *usernameConfiguration `json:",omitempty"`
	settings
}

type userPoolOutput struct{ UserPool userPool }

func (s *Service) createUserPool(_ context.Context, in *createUserPoolInput) (*userPoolOutput, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	attributes, err := newSchema(in.Schema)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock()
	p := &pool{
		id: s.o.Region + "_" + s.letters(9, alphabet), name: in.PoolName, created: now, modified: now,
		born: s.number(), service: s, settings: in.settings, schema: attributes,
		aliasAttributes: in.AliasAttributes, usernameAttributes: in.UsernameAttributes,
		byName: map[string]*user{}, bySub: map[string]*user{}, aliases: map[attribute]*user{}, values: map[attribute][]*user{},
	}
	p.arn = "arn:aws:cognito-idp:" + s.o.Region + ":" + s.o.Account + ":userpool/" + p.id
	if in.UsernameConfiguration != nil {
		p.caseConfigured, p.insensitive = true, !in.UsernameConfiguration.CaseSensitive
	}
	s.pools[p.id] = p
	return &userPoolOutput{p.show()}, nil
}

func (in *createUserPoolInput) check() error {
	if in.PoolName == "" {
		return violates(nil, "poolName", "not be null")
	}
	if len(in.PoolName) > 128 {
		return violates(in.PoolName, "poolName", "have length less than or equal to 128")
	}
	if len(in.AliasAttributes) > 0 && len(in.UsernameAttributes) > 0 {
		return invalid("Only one of the aliasAttributes or usernameAttributes can be set in a user pool.")
	}
	for _, a := range in.AliasAttributes {
		if err := oneOf(a, "aliasAttributes", phoneAttribute, emailAttribute, preferredAttribute); err != nil {
			return err
		}
	}
	for _, a := range in.UsernameAttributes {
		if err := oneOf(a, "usernameAttributes", phoneAttribute, emailAttribute); err != nil {
			return err
		}
	}
	return in.settings.check()
}

func (p *pool) show() userPool {
	shown := userPool{
		Id: p.id, Name: p.name, Arn: p.arn, CreationDate: timestamp(p.created), LastModifiedDate: timestamp(p.modified),
		EstimatedNumberOfUsers: len(p.bySub), SchemaAttributes: p.schema, settings: p.settings,
		AliasAttributes: p.aliasAttributes, UsernameAttributes: p.usernameAttributes,
	}
	if p.caseConfigured {
		shown.UsernameConfiguration = &usernameConfiguration{CaseSensitive: !p.insensitive}
	}
	return shown
}

// pool finds a pool. The caller holds the lock.
func (s *Service) pool(id string) (*pool, error) {
	if err := checkPoolID(id); err != nil {
		return nil, err
	}
	if p := s.pools[id]; p != nil {
		return p, nil
	}
	return nil, noSuchPool(id)
}

type poolInput struct{ UserPoolId string }

func (s *Service) describeUserPool(_ context.Context, in *poolInput) (*userPoolOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.pool(in.UserPoolId)
	if err != nil {
		return nil, err
	}
	return &userPoolOutput{p.show()}, nil
}

type updateUserPoolInput struct {
	UserPoolId string
	PoolName   string
	settings
}

func (s *Service) updateUserPool(_ context.Context, in *updateUserPoolInput) (*empty, error) {
	if err := in.settings.check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.pool(in.UserPoolId)
	if err != nil {
		return nil, err
	}
	if in.PoolName != "" {
		p.name = in.PoolName
	}
	p.settings, p.modified = in.settings, s.clock()
	return nil, nil
}

func (s *Service) deleteUserPool(_ context.Context, in *poolInput) (*empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.pool(in.UserPoolId)
	if err != nil {
		return nil, err
	}
	if p.DeletionProtection == "ACTIVE" {
		return nil, invalid("The user pool cannot be deleted because deletion protection is activated. " +
			"Deletion protection must be inactivated first.")
	}
	for _, c := range p.clients {
		delete(s.clients, c.id)
	}
	delete(s.pools, p.id)
	return nil, nil
}

type addCustomAttributesInput struct {
	UserPoolId       string
	CustomAttributes []schemaAttribute
}

func (s *Service) addCustomAttributes(_ context.Context, in *addCustomAttributesInput) (*empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.pool(in.UserPoolId)
	if err != nil {
		return nil, err
	}
	if len(in.CustomAttributes) == 0 || len(in.CustomAttributes) > 25 {
		return nil, violates(len(in.CustomAttributes), "customAttributes", "have length between 1 and 25")
	}
	next := p.schema
	for _, a := range in.CustomAttributes {
		if next, err = next.with(a); err != nil {
			return nil, err
		}
	}
	p.schema, p.modified = next, time.Now()
	return nil, nil
}

type listUserPoolsInput struct {
	MaxResults int
	NextToken  string
}

type listUserPoolsOutput struct {
	UserPools []userPoolDescription
	NextToken string `json:",omitempty"`
}

type userPoolDescription struct {
	Id               string
	Name             string
	LambdaConfig     lambdaConfig
	CreationDate     timestamp
	LastModifiedDate timestamp
}

func (s *Service) listUserPools(_ context.Context, in *listUserPoolsInput) (*listUserPoolsOutput, error) {
	if err := checkLimit(in.MaxResults, "maxResults", 1); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*pool
	for _, p := range s.pools {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *pool) int { return cmp.Compare(a.born, b.born) })
	shown, next, err := page(all, "pools", in.NextToken, in.MaxResults)
	if err != nil {
		return nil, err
	}
	out := &listUserPoolsOutput{NextToken: next, UserPools: []userPoolDescription{}}
	for _, p := range shown {
		out.UserPools = append(out.UserPools, userPoolDescription{
			Id: p.id, Name: p.name, LambdaConfig: p.LambdaConfig,
			CreationDate: timestamp(p.created), LastModifiedDate: timestamp(p.modified),
		})
	}
	return out, nil
}
