package inspect

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// layouts are the forms of a moment; those without a zone are UTC.
var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"}

// When reads a moment as people write it: a time such as 2026-01-02T15:04:05Z or 2026-01-02, UTC unless it says a zone
// as an offset, or how long before now: 90m, 12h, 3d. The result is in UTC.
func When(s string, now time.Time) (time.Time, error) {
	if ago, err := Ago(s); err == nil {
		return now.Add(-ago).UTC(), nil
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time: 2026-01-02T15:04:05Z, 2026-01-02 (UTC), or how long ago: 90m, 12h, 3d", s)
}

// Ago reads a duration of hours, minutes, seconds, or days of 24 hours: 3d, 36h, 1h30m. It is positive, and at most 100
// years.
func Ago(s string) (time.Duration, error) {
	const century = 36500
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 1 || n > century {
			return 0, fmt.Errorf("%q is no number of days", s)
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 || d > century*24*time.Hour {
		return 0, fmt.Errorf("%q is no duration; one looks like 90m, 12h, 3d", s)
	}
	return d, nil
}

// Window reads the moments between which a run was first seen: since and until as When has them, and older, the least
// age, as Ago has it. An empty text is no bound. A window that can't have anything in it is refused.
func Window(since, until, older string, now time.Time) (from, to time.Time, err error) {
	if since != "" {
		if from, err = When(since, now); err != nil {
			return from, to, fmt.Errorf("--since %w", err)
		}
	}
	if until != "" {
		if to, err = When(until, now); err != nil {
			return from, to, fmt.Errorf("--until %w", err)
		}
	}
	if older != "" {
		age, err := Ago(older)
		if err != nil {
			return from, to, fmt.Errorf("--older %w", err)
		}
		if at := now.Add(-age).UTC(); to.IsZero() || at.Before(to) {
			to = at
		}
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return from, to, fmt.Errorf("%w: from %s to %s, UTC", errWindow, from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	return from, to, nil
}

// errWindow says that a window ends before it begins.
var errWindow = errors.New("the time of --since is not before that of --until and --older")
