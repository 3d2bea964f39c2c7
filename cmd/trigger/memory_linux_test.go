package main_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// maxMemory is what the process may have in RAM after its first event, in KiB: it had 8,848 to 9,224 when this was written.
const maxMemory = 9_400

func TestTheFirstInvocationLeavesLittleInMemory(t *testing.T) {
	q := newQueue(t)
	pid := filepath.Join(t.TempDir(), "pid")
	p, _ := lambda(t, q, "/bin/sh", "-c", `echo $$ >'`+pid+`'; exec "$0"`)
	invoke(t, p, file(t, "../../trigger/testdata/signup-event.json"))
	status := string(file(t, "/proc/"+strings.TrimSpace(string(file(t, pid)))+"/status"))
	_, after, found := strings.Cut(status, "VmRSS:")
	var kb int
	if _, err := fmt.Sscan(after, &kb); err != nil || !found {
		t.Fatalf("%v in %s", err, status)
	}
	t.Logf("%d KiB", kb)
	if kb > maxMemory || q.messages.Load() != 1 {
		t.Errorf("%d KiB, at most %d are wanted; %d messages", kb, maxMemory, q.messages.Load())
	}
}
