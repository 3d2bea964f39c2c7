package deadletters

import (
	"context"
	"fmt"
	"io"

	"github.com/postconfirm/postconfirm/worker"
)

// ExportOptions are the settings of Export; nil and zero mean the defaults.
type ExportOptions struct {
	Limit    int       // letters at most; SweepLimit
	Progress func(int) // told how many letters are written, on the same goroutine; may be nil
}

// Exported is what Export wrote.
type Exported struct {
	Letters  int
	Cut      bool     // the limit was reached: there may be more
	Receipts []string // of all letters written, for Remove
}

// Export writes the header h and each letter of a queue to w, and removes none. The bodies, which name a person, are
// written only if h says so. Letters stay hidden while it is under way, and are shown again when it ends.
func Export(ctx context.Context, box Box, w io.Writer, h Header, o *ExportOptions) (done Exported, err error) {
	var v ExportOptions
	if o != nil {
		v = *o
	}
	if v.Limit <= 0 {
		v.Limit = SweepLimit
	}
	if err := write(w, headerLine{fileKind, fileVersion, h.Region, h.Account, h.Queue, h.At.UTC(), h.Bodies}); err != nil {
		return done, err
	}
	err = box.Each(ctx, v.Limit, func(l worker.KeptLetter) error {
		if err := write(w, lineOf(l, h.Bodies)); err != nil {
			return err
		}
		done.Letters++
		done.Receipts = append(done.Receipts, l.Receipt)
		if v.Progress != nil {
			v.Progress(done.Letters)
		}
		return nil
	})
	done.Cut = done.Letters >= v.Limit
	return done, err
}

func write(w io.Writer, line any) error {
	b, err := encode(line)
	if err == nil {
		_, err = w.Write(b)
	}
	if err != nil {
		return fmt.Errorf("export: write line: %w", err)
	}
	return nil
}

func lineOf(l worker.KeptLetter, body bool) letterLine {
	line := letterLine{ID: l.ID, Sent: l.Sent.UTC(), Receives: l.Receives, Native: !l.Ours, Run: l.RunKey(), Reason: l.Reason, Step: l.Step, Class: l.Class,
		Attempts: l.Attempts, Reopens: l.Reopens, Pipeline: l.Pipeline, Altered: l.Altered}
	if m, err := l.Message(); err == nil {
		line.Pool, line.Generation, line.Source = m.Pool, m.Generation, m.Source
	} else {
		line.Run = "" // the letter may name a run, but nothing in it can wake one up
	}
	if body {
		text := string(l.Body)
		line.Body = &text
	}
	return line
}

// Remove deletes letters that are safe somewhere else: call it when what Export wrote is durable. left are those that the
// queue kept, because somebody else has received them since; they are exported once more another time.
func Remove(ctx context.Context, box Box, receipts []string) (removed, left int, err error) {
	for begin := 0; begin < len(receipts); begin += deleteBatch {
		if err := ctx.Err(); err != nil {
			return removed, len(receipts) - removed, err
		}
		batch := receipts[begin:min(begin+deleteBatch, len(receipts))]
		failed, err := box.Delete(ctx, batch)
		removed += len(batch) - len(failed)
		if err != nil {
			return removed, len(receipts) - removed, err
		}
	}
	return removed, len(receipts) - removed, nil
}
