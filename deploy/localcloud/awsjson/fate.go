package awsjson

import "time"

// Conditions are the faults that only a service itself can carry out, as they are for one of its resources, or for
// all of them. The zero value is nothing.
type Conditions struct {
	// ClockSkew is how far the service's clock is ahead of the true time; negative is behind.
	ClockSkew time.Duration
	// DuplicateRate is the share of received messages, from 0 to 1, that are delivered once more, deleted or not.
	DuplicateRate float64
	// DuplicateWithin is how long after the receive the second delivery comes, at most. Never 0 with a rate.
	DuplicateWithin time.Duration
	// ReorderRate is the share of deliveries, from 0 to 1, that are out of turn.
	ReorderRate float64
}

// Fate decides what goes wrong. It is safe for concurrent use, and takes no lock of a service's.
type Fate interface {
	// Conditions tells what is switched on now for a resource, or with "" for the service as a whole.
	Conditions(resource string) Conditions
	// Dice throws a number from 0 to 1, 1 excluded. Throw only for what is switched on, so that the sequence of
	// outcomes depends on the calls that matter alone.
	Dice() float64
}

// Calm is the Fate of a service that nobody has given another: nothing goes wrong.
type Calm struct{}

// Conditions are none.
func (Calm) Conditions(string) Conditions { return Conditions{} }

// Dice never has to be thrown.
func (Calm) Dice() float64 { return 0 }
