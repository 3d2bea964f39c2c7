package meter_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/meter"
)

// nowhere is a ledger that does nothing at all: what is measured is what stands around it.
type nowhere struct{}

func (nowhere) Claim(context.Context, worker.Identity, string, time.Time, time.Time) (worker.Run, error) {
	return worker.Run{}, nil
}
func (nowhere) Save(context.Context, worker.Run) error { return nil }
func (nowhere) Written(context.Context, string, string) (map[string]worker.Wrote, error) {
	return nil, nil
}

// BenchmarkUser is what the numbers add to one user of the demo: three steps and the write, a claim and seven saves.
func BenchmarkUser(b *testing.B) {
	page, lines := meter.NewPage(nil), meter.NewLines(io.Discard, nil)
	for _, face := range []struct {
		name  string
		meter metered
		end   func()
	}{{"page", page, func() {}}, {"lines", lines, func() { _ = lines.Flush(b.Context()) }}} {
		b.Run(face.name, func(b *testing.B) {
			l := face.meter.Ledger(nowhere{})
			b.ReportAllocs()
			for b.Loop() {
				_, _ = l.Claim(b.Context(), worker.Identity{}, "", time.Time{}, time.Time{})
				for _, id := range []string{"company", "crm", "welcome", enrich.AttributesStep} {
					face.meter.Stepped(worker.StepNote{Step: id, State: worker.StepDone, Tries: 1, Took: time.Millisecond})
				}
				for range 7 {
					_ = l.Save(b.Context(), worker.Run{})
				}
				face.meter.Finished(worker.Verdict{Outcome: worker.Completed})
				face.end()
			}
		})
	}
}
