package dynamo

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/record"
)

// trouble is what the index knows of a run with a cause, so that groups are counted and lists chosen without reading a run.
// It is the attribute of that name, as JSON, and covered by the checksum. A run without a cause has none: its saves write
// nothing to the index. One in trouble writes to it with every save, since that says when it was saved last.
type trouble struct {
	Updated  int64  `json:"updated"` // nanoseconds since 1970
	Source   string `json:"source,omitempty"`
	Client   string `json:"client,omitempty"`
	Domain   string `json:"domain,omitempty"`
	Pipeline string `json:"pipeline,omitempty"`
	Attempts int    `json:"attempts,omitempty"`
	worker.Cause
}

// troubleOf is the attribute of a run; "" if it has no cause.
func troubleOf(r worker.Run) string {
	cause := r.Cause()
	if cause == (worker.Cause{}) {
		return ""
	}
	text, _ := json.Marshal(trouble{record.Nanoseconds(r.Updated), r.Source, r.Client, r.Domain, r.Pipeline, r.Attempts(), cause}) // texts and numbers always can be
	return string(text)
}

// troubleIn reads the attribute; what is none says nothing.
func troubleIn(text string) (t trouble, ok bool) {
	return t, text != "" && json.Unmarshal([]byte(text), &t) == nil
}

// inIndex tells whether a run stands in the index: one that is open or parked, and one that is done with an open effect.
func (v *row) inIndex() bool {
	return v.state == string(worker.Open) || v.state == string(worker.Parked) || v.trouble != ""
}

// indexed compares what puts an item into the index with the run that it is.
func (v *row) indexed(i item) error {
	if _, there := i[aUnfinished]; there != v.inIndex() {
		return &RecordError{v.key, "it stands in the index and should not, or should and does not"}
	}
	r, err := v.run()
	if err == nil && troubleOf(r) != v.trouble {
		err = &RecordError{v.key, "the index says another trouble"}
	}
	return err
}

// troubled tells whether a filter wants runs with a cause only: the index has all of them.
func troubled(f worker.Filter) bool { return f.Troubled || f.Cause != (worker.Cause{}) }

// perhaps tells whether a run may be wanted, by what the index says of it: for sure, if it is in trouble.
func perhaps(f worker.Filter, v row) bool {
	first, id := record.Instant(v.first), v.identity()
	t, inTrouble := troubleIn(v.trouble)
	return (f.State == "" || v.state == string(f.State)) && (f.Pool == "" || id.Pool == f.Pool) &&
		(f.Generation == "" || id.Generation == f.Generation) &&
		(f.Since.IsZero() || !first.Before(f.Since)) && (f.Until.IsZero() || first.Before(f.Until)) &&
		(inTrouble && t.matches(f) || !inTrouble && !troubled(f))
}

func (t trouble) matches(f worker.Filter) bool {
	for _, e := range []struct{ want, got string }{{f.Cause.Step, t.Step}, {f.Cause.Class, t.Class}, {f.Cause.Code, t.Code},
		{f.Source, t.Source}, {f.Client, t.Client}, {f.Domain, t.Domain}} {
		if e.want != "" && e.want != e.got {
			return false
		}
	}
	return strings.HasPrefix(t.Pipeline, f.Pipeline) && t.Attempts >= f.Attempts
}

// count adds what the index says of a run to groups, if it is wanted.
func (v *row) count(groups *worker.Groups, f worker.Filter, trend worker.Trend) {
	t, ok := troubleIn(v.trouble)
	if f.Troubled = true; ok && perhaps(f, *v) {
		groups.Add(worker.RunState(v.state), t.Cause, record.Instant(t.Updated), v.key, trend)
	}
}

// known refuses a state that is none.
func known(state worker.RunState) error {
	if state != "" && !record.Known(state) {
		return errors.New("unknown state " + string(state))
	}
	return nil
}
