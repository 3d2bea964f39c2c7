package inspect_test

import (
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/worker/inspect"
)

func TestC7_152TimesAreUTCAndWindowsHaveSomethingInThem(t *testing.T) {
	day := func(h, m int) time.Time { return time.Date(2026, 1, 2, h, m, 0, 0, time.UTC) }
	t.Run("a time without a zone is UTC, an offset is heard", func(t *testing.T) {
		for text, want := range map[string]time.Time{"2026-01-02": day(0, 0), "2026-01-02T03:04": day(3, 4), "2026-01-02 03:04": day(3, 4),
			"2026-01-02T03:04:00Z": day(3, 4), "2026-01-02T03:04:00+02:00": day(1, 4), "2026-01-02T03:04:00": day(3, 4),
			"2h": noon.Add(-2 * time.Hour), "3d": noon.Add(-72 * time.Hour), "1h30m": noon.Add(-90 * time.Minute)} {
			got, err := inspect.When(text, noon.In(time.FixedZone("x", 5*3600)))
			if err != nil || !got.Equal(want) || got.Location() != time.UTC {
				t.Errorf("%s: %v, %v, want %v", text, got, err, want)
			}
		}
	})
	t.Run("what is no time is refused", func(t *testing.T) {
		for _, text := range []string{"", "yesterday", "-2h", "0s", "0d", "-1d", "99999999d", "9e99h", "2026-01-02T03:04 CET", "02.01.2026", "2026-13-01", "1700000000", "d", "1.5d"} {
			if got, err := inspect.When(text, noon); err == nil {
				t.Errorf("%q was read as %v", text, got)
			}
		}
	})
	t.Run("since after until is refused", func(t *testing.T) {
		for _, c := range []struct{ since, until, older string }{
			{"2026-01-03", "2026-01-02", ""}, {"2026-01-02", "2026-01-02", ""}, {"1h", "", "2h"}, {"1h", "2h", ""},
			{"2026-01-02T03:00:00+02:00", "2026-01-02T01:00:00Z", ""},
		} {
			if _, _, err := inspect.Window(c.since, c.until, c.older, noon); err == nil {
				t.Errorf("%+v was taken", c)
			}
		}
	})
	t.Run("of until and older the earlier counts", func(t *testing.T) {
		from, to, err := inspect.Window("2d", "1h", "5h", noon)
		if err != nil || !from.Equal(noon.Add(-48*time.Hour)) || !to.Equal(noon.Add(-5*time.Hour)) {
			t.Error(from, to, err)
		}
		if from, to, err := inspect.Window("", "", "", noon); err != nil || !from.IsZero() || !to.IsZero() {
			t.Error(from, to, err)
		}
		for _, bad := range [][3]string{{"x", "", ""}, {"", "x", ""}, {"", "", "x"}} {
			if _, _, err := inspect.Window(bad[0], bad[1], bad[2], noon); err == nil {
				t.Errorf("%v was taken", bad)
			}
		}
	})
}
