package sizing

import (
	"math"
	"time"
)

// Quotas are what Amazon Cognito allows one account in one Region, in calls per second, over all its pools (developer
// guide, "Quotas in Amazon Cognito"; those that can't be raised are said to be so there).
type Quotas struct {
	UserCreation float64 // SignUp and ConfirmSignUp are one call each; can be raised
	UserUpdate   float64 // AdminUpdateUserAttributes, and people who change their profile; can't be raised
	UserRead     float64 // AdminGetUser; can be raised
	UserList     float64 // ListUsers; can't be raised
	PageUsers    float64 // users of one ListUsers call
}

// NewAccount are the quotas of an account that asked for nothing.
func NewAccount() Quotas {
	return Quotas{UserCreation: 50, UserUpdate: 25, UserRead: 120, UserList: 30, PageUsers: 60}
}

// SignUpRate is how many people per second can sign up: each costs two calls of UserCreation.
func (q Quotas) SignUpRate() float64 { return q.UserCreation / 2 }

// Share is how much of UserUpdate a limit of cognito-writes leaves to others, between 0 and 1.
func (q Quotas) Share(writes float64) float64 { return math.Max(0, 1-writes/q.UserUpdate) }

// Drain is how long a backlog takes at a limit of cognito-writes, one write each: ten per cent are for what has to be said
// twice.
func Drain(users, writes float64) time.Duration {
	return time.Duration(users / writes * 1.1 * float64(time.Second)).Round(time.Second)
}

// Walk is how long reconcile takes to look at a pool, at so many ListUsers calls per second.
func (q Quotas) Walk(users, reads float64) time.Duration {
	return time.Duration(math.Ceil(users/q.PageUsers) / reads * float64(time.Second)).Round(time.Second)
}

// Regions is how many accounts or Regions are needed for so many sign-ups per second, with one write each: the pool's writes
// are the narrowest of the quotas.
func (q Quotas) Regions(signUps, writes float64) int {
	return int(math.Ceil(math.Max(signUps/writes, signUps/q.SignUpRate())))
}

// Concurrency is how many users are worked on at the same time at so many per second, when each takes so long: what
// MaximumConcurrency times ten, or --in-flight, must be at least.
func Concurrency(perSecond float64, each time.Duration) int {
	return int(math.Ceil(perSecond * each.Seconds()))
}
