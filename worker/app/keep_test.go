package app

import (
	"testing"
	"time"
)

func TestHowLongAnswersAreKept(t *testing.T) {
	for setting, want := range map[string]time.Duration{"": 720 * time.Hour, "forever": 0, "168h": 168 * time.Hour, "1h": time.Hour} {
		if got, err := (&Settings{KeepAnswers: setting}).keepAnswers(); err != nil || got != want {
			t.Errorf("%q: got %v, %v", setting, got, err)
		}
	}
	for _, setting := range []string{"30d", "59m", "-1h", "0", "never"} {
		if _, err := (&Settings{KeepAnswers: setting}).keepAnswers(); err == nil {
			t.Errorf("%q is taken", setting)
		}
	}
}
