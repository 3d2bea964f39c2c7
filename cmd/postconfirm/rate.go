package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/postconfirm/postconfirm/worker/replay"
)

// perSecond is a flag for a rate, 5/s or 5; 0 is one that was not given.
type perSecond float64

// Set reads the flag.
func (r *perSecond) Set(text string) error {
	number, err := strconv.ParseFloat(strings.TrimSuffix(text, "/s"), 64)
	if err != nil {
		return fmt.Errorf("the rate %q is none: want one like 5/s", text)
	}
	*r = perSecond(number)
	return nil
}

// String is what the help shows as the default; "" is none.
func (r *perSecond) String() string {
	if *r == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(*r), 'g', -1, 64) + "/s"
}

// Type is what the help shows in place of a value.
func (r *perSecond) Type() string { return "rate" }

// pace is the rate that --rate says, half of the limit if it says nothing. What is beyond the limit is the limit, and that
// is said.
func pace(std streams, text string, limit float64, whose string) (float64, error) {
	rate, clamped, err := replay.ParseRate(text, limit)
	if err != nil {
		return 0, &problem{err: err, hint: "--rate 5/s is five in a second", code: exitUsage}
	}
	if clamped {
		fmt.Fprintf(std.err, "note: --rate is more than %s: %g/s is used\n", whose, rate)
	}
	return rate, nil
}
