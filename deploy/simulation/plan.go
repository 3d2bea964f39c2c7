package simulation

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
)

// plan is all that is drawn for a world before it begins.
type plan struct {
	Seed      int64
	Slots     []slot // one process at a time in each
	Users     int
	ByEmail   bool // users sign in with their e-mail address; else with a name, which can be taken again
	Shape     string
	Storm     time.Duration // how long faults strike
	HideMax   time.Duration
	InFlight  int
	Windows   []window // faults of the cloud
	Outages   []outage // of vendors
	Vendor    mood
	Ledger    ledgerMood
	Process   processMood
	Incidents []incident
}

// slot is one place where a process runs.
type slot struct {
	Function bool // behind an event source mapping; else a daemon
	Pollers  int
}

// window is a fault of the cloud for a while.
type window struct {
	At, For                 time.Duration
	Service, Where, Trouble string
	Fault                   localcloud.Fault
}

// outage is a time in which a vendor refuses everybody.
type outage struct {
	At, For time.Duration
	Step    string
	Kind    string // "down", "unreachable"
}

// mood is how often the vendors' calls go wrong.
type mood struct {
	Rate      float64 // share of calls that go wrong
	Permanent float64 // share of users whom a vendor will never serve, by step
	Slow      time.Duration
}

// ledgerMood is how often the ledger's calls go wrong.
type ledgerMood struct {
	Errors, Lost float64
	Slow         time.Duration
	Downs        []window
}

// processMood is what happens to processes.
type processMood struct {
	Kill, Stop, Term, Skew, Jump float64 // shares of the processes
}

// incident is what happens to a user, or comes on the queue.
type incident struct {
	At   time.Duration
	User int
	What string // see people.go
}

// draw makes the plan of a seed. Every family of faults is there or not, so that some worlds have one trouble only and
// some have all of them.
func draw(seed int64) *plan {
	d := dice(seed)
	r := d.of("world")
	p := &plan{Seed: seed, Users: 5 + int(36*r.Float64()*r.Float64()*r.Float64()), ByEmail: maybe(r, 0.5),
		Shape: among(r, shapes()...), Storm: between(r, 2*time.Minute, 20*time.Minute),
		HideMax: among(r, time.Minute, 3*time.Minute, 15*time.Minute), InFlight: among(r, 1, 4, 16, 64)}
	for range 1 + int(8*r.Float64()*r.Float64()) {
		p.Slots = append(p.Slots, slot{Function: maybe(r, 0.4), Pollers: 1 + r.IntN(2)})
	}
	p.drawCloud(d.of("cloud"))
	p.drawVendors(d.of("vendors"))
	p.drawLedger(d.of("ledger"))
	p.drawProcesses(d.of("processes"))
	p.drawIncidents(d.of("incidents"))
	return p
}

// operations are what the workers ask of the cloud.
func operations() [][2]string {
	return [][2]string{{"cognito-idp", "AdminGetUser"}, {"cognito-idp", "AdminUpdateUserAttributes"}, {"cognito-idp", "DescribeUserPool"},
		{"sqs", "ReceiveMessage"}, {"sqs", "DeleteMessageBatch"}, {"sqs", "ChangeMessageVisibility"}, {"sqs", "SendMessage"}}
}

func (p *plan) drawCloud(r *rand.Rand) {
	if maybe(r, 0.5) {
		f := localcloud.Fault{DuplicateRate: r.Float64(), DuplicateWithin: between(r, time.Second, 10*time.Minute), ReorderRate: r.Float64()}
		p.Windows = append(p.Windows, window{For: p.Storm, Service: "sqs", Where: "queue:confirmed", Trouble: "queue", Fault: f})
	}
	if maybe(r, 0.4) {
		return
	}
	rate := r.Float64()
	for _, o := range operations() {
		at := between(r, 0, p.Storm/2)
		for at < p.Storm && maybe(r, rate) {
			w := window{At: at, For: between(r, 5*time.Second, 5*time.Minute), Service: o[0], Where: o[1]}
			w.For = min(w.For, p.Storm-at)
			if o[1] == "SendMessage" { // letters are rare
				w.At, w.For = 0, p.Storm
			}
			w.Trouble, w.Fault = trouble(r)
			p.Windows = append(p.Windows, w)
			at = w.At + w.For + between(r, time.Second, 5*time.Minute)
		}
	}
}

func trouble(r *rand.Rand) (string, localcloud.Fault) {
	switch r.IntN(5) {
	case 0:
		return "latency", localcloud.Fault{Latency: between(r, time.Second, 40*time.Second)}
	case 1:
		return "outage", localcloud.Fault{Outage: true}
	case 2:
		return "throttle", localcloud.Fault{Throttle: 0.02 + 2*r.Float64()*r.Float64()}
	case 3:
		return "error", localcloud.Fault{ErrorRate: 0.1 + 0.9*r.Float64()}
	}
	return "lost", localcloud.Fault{LostRate: 0.1 + 0.9*r.Float64()}
}

func (p *plan) drawVendors(r *rand.Rand) {
	p.Vendor.Slow = among(r, 0, time.Second, 8*time.Second)
	if maybe(r, 0.6) {
		p.Vendor.Rate = 0.6 * r.Float64()
	}
	if maybe(r, 0.3) {
		p.Vendor.Permanent = 0.2 * r.Float64()
	}
	for maybe(r, 0.3) {
		at := between(r, 0, p.Storm)
		p.Outages = append(p.Outages, outage{At: at, For: between(r, 10*time.Second, p.Storm-at), Step: among(r, stepNames()...),
			Kind: among(r, "down", "unreachable")})
	}
}

func (p *plan) drawLedger(r *rand.Rand) {
	if maybe(r, 0.6) {
		return
	}
	p.Ledger = ledgerMood{Errors: 0.2 * r.Float64(), Lost: 0.2 * r.Float64(), Slow: among(r, 0, time.Second, 20*time.Second)}
	for maybe(r, 0.4) {
		at := between(r, 0, p.Storm)
		p.Ledger.Downs = append(p.Ledger.Downs, window{At: at, For: between(r, time.Second, p.Storm-at)})
	}
}

func (p *plan) drawProcesses(r *rand.Rand) {
	often := func(share float64) float64 {
		if !maybe(r, share) {
			return 0
		}
		return r.Float64()
	}
	p.Process = processMood{Kill: often(0.4), Stop: often(0.4), Term: often(0.4), Skew: often(0.15), Jump: often(0.15)}
}

func (p *plan) drawIncidents(r *rand.Rand) {
	for i := range p.Users {
		joined := between(r, 0, p.Storm/2)
		p.Incidents = append(p.Incidents, incident{At: joined, User: i, What: "confirm"})
		if maybe(r, 0.5) {
			continue
		}
		for maybe(r, 0.5) {
			p.Incidents = append(p.Incidents, incident{At: joined + between(r, 0, p.Storm/2), User: i, What: among(r, mishaps()...)})
		}
	}
}

// String is the plan as a person reads it.
func (p *plan) String() string { return fmt.Sprintf("%+v", *p) }
