// Package cognito is Amazon Cognito user pools, as far as sign-up, confirmation, recovery and administration go.
//
// It promises the rules that a post-confirmation worker lives by: which triggers fire, with which event, how long
// Cognito waits, what the caller is told, and that the user is confirmed whatever the function says; which attribute
// writes a pool refuses; how ListUsers pages. It refuses by name what it does not have: signing in, tokens, groups, MFA.
//
// What users sign in with elsewhere is played by SignInFederated, and stale lists, short pages and AWS's quotas are on
// switches; all three have routes under /_local. The table of operations.go says operation by operation what is faithful
// and what is not, and OPERATIONS.md is made of it. Settings that change nothing here are kept, shown and reset as AWS
// does; a call that would need a trigger which is not offered is refused.
//
// Error texts that the public record shows are repeated word for word, values included: code that copies an AWS
// error into a log is found out here. Time is the time package's own, timers included: inside testing/synctest
// everything here is virtual, and that is the injection.
//
// Sources: the Cognito API Reference and developer guide, and answers that AWS is publicly recorded to give where
// those two are silent.
package cognito

import (
	"cmp"
	"context"
	"crypto/rand"
	"net/http"
	"sync"
	"time"

	"github.com/postconfirm/postconfirm/deploy/localcloud/awsjson"
)

// Function is what stands for a Lambda function. Invoke must return soon after ctx is done, which is when Cognito
// stops waiting, and must be safe for concurrent use. Its error is taken for the function's own and shown to the
// caller, a *function.Error by its message; function.ErrTimeout, ErrExit, ErrThrottled and a context's error mean
// that the function gave no answer, and so does a panic.
type Function interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
}

// Options are what may differ from one fake to the next. The zero value is complete.
type Options struct {
	// Region is the first part of pool ids and part of ARNs. Default: eu-west-1.
	Region string
	// Account is part of ARNs, 12 digits. Default: 000000000000.
	Account string
	// Functions finds the function behind an ARN that RegisterFunction was not told of, nil for none. It is called
	// without locks. Default: there are no others.
	Functions func(arn string) Function
	// Code is accepted wherever a user gives a code, besides the one that was issued, and also when none was: there
	// is no mailbox to read it from. Default: 123456.
	Code string
	// Random fills b with random bytes, for ids, secrets and codes. It is called by one goroutine at a time.
	// Default: crypto/rand.
	Random func(b []byte)
	// ListLag is how old the state is that ListUsers shows, see Switches. Default: 0.
	ListLag time.Duration
	// ListScan is how many users ListUsers looks at for one page, see Switches. Default: 0, no bound.
	ListScan int
	// Quotas are the request rates by category, for instance AWSQuotas(). A rate below 0 is no limit. Default: none.
	Quotas Quotas
}

// Service is one account's user pools in one Region, held in memory. Create it with New. It is safe for concurrent
// use.
type Service struct {
	*awsjson.Service
	o Options

	mu        sync.Mutex // guards all below, pools and users included; never held while a function runs
	pools     map[string]*pool
	clients   map[string]*client
	functions map[string]Function
	switches  Switches
	buckets   map[category]*awsjson.Bucket
	fate      awsjson.Fate
	born      uint64 // pools, clients and users numbered so far
}

// New makes an empty account. Nil options mean the defaults.
func New(o *Options) *Service {
	s := &Service{pools: map[string]*pool{}, clients: map[string]*client{}, functions: map[string]Function{}}
	if o != nil {
		s.o = *o
	}
	s.o.Region = cmp.Or(s.o.Region, "eu-west-1")
	s.o.Account = cmp.Or(s.o.Account, "000000000000")
	s.o.Code = cmp.Or(s.o.Code, "123456")
	if s.o.Random == nil {
		s.o.Random = func(b []byte) { _, _ = rand.Read(b) } // never fails, says its documentation
	}
	s.fate = awsjson.Calm{}
	s.flip(Switches{ListLag: max(s.o.ListLag, 0), ListScan: max(s.o.ListScan, 0), Quotas: s.o.Quotas})
	s.Service = &awsjson.Service{
		Name: "cognito-idp", Target: "AWSCognitoIdentityProviderService", Version: "1.1",
		Operations: s.operations(), Missing: missingOperations(), Local: s.routes(),
		Throttled:   throttled(),
		Internal:    &awsjson.Error{Status: http.StatusInternalServerError, Code: "InternalErrorException", Message: "Internal error"},
		Unsupported: unsupported, Suffers: []string{"clockSkew"},
	}
	return s
}

// RegisterFunction says which function answers to an ARN in a pool's LambdaConfig; nil takes it away, which is what
// deleting a Lambda function does. An ARN with a version or alias finds the function without one, too.
func (s *Service) RegisterFunction(arn string, f Function) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f == nil {
		delete(s.functions, arn)
		return
	}
	s.functions[arn] = f
}

// Code reads the code that was last sent to a user and is still good: what the mail or text message would say.
func (s *Service) Code(poolID, username string) (code string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.pools[poolID]
	if !ok {
		return "", false
	}
	u := p.find(username)
	if u == nil || u.code.value == "" || !time.Now().Before(u.code.expires) {
		return "", false
	}
	return u.code.value, true
}

// empty is the answer of operations that have nothing to say.
type empty struct{}

// number gives the next number of what is created; it orders lists. The caller holds the lock.
func (s *Service) number() uint64 {
	s.born++
	return s.born
}
