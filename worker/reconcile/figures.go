package reconcile

import (
	"slices"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
)

// Calls are the calls of one step that a plan leads to.
type Calls struct {
	Step  string `json:"step"`
	Uses  string `json:"uses"`
	Class string `json:"class"`
	Calls int    `json:"calls"`           // one for each user, at most; tries after a failure come on top
	If    bool   `json:"if,omitempty"`    // it has a condition, so there may be fewer
	Never bool   `json:"never,omitempty"` // it was not chosen
}

// Figures are what sending a number of users costs. All are upper bounds, but for tries after failures.
type Figures struct {
	Users    int           `json:"users"`
	Writes   int           `json:"writes"`       // AdminUpdateUserAttributes, one for each user
	Reads    int           `json:"reads"`        // AdminGetUser, one for each user
	Active   int           `json:"active"`       // users who become monthly active by being read or written, if they are not yet
	Calls    []Calls       `json:"calls"`        // by step, in the order of the file
	Sending  time.Duration `json:"sending_ns"`   // at the rate of the messages
	Budget   time.Duration `json:"budget_ns"`    // at the pipeline's cognito-writes
	List     int           `json:"list"`         // calls of ListUsers
	ListTime time.Duration `json:"list_time_ns"` // at the rate of the reads
}

// Estimate says what it costs to send the users that a walk found and that are still to be sent, rate of them per second.
// list is the number of ListUsers calls that the walk made, reads of them per second.
func Estimate(p *enrich.Pipeline, s Scope, users int, rate float64, list int, reads float64) Figures {
	f := Figures{Users: users, Reads: users, Active: users, List: list, Sending: over(users, rate), ListTime: over(list, reads)}
	if len(p.Attributes) > 0 {
		f.Writes, f.Budget = users, over(users, p.Limits.CognitoWrites)
	}
	for i := range p.Steps {
		step := &p.Steps[i]
		c := Calls{Step: step.ID, Uses: step.Uses, Class: step.Class.String(), Calls: users, If: step.If != nil}
		if s.Steps != nil && !slices.Contains(s.Steps, step.ID) {
			c.Calls, c.Never = 0, true
		}
		f.Calls = append(f.Calls, c)
	}
	return f
}

// over is how long n take at so many per second.
func over(n int, perSecond float64) time.Duration {
	if perSecond <= 0 {
		return 0
	}
	return time.Duration(float64(n) / perSecond * float64(time.Second))
}

// Safe are the steps that a backfill runs unless others are chosen: all whose class is not unsafe, and those unsafe ones
// that are named. It is never nil.
func Safe(p *enrich.Pipeline, unsafe []string) []string {
	steps := []string{}
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Class != enrich.Unsafe || slices.Contains(unsafe, s.ID) {
			steps = append(steps, s.ID)
		}
	}
	return steps
}
