package dynamo

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// row is a run as the table has it; the package comment draws it.
type row struct {
	key, person, generation string
	state, owner            string
	lease, fence, crashes   int64
	updated                 int64
	token                   string
	record, sum             []byte
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

// personOf is the partition key. A pool's id has no "#" (AWS API reference, UserPoolType), so no two persons share one.
func personOf(pool, sub string) (string, error) {
	if strings.Contains(pool, "#") {
		return "", errors.New("the pool's id has a # in it")
	}
	return pool + "#" + sub, nil
}

// rowOf makes the row of a run, written under the given token.
func rowOf(r worker.Run, token string) (row, error) {
	if r.Key != r.Identity.Key() {
		return row{}, errors.New("the run's key is not that of its identity")
	}
	if !known(r.State) {
		return row{}, errors.New("unknown state " + string(r.State))
	}
	person, err := personOf(r.Pool, r.Sub)
	if err != nil {
		return row{}, err
	}
	// The limits of keys are DynamoDB's (developer guide, "Quotas").
	if len(person) > 2048 || len(r.Generation) > 1024 || r.Generation == "" {
		return row{}, errors.New("the run's identity is too long for a key, or has no generation")
	}
	text, err := encode(r)
	if err != nil {
		return row{}, err
	}
	v := row{key: r.Key, person: person, generation: r.Generation, state: string(r.State), owner: r.Owner,
		lease: nanoseconds(r.LeaseUntil), fence: r.Fence, crashes: int64(r.Crashes), updated: nanoseconds(r.Updated),
		token: token, record: text}
	v.sum = v.checksum()
	return v, nil
}

func encode(r worker.Run) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(record{Source: r.Source, Client: r.Client, Reason: r.Reason, FirstSeen: r.FirstSeen.Round(0).UTC(),
		Releases: r.Releases, Reopens: r.Reopens, LetterSent: r.LetterSent, Steps: r.Steps, Flags: r.Flags,
		Written: r.Written, Pipeline: r.Pipeline})
	if err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), nil
}

// run reads the row; it must have been checked.
func (v *row) run() (worker.Run, error) {
	var rest record
	if err := json.Unmarshal(v.record, &rest); err != nil {
		return worker.Run{}, &RecordError{v.key, "its record can't be read"}
	}
	id := v.identity()
	id.Source, id.Client = rest.Source, rest.Client
	return worker.Run{Identity: id, Key: v.key, State: worker.RunState(v.state), Reason: rest.Reason, Owner: v.owner,
		Fence: v.fence, LeaseUntil: instant(v.lease), FirstSeen: rest.FirstSeen, Updated: instant(v.updated),
		Crashes: int(v.crashes), Releases: rest.Releases, Reopens: rest.Reopens, LetterSent: rest.LetterSent,
		Steps: rest.Steps, Flags: rest.Flags, Written: rest.Written, Pipeline: rest.Pipeline}, nil
}

func (v *row) identity() worker.Identity {
	pool, sub, _ := strings.Cut(v.person, "#")
	return worker.Identity{Pool: pool, Sub: sub, Generation: v.generation}
}

// check compares the sum with the rest, and the key with what it is made of.
func (v *row) check() error {
	switch {
	case !bytes.Equal(v.sum, v.checksum()):
		return &RecordError{v.key, "its checksum is wrong"}
	case v.key != v.identity().Key():
		return &RecordError{v.key, "another run stands in its place"}
	case !known(worker.RunState(v.state)):
		return &RecordError{v.key, "its state is unknown"}
	}
	return nil
}

// checksum covers everything that decides, each part with its length.
func (v *row) checksum() []byte {
	sum := sha256.New()
	var number [8]byte
	add := func(n int64) {
		binary.BigEndian.PutUint64(number[:], uint64(n))
		sum.Write(number[:])
	}
	for _, text := range [...]string{"postconfirm/dynamo/1", v.key, v.person, v.generation, v.state, v.owner, v.token} {
		add(int64(len(text)))
		sum.Write([]byte(text))
	}
	for _, n := range [...]int64{v.lease, v.fence, v.crashes, v.updated} {
		add(n)
	}
	sum.Write(v.record)
	return sum.Sum(nil)[:16]
}

func known(s worker.RunState) bool {
	return slices.Contains([]worker.RunState{worker.Open, worker.Done, worker.Parked, worker.Gone, worker.Replaced}, s)
}

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
