package localcloud

import (
	"encoding/json"
	"fmt"
	"time"
)

// Fault is what is wrong with an operation. The zero value is nothing.
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
}

// Faults are faults by service ("sqs"), then by operation ("SendMessage", or "*" for all those without an entry of
// their own). It is the JSON of /_local/faults.
type Faults map[string]map[string]Fault

// everyOperation is the entry for operations that have none of their own.
const everyOperation = "*"

// faultJSON is a Fault on the wire: the latency in words, what is off left out.
type faultJSON struct {
	Latency   string  `json:"latency,omitempty"`
	Outage    bool    `json:"outage,omitempty"`
	Throttle  float64 `json:"throttle,omitempty"`
	ErrorRate float64 `json:"errorRate,omitempty"`
	LostRate  float64 `json:"lostRate,omitempty"`
}

// MarshalJSON writes the fault as {"latency":"200ms","outage":true,"throttle":5,"errorRate":0.1,"lostRate":0.1}.
func (f Fault) MarshalJSON() ([]byte, error) {
	out := faultJSON{Outage: f.Outage, Throttle: f.Throttle, ErrorRate: f.ErrorRate, LostRate: f.LostRate}
	if f.Latency != 0 {
		out.Latency = f.Latency.String()
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON writes. It refuses unknown members, so that a misspelt fault is not taken for
// none.
func (f *Fault) UnmarshalJSON(data []byte) error {
	var in faultJSON
	if err := strictly(data, &in); err != nil {
		return err
	}
	*f = Fault{Outage: in.Outage, Throttle: in.Throttle, ErrorRate: in.ErrorRate, LostRate: in.LostRate}
	if in.Latency == "" {
		return nil
	}
	var err error
	if f.Latency, err = time.ParseDuration(in.Latency); err != nil {
		return fmt.Errorf("localcloud: read fault: latency: %w", err)
	}
	return nil
}

// check holds a fault to sensible numbers.
func (f Fault) check() error {
	switch {
	case f.Latency < 0:
		return fmt.Errorf("localcloud: set fault: latency %v is negative", f.Latency)
	case !(f.Throttle >= 0 && f.Throttle <= maxThrottle):
		return fmt.Errorf("localcloud: set fault: throttle %v is not between 0 and %v", f.Throttle, float64(maxThrottle))
	case !(f.ErrorRate >= 0 && f.ErrorRate <= 1):
		return fmt.Errorf("localcloud: set fault: error rate %v is not between 0 and 1", f.ErrorRate)
	case !(f.LostRate >= 0 && f.LostRate <= 1):
		return fmt.Errorf("localcloud: set fault: lost rate %v is not between 0 and 1", f.LostRate)
	}
	return nil
}

// maxThrottle is the largest limit that means anything here, in calls per second.
const maxThrottle = 1e9
