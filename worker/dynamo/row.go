package dynamo

import (
	"bytes"
	"errors"
	"strings"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/record"
)

// row is a run as the table has it; the package comment draws it.
type row struct {
	key, person, generation string
	state, owner            string
	lease, fence, crashes   int64
	updated, first, erased  int64
	token                   string
	trouble                 string // "" without a cause
	record, sum             []byte
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
	text, err := record.Encode(r)
	if err != nil {
		return row{}, err
	}
	person, err := personOf(r.Pool, r.Sub)
	if err != nil {
		return row{}, err
	}
	// The limits of keys are DynamoDB's (developer guide, "Quotas").
	if len(person) > 2048 || len(r.Generation) > 1024 || r.Generation == "" {
		return row{}, errors.New("the run's identity is too long for a key, or has no generation")
	}
	v := row{key: r.Key, person: person, generation: r.Generation, state: string(r.State), owner: r.Owner,
		lease: record.Nanoseconds(r.LeaseUntil), fence: r.Fence, crashes: int64(r.Crashes), updated: record.Nanoseconds(r.Updated),
		first: record.Nanoseconds(r.FirstSeen), erased: record.Nanoseconds(r.Erased), token: token, record: text,
		trouble: troubleOf(r)}
	v.sum = v.checksum()
	return v, nil
}

// run reads the row; it must have been checked.
func (v *row) run() (worker.Run, error) {
	r := worker.Run{Identity: v.identity(), Key: v.key, State: worker.RunState(v.state), Owner: v.owner, Fence: v.fence,
		LeaseUntil: record.Instant(v.lease), FirstSeen: record.Instant(v.first), Updated: record.Instant(v.updated),
		Erased: record.Instant(v.erased), Crashes: int(v.crashes)}
	if err := record.Decode(v.record, &r); err != nil {
		return worker.Run{}, &RecordError{v.key, "its record can't be read"}
	}
	return r, nil
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
	case !record.Known(worker.RunState(v.state)):
		return &RecordError{v.key, "its state is unknown"}
	}
	return nil
}

// checksum covers everything that decides.
func (v *row) checksum() []byte {
	texts := []string{"postconfirm/dynamo/1", v.key, v.person, v.generation, v.state, v.owner, v.token}
	if v.trouble != "" { // a run without has the sum that it had before there was that attribute
		texts[0] = "postconfirm/dynamo/2"
		texts = append(texts, v.trouble)
	}
	return record.Sum(texts, []int64{v.lease, v.fence, v.crashes, v.updated, v.first, v.erased}, v.record)
}
