package main

import (
	"time"

	"github.com/postconfirm/postconfirm/deploy/onebox"
	"github.com/postconfirm/postconfirm/deploy/onebox/pretend"
)

// result is one user's line with --json.
type result struct {
	User       string            `json:"user"`
	Run        string            `json:"run"`
	Outcome    string            `json:"outcome"`
	Reason     string            `json:"reason,omitempty"`
	ConfirmMS  float64           `json:"confirm_ms"`  // of the ConfirmSignUp call, the trigger within
	EnrichedMS float64           `json:"enriched_ms"` // from that call to the end of the run
	Deliveries int               `json:"deliveries"`  // of the message
	Steps      []stepResult      `json:"steps"`
	Before     map[string]string `json:"attributes_before"`
	After      map[string]string `json:"attributes_after"`

	person    onebox.Person
	confirmed time.Time
}

type stepResult struct {
	ID    string  `json:"id"`
	Uses  string  `json:"uses"`
	State string  `json:"state"`
	Code  string  `json:"code,omitempty"`
	Calls int     `json:"calls"` // tries of all deliveries
	MS    float64 `json:"ms"`    // of the last delivery's tries
}

// totals is the last line with --json.
type totals struct {
	Scene          string                   `json:"scene,omitempty"` // but for the first scene
	Users          int                      `json:"users"`
	Finished       int                      `json:"finished"`
	Enriched       int                      `json:"enriched"`
	SignUps        float64                  `json:"signups_ms"` // for all of them, one after the other
	SlowestConfirm float64                  `json:"slowest_confirm_ms"`
	Vendors        map[string]pretend.Count `json:"vendors"`
	Got            *got                     `json:"got,omitempty"` // likewise
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Round(100*time.Microsecond)) / float64(time.Millisecond)
}
