package sqlite

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

// row is a run as the table has it:
//
//	key  pool  sub  generation        who: never changes
//	state  owner  lease_until  fence  what claims are decided by
//	crashes  updated
//	record                            JSON of the rest
//	sum                               16 bytes of SHA-256 over all of the above
//
// Times are nanoseconds since 1970, 0 for none. A claim changes columns only, so the one goroutine that writes never
// reads or makes JSON.
type row struct {
	key, pool, sub, generation string
	state, owner               string
	lease, fence, crashes      int64
	updated                    int64
	record, sum                []byte
}

// record is the JSON part of a row.
type record struct {
	Source     string                       `json:"source,omitempty"`
	Client     string                       `json:"client,omitempty"`
	Reason     string                       `json:"reason,omitempty"`
	FirstSeen  time.Time                    `json:"first_seen,omitzero"`
	Releases   int                          `json:"releases,omitempty"`
	Reopens    int                          `json:"reopens,omitempty"`
	LetterSent bool                         `json:"letter_sent,omitempty"`
	Steps      map[string]worker.StepRecord `json:"steps,omitempty"`
	Flags      []string                     `json:"flags,omitempty"`
	Written    map[string]worker.Wrote      `json:"written,omitempty"`
	Pipeline   string                       `json:"pipeline,omitempty"`
}

var errForeignKey = errors.New("the run's key is not that of its identity")

// rowOf makes the row of a run, sum included.
func rowOf(r worker.Run) (row, error) {
	if r.Key != r.Identity.Key() {
		return row{}, errForeignKey
	}
	if !known(r.State) {
		return row{}, errors.New("unknown state " + string(r.State))
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(record{Source: r.Source, Client: r.Client, Reason: r.Reason, FirstSeen: r.FirstSeen.Round(0).UTC(),
		Releases: r.Releases, Reopens: r.Reopens, LetterSent: r.LetterSent, Steps: r.Steps, Flags: r.Flags,
		Written: r.Written, Pipeline: r.Pipeline})
	if err != nil {
		return row{}, err
	}
	v := row{key: r.Key, pool: r.Pool, sub: r.Sub, generation: r.Generation, state: string(r.State), owner: r.Owner,
		lease: nanoseconds(r.LeaseUntil), fence: r.Fence, crashes: int64(r.Crashes), updated: nanoseconds(r.Updated),
		record: bytes.TrimSuffix(text.Bytes(), []byte("\n"))}
	v.sum = v.checksum()
	return v, nil
}

// run reads the row; the sum must have been checked.
func (v *row) run() (worker.Run, error) {
	var rest record
	if err := json.Unmarshal(v.record, &rest); err != nil {
		return worker.Run{}, &RecordError{v.key, "its record can't be read"}
	}
	id := worker.Identity{Pool: v.pool, Sub: v.sub, Generation: v.generation, Source: rest.Source, Client: rest.Client}
	return worker.Run{Identity: id, Key: v.key, State: worker.RunState(v.state), Reason: rest.Reason, Owner: v.owner,
		Fence: v.fence, LeaseUntil: instant(v.lease), FirstSeen: rest.FirstSeen, Updated: instant(v.updated),
		Crashes: int(v.crashes), Releases: rest.Releases, Reopens: rest.Reopens, LetterSent: rest.LetterSent,
		Steps: rest.Steps, Flags: rest.Flags, Written: rest.Written, Pipeline: rest.Pipeline}, nil
}

// check compares the sum, and the key with what it is made of.
func (v *row) check() error {
	if !bytes.Equal(v.sum, v.checksum()) {
		return &RecordError{v.key, "its checksum is wrong"}
	}
	if !known(worker.RunState(v.state)) {
		return &RecordError{v.key, "its state is unknown"}
	}
	return nil
}

// checksum covers every column, each with its length.
func (v *row) checksum() []byte {
	sum := sha256.New()
	var number [8]byte
	add := func(n int64) {
		binary.BigEndian.PutUint64(number[:], uint64(n))
		sum.Write(number[:])
	}
	for _, text := range [...]string{"postconfirm/ledger/1", v.key, v.pool, v.sub, v.generation, v.state, v.owner} {
		add(int64(len(text)))
		sum.Write([]byte(text))
	}
	for _, n := range [...]int64{v.lease, v.fence, v.crashes, v.updated} {
		add(n)
	}
	sum.Write(v.record)
	return sum.Sum(nil)[:16]
}

// states are all states, in the order of the columns of the table totals.
func states() []worker.RunState {
	return []worker.RunState{worker.Open, worker.Done, worker.Parked, worker.Gone, worker.Replaced}
}

func known(s worker.RunState) bool { return slices.Contains(states(), s) }

func nanoseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func instant(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}
