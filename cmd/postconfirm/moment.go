package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// clocks are how a moment may be written; without a zone it is UTC.
var clocks = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly}

// moment reads the value of a flag as a time, in UTC: a duration such as 2h or 7d is that long before now. Nothing is the
// zero time. Years are 1970 to 2199, since what a ledger keeps of time is nanoseconds in 64 bits.
func moment(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, ok := longAgo(text); ok {
		return bounded(flag, text, now.Add(-ago))
	}
	for _, clock := range clocks {
		if at, err := time.Parse(clock, text); err == nil {
			return bounded(flag, text, at)
		}
	}
	return time.Time{}, noMoment(flag, text)
}

// longAgo reads a duration that is not negative; days, of 24 hours, are d.
func longAgo(text string) (time.Duration, bool) {
	if days, isDays := strings.CutSuffix(text, "d"); isDays {
		n, err := strconv.ParseUint(days, 10, 32)
		return time.Duration(n) * 24 * time.Hour, err == nil && n <= 50_000
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d >= 0 && !strings.HasPrefix(text, "-") && !strings.HasPrefix(text, "+")
}

func bounded(flag, text string, at time.Time) (time.Time, error) {
	if at = at.UTC(); at.Year() < 1970 || at.Year() >= 2200 {
		return time.Time{}, noMoment(flag, text)
	}
	return at, nil
}

func noMoment(flag, text string) error {
	return &problem{err: fmt.Errorf("%s %q is no time", flag, text),
		hint: "write how long ago (90m, 2h, 7d), a day (2026-01-02), or a moment (2026-01-02T15:04:05Z); without a zone it is UTC", code: exitUsage}
}
