package cognito

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/postconfirm/postconfirm/deploy/localcloud/awsjson"
)

// Quotas are request rates by category, in calls per second, shared by all pools of the account (developer guide,
// "Quotas in Amazon Cognito"). 0 is no limit. A category lets one second's worth through at once, at least one call,
// and fills up evenly; how AWS measures is not documented. In JSON the names are the same; the string "aws" stands for
// AWSQuotas.
type Quotas struct {
	UserCreation           float64 `json:",omitempty"`
	UserFederation         float64 `json:",omitempty"`
	UserAccountRecovery    float64 `json:",omitempty"`
	UserRead               float64 `json:",omitempty"`
	UserUpdate             float64 `json:",omitempty"`
	UserResourceRead       float64 `json:",omitempty"`
	UserList               float64 `json:",omitempty"`
	UserPoolRead           float64 `json:",omitempty"`
	UserPoolUpdate         float64 `json:",omitempty"`
	UserPoolResourceUpdate float64 `json:",omitempty"`
	UserPoolClientRead     float64 `json:",omitempty"`
	UserPoolClientUpdate   float64 `json:",omitempty"`
}

// AWSQuotas are those of an account that never asked for more (developer guide, "Quotas in Amazon Cognito").
func AWSQuotas() Quotas {
	return Quotas{
		UserCreation: 50, UserFederation: 25, UserAccountRecovery: 30, UserRead: 120, UserUpdate: 25, UserResourceRead: 50, UserList: 30,
		UserPoolRead: 15, UserPoolUpdate: 15, UserPoolResourceUpdate: 15, UserPoolClientRead: 15, UserPoolClientUpdate: 15,
	}
}

// UnmarshalJSON reads an object of rates, without unknown categories, or "aws".
func (q *Quotas) UnmarshalJSON(data []byte) error {
	var word string
	if json.Unmarshal(data, &word) == nil {
		if word != "aws" {
			return fmt.Errorf("cognito: read quotas: %q is not \"aws\"", word)
		}
		*q = AWSQuotas()
		return nil
	}
	type plain Quotas
	return awsjson.Strictly(data, (*plain)(q))
}

// category is a group of operations that share a quota.
type category string

const (
	userCreation           category = "UserCreation"
	userFederation         category = "UserFederation"
	userAccountRecovery    category = "UserAccountRecovery"
	userRead               category = "UserRead"
	userUpdate             category = "UserUpdate"
	userResourceRead       category = "UserResourceRead"
	userList               category = "UserList"
	userPoolRead           category = "UserPoolRead"
	userPoolUpdate         category = "UserPoolUpdate"
	userPoolResourceUpdate category = "UserPoolResourceUpdate"
	userPoolClientRead     category = "UserPoolClientRead"
	userPoolClientUpdate   category = "UserPoolClientUpdate"
)

func (q Quotas) rates() map[category]float64 {
	return map[category]float64{
		userCreation: q.UserCreation, userFederation: q.UserFederation, userAccountRecovery: q.UserAccountRecovery,
		userRead: q.UserRead, userUpdate: q.UserUpdate, userResourceRead: q.UserResourceRead, userList: q.UserList,
		userPoolRead: q.UserPoolRead, userPoolUpdate: q.UserPoolUpdate, userPoolResourceUpdate: q.UserPoolResourceUpdate,
		userPoolClientRead: q.UserPoolClientRead, userPoolClientUpdate: q.UserPoolClientUpdate,
	}
}

// maxQuota is the largest rate that means anything here.
const maxQuota = 1e9

func (q Quotas) check() error {
	for name, rate := range q.rates() {
		if !(rate >= 0 && rate <= maxQuota) {
			return fmt.Errorf("the quota %s of %v is not between 0 and %v", name, rate, float64(maxQuota))
		}
	}
	return nil
}

func (q Quotas) buckets(now time.Time) map[category]*awsjson.Bucket {
	all := map[category]*awsjson.Bucket{}
	for name, rate := range q.rates() {
		if rate > 0 {
			all[name] = awsjson.NewBucket(rate, now)
		}
	}
	return all
}

// within tells whether one more call of a category is let through.
func (s *Service) within(c category) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[c]
	return b == nil || b.Take(time.Now())
}

// limited is an operation under the quota of its category.
func limited[In, Out any](s *Service, c category, f func(context.Context, *In) (*Out, error)) awsjson.Operation {
	o := awsjson.Op(f)
	o.Quota = fmt.Sprintf("%s, %v a second in a new account", c, AWSQuotas().rates()[c])
	call := o.Call
	o.Call = func(ctx context.Context, body []byte) (any, error) {
		if !s.within(c) {
			return nil, throttled()
		}
		return call(ctx, body)
	}
	return o
}
