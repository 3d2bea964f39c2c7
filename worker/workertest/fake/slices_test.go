package fake_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/workertest"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

func TestSlicesKeepThePortsPromises(t *testing.T) {
	workertest.Slices(t, func(*testing.T) func(*testing.T) worker.Slices {
		line := &fake.Slices{}
		return func(*testing.T) worker.Slices { return line }
	})
}

func TestSlicesFailOnCommand(t *testing.T) {
	now, broken, line := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), errors.New("broken"), &fake.Slices{}
	ask := worker.Ask{Want: 2, Each: time.Second, Now: now, Edge: now.Add(time.Minute)}
	line.Down(broken)
	if _, err := line.Lease(t.Context(), ask); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
	line.Down(nil)
	line.Lose(1)
	if _, err := line.Lease(t.Context(), ask); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want a lost answer", err)
	}
	got, err := line.Lease(t.Context(), ask)
	if err != nil || !got.From.Equal(now.Add(2*time.Second)) || line.Calls() != 3 {
		t.Errorf("got %v, %v after %d calls: the lost slice is not taken", got, err, line.Calls())
	}
}
