// Package localcloud is the part of AWS that a sign-up passes through, small enough to sit in a test or in a demo: an
// http.Handler that speaks AWS's JSON protocols, so that the SDKs of every language talk to it unchanged.
//
// A [Cloud] routes calls to the services that are registered with it (SQS and Cognito live in the packages below),
// counts them, and makes them fail on request. [Cloud.Do] is the same without sockets: as the HTTPClient of a Go SDK it
// works inside testing/synctest, where a day of long polls takes milliseconds. [Cloud.Listen] puts it on a loopback
// port. All of it uses the time package as it is; a synctest bubble is how time is injected.
//
// It shares no code with what it serves. It refuses to listen anywhere but on the loopback, to answer a browser of
// another site, and to guess: what is not offered is named in a typed error. Signatures and permissions are not checked.
//
// Beside the services there is a small control surface, for processes that did not create the Cloud: what was called,
// and the faults that are on, for instance
//
//	PUT /_local/faults {"sqs": {"SendMessage": {"throttle": 5}, "*": {"latency": "200ms"}, "queue:jobs": {"duplicateRate": 0.1}}}
//
// Writing needs "Content-Type: application/json", and all of /_local a loopback Host: no web page can do it unasked.
// OPERATIONS.md, which is made of the tables in the code, says operation by operation what is faithful and what is not,
// and lists the routes; GET / tells them too.
package localcloud

import (
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"

	"github.com/postconfirm/postconfirm/deploy/localcloud/awsjson"
)

// Service is one AWS service as the cloud serves it. It must be safe for concurrent use, and must give up waiting when
// the request's context ends.
type Service interface {
	http.Handler
	// Wire tells the service's name, target, operations and typed errors. It must always return the same value.
	Wire() *awsjson.Service
}

// Sufferer is a Service that carries out faults itself: those that its table names under Suffers.
type Sufferer interface {
	// Suffer hands it the cloud's switches and dice; Register calls it.
	Suffer(awsjson.Fate)
}

// Options are what may differ from one cloud to the next. The zero value is complete.
type Options struct {
	Region  string     // told on the status page and by Region; "" means eu-west-1
	Account string     // 12 digits, told by Account; "" means 000000000000
	Rand    *rand.Rand // decides which calls and messages suffer a fault; nil means the same sequence in every cloud
}

// Cloud is one account in one Region. Create it with New. It is safe for concurrent use.
type Cloud struct {
	region, account string
	faults          *switchboard

	mu       sync.Mutex
	services map[string]Service // by name
	calls    map[string]int     // by "service.Operation"
	requests uint64
}

// New makes a cloud without services. Nil options mean the defaults.
func New(o *Options) *Cloud {
	if o == nil {
		o = new(Options)
	}
	c := &Cloud{
		region: o.Region, account: o.Account, faults: newSwitchboard(o.Rand),
		services: map[string]Service{}, calls: map[string]int{},
	}
	if c.region == "" {
		c.region = "eu-west-1"
	}
	if c.account == "" {
		c.account = "000000000000"
	}
	return c
}

// Region is the AWS Region that the cloud plays; give it to the services that write ARNs.
func (c *Cloud) Region() string { return c.region }

// Account is the AWS account that the cloud plays, 12 digits.
func (c *Cloud) Account() string { return c.account }

// Register adds a service; a later one takes the place of an earlier one of the same name.
func (c *Cloud) Register(s Service) {
	if sufferer, ok := s.(Sufferer); ok {
		sufferer.Suffer(fate{c.faults, s.Wire()})
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.services[s.Wire().Name] = s
}

// Calls tells how many calls have arrived since the beginning, or since ResetCalls, by "service.Operation", for
// instance "sqs.SendMessage". Every call counts that names an operation there is: refused, throttled and lost ones too.
// The map is the caller's.
func (c *Cloud) Calls() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.calls)
}

// ResetCalls starts counting anew.
func (c *Cloud) ResetCalls() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.calls)
}

// names lists the services, sorted. The caller doesn't hold the lock.
func (c *Cloud) names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.services))
}

// service finds a service by name.
func (c *Cloud) service(name string) (Service, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.services[name]
	return s, ok
}
