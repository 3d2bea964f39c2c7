package cognito

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/postconfirm/postconfirm/deploy/localcloud/awsjson"
)

// Switches are what can be changed while the service runs. The zero value is AWS at its best. It is the JSON of
// /_local/cognito.
type Switches struct {
	// ListLag is how old the state is that ListUsers shows: a change is seen only after that time. Changes from before
	// the lag was switched on are seen at once. AdminGetUser is never stale.
	ListLag time.Duration
	// ListScan is how many users ListUsers looks at for one page, 0 for no bound: with it, pages come short or empty
	// although more follow, as they may in AWS.
	ListScan int
	// Quotas are the rates in calls per second beyond which calls get a TooManyRequestsException.
	Quotas Quotas
}

// switchesJSON are Switches on the wire: the lag in words, what is off left out.
type switchesJSON struct {
	ListLag  string `json:"listLag,omitempty"`
	ListScan int    `json:"listScan,omitempty"`
	Quotas   Quotas `json:"quotas,omitzero"`
}

// MarshalJSON writes {"listLag":"5s","listScan":10,"quotas":{"UserUpdate":25}}, without what is off.
func (w Switches) MarshalJSON() ([]byte, error) {
	out := switchesJSON{ListScan: w.ListScan, Quotas: w.Quotas}
	if w.ListLag != 0 {
		out.ListLag = w.ListLag.String()
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON writes, and "aws" for the quotas that a new account has. It refuses unknown
// members.
func (w *Switches) UnmarshalJSON(data []byte) error {
	var in switchesJSON
	if err := awsjson.Strictly(data, &in); err != nil {
		return err
	}
	*w = Switches{ListScan: in.ListScan, Quotas: in.Quotas}
	if in.ListLag == "" {
		return nil
	}
	var err error
	if w.ListLag, err = time.ParseDuration(in.ListLag); err != nil {
		return fmt.Errorf("cognito: read switches: listLag: %w", err)
	}
	return nil
}

// Switches tells what is switched on.
func (s *Service) Switches() Switches {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.switches
}

// SetSwitches changes all switches, or none if one of them makes no sense. Quotas start with a full second's worth.
func (s *Service) SetSwitches(w Switches) error {
	switch {
	case w.ListLag < 0:
		return fmt.Errorf("cognito: set switches: list lag %v is negative", w.ListLag)
	case w.ListScan < 0:
		return fmt.Errorf("cognito: set switches: list scan %d is negative", w.ListScan)
	}
	if err := w.Quotas.check(); err != nil {
		return fmt.Errorf("cognito: set switches: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flip(w)
	return nil
}

func (s *Service) flip(w Switches) {
	s.switches = w
	s.buckets = w.Quotas.buckets(time.Now())
}

// Suffer takes over the cloud's switches, of which the clock skew is one for this service.
func (s *Service) Suffer(fate awsjson.Fate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fate = fate
}

// clock is what the service's clock shows: the time that is stamped on pools, clients and users. The caller holds the
// lock.
func (s *Service) clock() time.Time { return time.Now().Add(s.fate.Conditions("").ClockSkew) }
