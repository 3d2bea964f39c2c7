package worker

import "time"

// Verdict says what becomes of a message. The zero value keeps it.
type Verdict struct {
	Delete  bool          // the ledger holds a final state, or the dead letter is durable
	Hide    time.Duration // if not deleted: not before this; 0 leaves the visibility as it is
	Outcome Outcome
	Reason  string // stable code, "" when all is well
	Run     string // run key, if the message has one
}

// BreakerOpen is the reason of a run that was released because an outside system it needs is thought sick.
const BreakerOpen = "breaker_open"

// AskedToWait is the code of a step that was kept from calling because its outside system had asked several runs to wait.
const AskedToWait = "vendor_asked_to_wait"

// Outcome is the kind of a verdict.
type Outcome uint8

// The outcomes.
const (
	Retry     Outcome = iota // charged: something failed that may work later
	Released                 // uncharged: throttle, shutdown, another worker, ledger not there
	Completed                // the run is done now
	Duplicate                // the run was final already
	Parking                  // the run waits for a person now
	Poison                   // the message was no run at all and is a dead letter now
	Vanished                 // the user is gone, or is another person now
)

// String is the outcome as logs and metrics write it.
func (o Outcome) String() string {
	return [...]string{"retry", "released", "done", "duplicate", "parked", "poison", "gone"}[min(o, Vanished)]
}
