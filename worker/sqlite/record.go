package sqlite

import (
	"bytes"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/record"
)

// row is a run as the table has it:
//
//	key  pool  sub  generation        who: never changes
//	state  owner  lease_until  fence  what claims are decided by
//	crashes  updated
//	first_seen  erased                what indexes are made of
//	source  client  domain            what lists look for; the record has them too
//	cause                             likewise: step, class and code of worker.Run.Cause, with tabs between; "" without trouble
//	record                            JSON of the rest
//	sum                               16 bytes of SHA-256 over all of the above
//
// Times are nanoseconds since 1970, 0 for none. A claim changes columns only, so the one goroutine that writes never
// reads or makes JSON. If worker.Run.Cause ever says something else of a run that is stored, schemaVersion must rise.
type row struct {
	key, pool, sub, generation string
	state, owner               string
	source, client, domain     string
	cause                      string
	lease, fence, crashes      int64
	updated, first, erased     int64
	record, sum                []byte
}

// rowOf makes the row of a run, sum included.
func rowOf(r worker.Run) (row, error) {
	text, err := record.Encode(r)
	if err != nil {
		return row{}, err
	}
	v := row{key: r.Key, pool: r.Pool, sub: r.Sub, generation: r.Generation, state: string(r.State), owner: r.Owner,
		source: r.Source, client: r.Client, domain: r.Domain, cause: causeText(r.Cause()),
		lease: record.Nanoseconds(r.LeaseUntil), fence: r.Fence, crashes: int64(r.Crashes), updated: record.Nanoseconds(r.Updated),
		first: record.Nanoseconds(r.FirstSeen), erased: record.Nanoseconds(r.Erased), record: text}
	v.sum = v.checksum()
	return v, nil
}

// run reads the row; the sum must have been checked.
func (v *row) run() (worker.Run, error) {
	r := worker.Run{Identity: worker.Identity{Pool: v.pool, Sub: v.sub, Generation: v.generation}, Key: v.key,
		State: worker.RunState(v.state), Owner: v.owner, Fence: v.fence, LeaseUntil: record.Instant(v.lease),
		FirstSeen: record.Instant(v.first), Updated: record.Instant(v.updated), Erased: record.Instant(v.erased), Crashes: int(v.crashes)}
	if err := record.Decode(v.record, &r); err != nil {
		return worker.Run{}, &RecordError{v.key, "its record can't be read"}
	}
	return r, nil
}

// sound checks the row and makes it a run.
func (v *row) sound() (worker.Run, error) {
	if err := v.check(); err != nil {
		return worker.Run{}, err
	}
	return v.run()
}

// check compares the sum, and the key with what it is made of.
func (v *row) check() error {
	if !bytes.Equal(v.sum, v.checksum()) {
		return &RecordError{v.key, "its checksum is wrong"}
	}
	if !record.Known(worker.RunState(v.state)) {
		return &RecordError{v.key, "its state is unknown"}
	}
	return nil
}

// checksum covers every column.
func (v *row) checksum() []byte {
	return record.Sum([]string{"postconfirm/ledger/2", v.key, v.pool, v.sub, v.generation, v.state, v.owner, v.source, v.client, v.domain, v.cause},
		[]int64{v.lease, v.fence, v.crashes, v.updated, v.first, v.erased}, v.record)
}
