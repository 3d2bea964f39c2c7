package failpoint

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// Variable is the environment variable that says what a victim dies of: an Orders as JSON.
const Variable = "POSTCONFIRM_FAILPOINT"

// Orders are what a proof wants of one life of a worker. The zero value is a worker like any other.
type Orders struct {
	Point   string        `json:",omitempty"` // where it dies; "" nowhere
	Hit     int           `json:",omitempty"` // at which hit; the first
	Only    string        `json:",omitempty"` // of which run; any
	Ahead   time.Duration `json:",omitempty"` // how far its clock is ahead: what seems to have passed since the proof began
	Lease   time.Duration `json:",omitempty"` // the worker's default
	Hide    time.Duration `json:",omitempty"` // first pause through the queue, and of a sick vendor; the worker's defaults
	Crashes int           `json:",omitempty"` // the worker's default
	Writes  float64       `json:",omitempty"` // attribute writes per second; the pipeline's
}

// Variable gives the orders as a line of an environment.
func (o Orders) Variable() string {
	text, err := json.Marshal(o)
	if err != nil {
		return Variable + "=" + err.Error() // can't be read, and is told so
	}
	return Variable + "=" + string(text)
}

// Read reads the variable's value; an empty one is the zero Orders.
func Read(text string) (o Orders, err error) {
	if text == "" {
		return o, nil
	}
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return o, fmt.Errorf("failpoint: read %s: %w", Variable, err)
	}
	return o, nil
}

// Obey puts the orders into a worker's options and gives the decorator of its ports.
func (o Orders) Obey(to *worker.Options) (func(worker.Ports) worker.Ports, error) {
	bomb, err := NewBomb(o.Point, o.Hit, o.Only, nil)
	if err != nil {
		return nil, err
	}
	to.Lease, to.HideBase, to.Probe, to.Crashes = o.Lease, o.Hide, o.Hide, o.Crashes
	to.Now = func() time.Time { return time.Now().Add(o.Ahead) }
	if o.Writes > 0 {
		to.Budget = worker.NewBudget(o.Writes, to.Now)
	}
	return func(p worker.Ports) worker.Ports { return Ports(p, bomb, o.Ahead) }, nil
}
