package simulation

import (
	"bytes"
	"fmt"
	"sync"
	"time"
)

// canary stands in everything that nobody may ever read in a log line, a reason, or a letter's attributes.
const canary = "canary"

// journal is what happened, and what must not have happened. It is safe for concurrent use.
type journal struct {
	born       time.Time
	mu         sync.Mutex
	lines      []string
	violations []string
	struck     map[string]int
}

func newJournal() *journal { return &journal{born: time.Now(), struck: map[string]int{}} }

// say writes one line.
func (j *journal) say(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf("%9.3fs ", time.Since(j.born).Seconds())+fmt.Sprintf(format, args...))
}

// violate notes a broken promise.
func (j *journal) violate(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	j.say("VIOLATED %s", line)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.violations = append(j.violations, line)
}

// strike notes that a fault really struck.
func (j *journal) strike(fault string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.struck[fault]++
}

// Write takes what workers log, line by line, and looks for what must not be in it.
func (j *journal) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte(canary)) {
		j.violate("I8 a personal value or a secret in a log line: %s", line)
	}
	j.say("log %s", bytes.TrimSpace(line))
	return len(line), nil
}
