package sqlite

import (
	"time"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/record"
)

// claim is Ledger.Claim inside a transaction; fresh is what is stored if the run is new. others tells whether the
// person has other runs.
func (s *statements) claim(fresh row, owner string, now, until time.Time) (v row, others bool, err error) {
	v, found, err := find(s.find, fresh.key)
	switch {
	case err != nil:
		return row{}, false, err
	case !found:
		v = fresh
	case v.state != string(worker.Open):
		return v, false, nil
	case v.owner != "" && v.owner != owner && v.lease > record.Nanoseconds(now):
		return row{}, false, &worker.Busy{Until: record.Instant(v.lease)}
	case v.owner != "" && v.owner != owner:
		v.crashes++
	}
	if others, err = s.free(v, now); err != nil {
		return row{}, false, err
	}
	was := v
	v.owner, v.lease, v.fence = owner, record.Nanoseconds(until), v.fence+1
	v.sum = v.checksum()
	if !found {
		return v, others, s.add(v)
	}
	return v, others, s.replace(v, was)
}

// free makes sure that nobody works on another run of the same person: *worker.Busy if somebody does. A run that is
// damaged counts as free: whoever holds it can't save it any more.
func (s *statements) free(v row, now time.Time) (others bool, err error) {
	held := int64(0)
	err = bind(s.others, v.sub, v.pool, v.key)
	for err == nil && s.others.Step() {
		others = true
		if s.others.ColumnText(5) == "" || s.others.ColumnInt64(10) <= record.Nanoseconds(now) {
			continue
		}
		if other := scan(s.others); other.check() == nil {
			held = max(held, other.lease)
		}
	}
	if err == nil {
		err = s.others.Err()
	}
	if err = reset(s.others, err); err == nil && held > 0 {
		err = &worker.Busy{Until: record.Instant(held)}
	}
	return others, err
}
