package hubspot

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
)

// How long to wait where HubSpot does not say.
const (
	// RollingWait is the window of the rolling limit (HubSpot docs, "API usage guidelines": requests per ten seconds).
	RollingWait = 10 * time.Second
	// DailyWait is how often we look whether the account's next day has begun. It begins at midnight in the time zone
	// of the account, which no answer tells; nearly all midnights fall on a full hour.
	DailyWait = time.Hour

	lockWait = 2 * time.Second // HubSpot docs, "Error handling", 423: locks last for two seconds
)

// throttled reads a 429. policyName says which limit it is (DAILY, TEN_SECONDLY_ROLLING, SECONDLY); where it is missing,
// the message or the header with what is left of the day may tell.
func throttled(e *enrich.Error, header http.Header, body map[string]any) {
	policy, _ := body["policyName"].(string)
	kind, _ := body["errorType"].(string)
	switch {
	case daily(policy, header, body):
		e.Code, e.RetryAfter = CodeDaily, max(e.RetryAfter, DailyWait)
	case policy != "" || kind != "":
		e.Code = CodeRolling
		if e.RetryAfter == 0 {
			e.RetryAfter = window(header)
		}
	}
}

func daily(policy string, header http.Header, body map[string]any) bool {
	if policy != "" {
		return strings.Contains(strings.ToUpper(policy), "DAILY")
	}
	message, _ := body["message"].(string)
	return strings.Contains(strings.ToLower(message), "daily limit") ||
		strings.TrimSpace(header.Get("X-HubSpot-RateLimit-Daily-Remaining")) == "0"
}

// window is the length of the rolling limit, from the header if that makes sense.
func window(header http.Header) time.Duration {
	n, err := strconv.ParseInt(strings.TrimSpace(header.Get("X-HubSpot-RateLimit-Interval-Milliseconds")), 10, 64)
	if err != nil || n <= 0 || n > connect.MaxRetryAfter.Milliseconds() {
		return RollingWait
	}
	return time.Duration(n) * time.Millisecond
}

// moving reads a 477: the account moves to another data centre, for up to a day, and nothing is lost by waiting.
func moving(e *enrich.Error, header http.Header) {
	e.Kind, e.Code = enrich.Throttled, CodeMoving
	if e.RetryAfter = connect.RetryAfter(header, time.Now()); e.RetryAfter == 0 {
		e.RetryAfter = DailyWait
	}
}
