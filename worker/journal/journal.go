// Package journal reads the lines that the trigger writes before each send out of its log, and puts those users on the
// queue whom the ledger does not know: whose message SQS never got.
//
// It promises: a record is taken only if it is, byte for byte, what the trigger writes, and all of a line or of a log
// event; nothing inside a string of another record, an attribute, or the middle of a line can pass for one. What the ledger
// knows is not sent, nor what is too young to be missed; sending twice is harmless, since the run key is the same.
//
// It refuses records of user pools that are not named. A journal line has neither user name nor metadata: the name is asked
// of the pool, so that federated users, whom no call finds by their sub, are enriched too; the metadata are lost. In a bare
// log, lines are all there is: if another program writes lines of strangers into the same log, use a form that keeps the
// events apart (an export with times, or the JSON of the AWS CLI).
package journal

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"

	"github.com/postconfirm/postconfirm/enrich/event"
)

// The marks of the trigger's record, as its package documents it.
const (
	kind    = "journal"
	version = 1
)

// Record is one line of the trigger: somebody was confirmed, and is about to be sent.
type Record struct {
	Run    string // run key
	Pool   string
	Region string
	Sub    string
	Client string
	Source string
	At     time.Time // UTC, the trigger's clock
}

// Parse reads a record. ok is false for whatever is not exactly one: the members in the trigger's order and spelling, its
// escapes, no space, the run key that belongs to pool and sub. line has no line end.
func Parse(line []byte) (r Record, ok bool) {
	if !event.Object(line) {
		return Record{}, false
	}
	var at string
	into := map[string]*string{"run": &r.Run, "pool": &r.Pool, "region": &r.Region, "sub": &r.Sub, "client": &r.Client, "source": &r.Source, "at": &at}
	for key, value := range event.Members(line) {
		if field := into[key]; field != nil {
			*field, _ = event.String(value)
		}
	}
	moment, err := time.Parse(time.RFC3339Nano, at)
	if r.At = moment.UTC(); err != nil || r.Pool == "" || r.Sub == "" || r.Source != event.SourceSignup || r.Run != event.RunKey(r.Pool, r.Sub, event.Onboarding) {
		return Record{}, false
	}
	return r, bytes.Equal(line, r.line())
}

// line is the record as the trigger writes it: what is read must come out the same.
func (r Record) line() []byte {
	b := append(make([]byte, 0, 384), `{"postconfirm":"`+kind+`","v":`...)
	b = strconv.AppendInt(b, version, 10)
	for _, f := range [...][2]string{{"run", r.Run}, {"pool", r.Pool}, {"region", r.Region}, {"sub", r.Sub}, {"client", r.Client}, {"source", r.Source},
		{"at", r.At.Format(time.RFC3339Nano)}} {
		if f[1] != "" {
			b = append(event.AppendString(append(b, ','), f[0]), ':')
			b = event.AppendString(b, f[1])
		}
	}
	return append(b, '}')
}

// near tells whether a text that is no record was perhaps meant to be one: cut off, or changed on its way.
func near(text []byte) bool {
	if bytes.Contains(text, []byte(`{"postconfirm":"`+kind+`"`)) {
		return true
	}
	var members struct {
		Kind json.RawMessage `json:"postconfirm"`
	}
	return event.Object(text) && json.Unmarshal(text, &members) == nil && string(members.Kind) == `"`+kind+`"`
}
