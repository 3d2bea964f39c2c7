package replay

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// DefaultRate is what a plan takes of a write budget if nobody says more: half, so that sign-ups keep their part.
func DefaultRate(limit float64) float64 { return limit / 2 }

// ParseRate reads runs per second: "7.5/s" or "7.5"; "" is DefaultRate. What is beyond the limit is the limit, and
// clamped says so.
func ParseRate(text string, limit float64) (rate float64, clamped bool, err error) {
	if text == "" {
		return DefaultRate(limit), false, nil
	}
	number, _ := strings.CutSuffix(text, "/s")
	rate, err = strconv.ParseFloat(number, 64)
	switch {
	case err != nil && !math.IsInf(rate, 1), math.IsNaN(rate), strings.Trim(number, "0123456789.e+-") != "":
		return 0, false, fmt.Errorf("the rate %q is none: want one like 5/s", text)
	case rate < 0.01:
		return 0, false, fmt.Errorf("the rate %q sends nothing: want one like 5/s, at least 0.01/s", text)
	case rate > limit:
		return limit, true, nil
	}
	return rate, false, nil
}
