package localcloud

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/deploy/localcloud/awsjson"
)

// Fault is what is wrong with an operation, with a queue, or with a whole service. The zero value is nothing.
//
// The first five belong to operations. The other four are carried out by the service, and belong to "*", which is all
// of a service, or to one resource.
type Fault struct {
	// Latency is waited out before the call is looked at. A caller who goes away meanwhile was never heard.
	Latency time.Duration
	// Outage answers every call with status 503, ServiceUnavailable.
	Outage bool
	// Throttle is how many calls per second are let through; the others get the service's typed throttle error. It is a
	// token bucket that holds one second's worth, at least one call, and starts full. 0 means no limit.
	Throttle float64
	// ErrorRate is the share of calls, from 0 to 1, that end with the service's internal error, status 500, undone.
	ErrorRate float64
	// LostRate is the share of calls, from 0 to 1, that are carried out and whose answer is lost: the connection breaks.
	LostRate float64

	// DuplicateRate is the share of received messages, from 0 to 1, that are delivered once more, with the same id and
	// a receipt of their own, even if the first delivery was deleted meanwhile. A second delivery has no third.
	DuplicateRate float64
	// DuplicateWithin is how long after the receive the second delivery becomes visible, at most. 0 means a minute.
	DuplicateWithin time.Duration
	// ReorderRate is the share of deliveries, from 0 to 1, in which any of the first 1,000 visible messages is taken
	// instead of the first.
	ReorderRate float64
	// ClockSkew is how far the service's clock is ahead of the true one; negative is behind. It shows in the Date of
	// answers (with "*" only), in the time stamps of messages and users that are made meanwhile, and nowhere else:
	// timeouts run by the true clock.
	ClockSkew time.Duration
}

// Faults are faults by service ("sqs"), then by what they are wrong with: an operation ("SendMessage"), a resource
// ("queue:jobs", which need not be there yet), or "*" for all operations and resources without an entry of their own.
// It is the JSON of /_local/faults.
type Faults map[string]map[string]Fault

// everything is the entry for what has none of its own.
const everything = "*"

// usualDuplicateWithin is what a DuplicateWithin of 0 means.
const usualDuplicateWithin = time.Minute

// conditions are the faults that the service carries out.
func (f Fault) conditions() awsjson.Conditions {
	if f.DuplicateWithin == 0 {
		f.DuplicateWithin = usualDuplicateWithin
	}
	return awsjson.Conditions{
		ClockSkew: f.ClockSkew, DuplicateRate: f.DuplicateRate, DuplicateWithin: f.DuplicateWithin, ReorderRate: f.ReorderRate,
	}
}

// faultJSON is a Fault on the wire: durations in words, what is off left out.
type faultJSON struct {
	Latency         string  `json:"latency,omitempty"`
	Outage          bool    `json:"outage,omitempty"`
	Throttle        float64 `json:"throttle,omitempty"`
	ErrorRate       float64 `json:"errorRate,omitempty"`
	LostRate        float64 `json:"lostRate,omitempty"`
	DuplicateRate   float64 `json:"duplicateRate,omitempty"`
	DuplicateWithin string  `json:"duplicateWithin,omitempty"`
	ReorderRate     float64 `json:"reorderRate,omitempty"`
	ClockSkew       string  `json:"clockSkew,omitempty"`
}

// MarshalJSON writes the fault as {"latency":"200ms","outage":true,"throttle":5,"errorRate":0.1,"lostRate":0.1,
// "duplicateRate":0.1,"duplicateWithin":"1m0s","reorderRate":0.1,"clockSkew":"-5s"}, without what is off.
func (f Fault) MarshalJSON() ([]byte, error) {
	return json.Marshal(faultJSON{
		Latency: words(f.Latency), Outage: f.Outage, Throttle: f.Throttle, ErrorRate: f.ErrorRate, LostRate: f.LostRate,
		DuplicateRate: f.DuplicateRate, DuplicateWithin: words(f.DuplicateWithin), ReorderRate: f.ReorderRate, ClockSkew: words(f.ClockSkew),
	})
}

