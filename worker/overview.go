package worker

import "time"

// Overview is what a ledger can say about all its runs at once, without a name or a key of any of them.
type Overview struct {
	// States counts the runs by state. Open and Parked are always counted; another state that is missing has no run, or
	// was not counted.
	States map[RunState]int
	// Oldest is when the oldest open run was first seen; zero if no run is open.
	Oldest time.Time
}
