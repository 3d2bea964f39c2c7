// Package record is how a ledger writes a run down: what becomes JSON, how times become numbers, and the checksum over
// everything that decides.
//
// A ledger keeps in columns of its own what claims are decided by and what lists look for: the identity, state, owner,
// lease, fence, crashes, updated, first seen, erased. The rest is one piece of JSON, which a claim never reads or
// makes. It promises that a run that is read is the run that was written, to the nanosecond and byte for byte in its
// answers; it refuses runs whose key is not their own or whose state is none.
package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// rest is the JSON.
type rest struct {
	Source     string                       `json:"source,omitempty"`
	Client     string                       `json:"client,omitempty"`
	Reason     string                       `json:"reason,omitempty"`
	Releases   int                          `json:"releases,omitempty"`
	Reopens    int                          `json:"reopens,omitempty"`
	Reopened   time.Time                    `json:"reopened,omitzero"`
	LetterSent bool                         `json:"letter_sent,omitempty"`
	Steps      map[string]worker.StepRecord `json:"steps,omitempty"`
	Flags      []string                     `json:"flags,omitempty"`
	Written    map[string]worker.Wrote      `json:"written,omitempty"`
	Pipeline   string                       `json:"pipeline,omitempty"`
	Plan       string                       `json:"plan,omitempty"`
	Origin     worker.Origin                `json:"origin,omitzero"`
	Domain     string                       `json:"domain,omitempty"`
}

// Encode checks that the run's key and state are sound, and gives the JSON of what stands in no column.
func Encode(r worker.Run) ([]byte, error) {
	if r.Key != r.Identity.Key() {
		return nil, errors.New("the run's key is not that of its identity")
	}
	if !Known(r.State) {
		return nil, errors.New("unknown state " + string(r.State))
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(rest{Source: r.Source, Client: r.Client, Reason: r.Reason, Releases: r.Releases, Reopens: r.Reopens,
		Reopened: r.Reopened.Round(0).UTC(), LetterSent: r.LetterSent, Steps: r.Steps, Flags: r.Flags, Written: r.Written, Pipeline: r.Pipeline,
		Plan: r.Plan, Origin: r.Origin, Domain: r.Domain})
	if err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), nil
}

// Decode adds to a run, of which the columns are set, what its JSON says.
func Decode(text []byte, r *worker.Run) error {
	var v rest
	if err := json.Unmarshal(text, &v); err != nil {
		return err
	}
	r.Source, r.Client, r.Reason, r.Releases, r.Reopens, r.Reopened = v.Source, v.Client, v.Reason, v.Releases, v.Reopens, v.Reopened
	r.LetterSent, r.Steps, r.Flags, r.Written, r.Pipeline = v.LetterSent, v.Steps, v.Flags, v.Written, v.Pipeline
	r.Plan, r.Origin, r.Domain = v.Plan, v.Origin, v.Domain
	return nil
}

// Sum is 16 bytes of SHA-256 over texts, each with its length, over numbers, and over the JSON. The first text should
// name ledger and version, so that no row of one passes for a row of another.
func Sum(texts []string, numbers []int64, text []byte) []byte {
	sum := sha256.New()
	var number [8]byte
	add := func(n int64) {
		binary.BigEndian.PutUint64(number[:], uint64(n))
		sum.Write(number[:])
	}
	for _, t := range texts {
		add(int64(len(t)))
		sum.Write([]byte(t))
	}
	for _, n := range numbers {
		add(n)
	}
	sum.Write(text)
	return sum.Sum(nil)[:16]
}

// States are all states of a run.
func States() []worker.RunState {
	return []worker.RunState{worker.Open, worker.Done, worker.Parked, worker.Gone, worker.Replaced}
}

// Known tells whether a state is one.
func Known(s worker.RunState) bool { return slices.Contains(States(), s) }

// Nanoseconds is a time as nanoseconds since 1970; 0 for the zero time.
func Nanoseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// Instant is the time of nanoseconds since 1970, in UTC; the zero time for 0.
func Instant(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}