func words(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

// UnmarshalJSON reads what MarshalJSON writes. It refuses unknown members, so that a misspelt fault is not taken for
// none.
func (f *Fault) UnmarshalJSON(data []byte) error {
	var in faultJSON
	if err := awsjson.Strictly(data, &in); err != nil {
		return err
	}
	*f = Fault{
		Outage: in.Outage, Throttle: in.Throttle, ErrorRate: in.ErrorRate, LostRate: in.LostRate,
		DuplicateRate: in.DuplicateRate, ReorderRate: in.ReorderRate,
	}
	for _, d := range []struct {
		name, words string
		into        *time.Duration
	}{{"latency", in.Latency, &f.Latency}, {"duplicateWithin", in.DuplicateWithin, &f.DuplicateWithin}, {"clockSkew", in.ClockSkew, &f.ClockSkew}} {
		if d.words == "" {
			continue
		}
		var err error
		if *d.into, err = time.ParseDuration(d.words); err != nil {
			return fmt.Errorf("localcloud: read fault: %s: %w", d.name, err)
		}
	}
	return nil
}

// maxThrottle is the largest limit that means anything here, in calls per second.
const maxThrottle = 1e9

// check holds a fault to sensible numbers.
func (f Fault) check() error {
	switch {
	case f.Latency < 0:
		return fmt.Errorf("localcloud: set fault: latency %v is negative", f.Latency)
	case f.DuplicateWithin < 0:
		return fmt.Errorf("localcloud: set fault: duplicateWithin %v is negative", f.DuplicateWithin)
	case !(f.Throttle >= 0 && f.Throttle <= maxThrottle):
		return fmt.Errorf("localcloud: set fault: throttle %v is not between 0 and %v", f.Throttle, float64(maxThrottle))
	}
	for name, rate := range map[string]float64{
		"errorRate": f.ErrorRate, "lostRate": f.LostRate, "duplicateRate": f.DuplicateRate, "reorderRate": f.ReorderRate,
	} {
		if !(rate >= 0 && rate <= 1) {
			return fmt.Errorf("localcloud: set fault: %s %v is not between 0 and 1", name, rate)
		}
	}
	return nil
}

// ofOperations names the faults in f that belong to operations, ofServices those that the service carries out.
func (f Fault) ofOperations() []string {
	return named(map[string]bool{
		"latency": f.Latency != 0, "outage": f.Outage, "throttle": f.Throttle != 0, "errorRate": f.ErrorRate != 0, "lostRate": f.LostRate != 0,
	})
}

func (f Fault) ofServices() []string {
	return named(map[string]bool{
		"duplicateRate": f.DuplicateRate != 0, "duplicateWithin": f.DuplicateWithin != 0,
		"reorderRate": f.ReorderRate != 0, "clockSkew": f.ClockSkew != 0,
	})
}

func named(on map[string]bool) []string {
	var names []string
	for name, is := range on {
		if is {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// belongs tells, as an error, why a fault can't be where it is put. Nothing is switched on that would do nothing.
func (f Fault) belongs(wire *awsjson.Service, where string) error {
	for _, name := range f.ofServices() {
		if !slices.Contains(wire.Suffers, name) {
			return fmt.Errorf("localcloud: set fault: %s knows no %s", wire.Name, name)
		}
	}
	resource, isResource := strings.CutPrefix(where, wire.Resource+":")
	isResource = isResource && wire.Resource != ""
	_, isOperation := wire.Operations[where]
	switch {
	case where == everything:
	case isResource && resource == "":
		return fmt.Errorf("localcloud: set fault: a %s without a name", wire.Resource)
	case isResource && len(f.ofOperations()) > 0:
		return fmt.Errorf("localcloud: set fault: %s belongs to an operation, not to %s", f.ofOperations()[0], where)
	case isResource:
	case !isOperation:
		return fmt.Errorf("localcloud: set fault: %s has no operation %q", wire.Name, where)
	case len(f.ofServices()) > 0:
		return fmt.Errorf("localcloud: set fault: %s belongs to %q or to one %s, not to an operation", f.ofServices()[0], everything, wire.Resource)
	}
	return nil
}
