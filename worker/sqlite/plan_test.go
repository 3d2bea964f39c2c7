package sqlite_test

import (
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/sqlite"
)

// TestNoListGoesThroughAllRuns asks SQLite how it finds what operators look for: every look at the runs must be by an
// index, wherever the page begins.
func TestNoListGoesThroughAllRuns(t *testing.T) {
	l := usual(3000).fill(t)
	for of, f := range asked() {
		for _, after := range []string{"", "g"} {
			f.After = after
			explained, query, err := sqlite.Plan(l.Reader, f)
			if err != nil {
				t.Fatal(err)
			}
			searches := 0
			for line := range strings.Lines(explained) {
				if strings.HasPrefix(line, "SCAN r") && !strings.HasSuffix(line, "INDEX runs_waiting\n") { // which has open runs only
					t.Errorf("%s: %s%s", of, line, query)
				}
				if strings.HasPrefix(line, "SEARCH r USING") || strings.HasPrefix(line, "SCAN r USING") {
					searches++
				}
			}
			if searches == 0 && query != "" {
				t.Errorf("%s: nothing is searched:\n%s%s", of, explained, query)
			}
		}
	}
}

// TestAListTakesTheIndexThatFindsFew asks which way to a page is taken: rare things are found by their index, common ones
// by going through the keys.
func TestAListTakesTheIndexThatFindsFew(t *testing.T) {
	l, filters := usual(60_000).fill(t), asked()
	for of, index := range map[string]string{
		"all": "sqlite_autoindex_runs_1", "by source": "sqlite_autoindex_runs_1", "by generation": "sqlite_autoindex_runs_1", "done": "sqlite_autoindex_runs_1",
		"open": "runs_waiting", "gone": "runs_settled", "by a rare domain": "runs_of_domain", "by a rare client": "runs_settled",
		"since two hours": "runs_settled", "by cause and state": "runs_troubled", "parked of a client": "runs_settled", "parked since a day": "runs_settled", "parked": "runs_troubled",
		"troubled by domain": "runs_troubled", "done and troubled": "runs_troubled",
	} {
		explained, query, err := sqlite.Plan(l.Reader, filters[of])
		if err != nil || !strings.Contains(explained, "INDEX "+index) {
			t.Errorf("%s: want %s, %v\n%s%s", of, index, err, explained, query)
		}
	}
	f := worker.Filter{Source: "backfill", Generation: "backfill-1"}
	if explained, query, err := sqlite.Plan(l.Reader, f); err != nil || !strings.Contains(explained, "INDEX runs_of_source") && !strings.Contains(explained, "INDEX runs_of_generation") {
		t.Errorf("a rare source: %v\n%s%s", err, explained, query)
	}
}

// TestPagesOfALargeLedgerAreThoseOfASmallOne compares every way to a page with what going through all runs gives.
func TestPagesOfALargeLedgerAreThoseOfASmallOne(t *testing.T) {
	l := usual(5000).fill(t)
	all, err := l.List(t.Context(), worker.Filter{Limit: 5000})
	if err != nil || len(all) != 5000 {
		t.Fatal(len(all), err)
	}
	for of, f := range asked() {
		var want, got []string
		for _, r := range all {
			if f.Match(r) {
				want = append(want, r.Key)
			}
		}
		for {
			page, err := l.List(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, keys(page)...)
			if len(page) < 100 {
				break
			}
			f.After = got[len(got)-1]
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s: %d runs, want %d", of, len(got), len(want))
		}
	}
}
