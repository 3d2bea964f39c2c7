package inspect_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/worker/audit"
	"github.com/postconfirm/postconfirm/worker/inspect"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

func TestTheAuditLogIsFilteredAndPaged(t *testing.T) {
	ledger := &fake.Ledger{}
	now := noon
	log := &audit.Log{Papers: ledger.Records(), Now: func() time.Time { now = now.Add(time.Second); return now }}
	for n := range 250 {
		e := audit.Entry{Who: "ada", Action: "replay run", State: audit.Done, Plan: "p" + strconv.Itoa(n%5), Run: "r" + strconv.Itoa(n)}
		if n%2 == 1 {
			e.Who, e.Action, e.State, e.Step = "bob", "resolve", audit.Begun, "mail"
		}
		if _, err := log.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	count := func(q inspect.AuditQuery) (n int, more bool, last string) {
		more, err := inspect.Audit(t.Context(), log, q, func(e audit.Entry) error { n++; last = e.ID; return nil })
		if err != nil {
			t.Fatal(err)
		}
		return n, more, last
	}
	for name, c := range map[string]struct {
		q    inspect.AuditQuery
		n    int
		more bool
	}{
		"all": {inspect.AuditQuery{}, 250, false}, "who": {inspect.AuditQuery{Who: "bob"}, 125, false},
		"action": {inspect.AuditQuery{Action: "replay run"}, 125, false}, "plan": {inspect.AuditQuery{Plan: "p3"}, 50, false},
		"run": {inspect.AuditQuery{Run: "r17"}, 1, false}, "step": {inspect.AuditQuery{Step: "mail"}, 125, false},
		"state": {inspect.AuditQuery{State: audit.Begun}, 125, false},
		"since": {inspect.AuditQuery{Since: noon.Add(241 * time.Second)}, 10, false},
		"until": {inspect.AuditQuery{Until: noon.Add(11 * time.Second)}, 10, false},
		"limit": {inspect.AuditQuery{Limit: 101}, 101, true}, "all of them": {inspect.AuditQuery{Limit: 250}, 250, false},
	} {
		if n, more, _ := count(c.q); n != c.n || more != c.more {
			t.Errorf("%s: %d, %v; want %d, %v", name, n, more, c.n, c.more)
		}
	}
	_, _, last := count(inspect.AuditQuery{Limit: 100})
	if n, _, _ := count(inspect.AuditQuery{After: last}); n != 150 {
		t.Errorf("behind %s: %d", last, n)
	}
	full := errors.New("full")
	if _, err := inspect.Audit(t.Context(), log, inspect.AuditQuery{}, func(audit.Entry) error { return full }); !errors.Is(err, full) {
		t.Error(err)
	}
	ledger.Down(full)
	if _, err := inspect.Audit(t.Context(), log, inspect.AuditQuery{}, func(audit.Entry) error { return nil }); !errors.Is(err, full) {
		t.Error(err)
	}
}
