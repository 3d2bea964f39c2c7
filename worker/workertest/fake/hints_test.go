package fake_test

import (
	"errors"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/workertest"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

func TestHintsKeepThePortsPromises(t *testing.T) {
	workertest.Hints(t, func(*testing.T) func(*testing.T) worker.Hints {
		h := &fake.Hints{}
		return func(*testing.T) worker.Hints { return h }
	})
}

func TestHintsFailOnCommand(t *testing.T) {
	until, broken, h := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), errors.New("broken"), &fake.Hints{}
	h.Down(broken)
	if moved, err := h.Move(t.Context(), "http:a", time.Time{}, until); moved || !errors.Is(err, broken) {
		t.Errorf("got %v, %v, want %v", moved, err, broken)
	}
	if _, err := h.Hints(t.Context()); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
	h.Down(nil)
	got, err := h.Hints(t.Context())
	if reads, moves := h.Calls(); err != nil || len(got) > 0 || reads != 2 || moves != 1 {
		t.Errorf("got %v, %v after %d reads and %d moves", got, err, reads, moves)
	}
}
