package app

import (
	"context"
	"log/slog"

	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/meter"
)

// Function is the worker as a Lambda function behind an SQS event source, with its metrics: after each invocation that
// counted something, it writes them to its log. It is safe for concurrent use.
type Function struct {
	inner *amazon.Function
	lines *meter.Lines // nil without metrics
	log   *slog.Logger
}

// Invoke handles one event, as amazon.Function.Invoke says. It is the method of aws-lambda-go's lambda.Handler. Metrics
// that can't be written change nothing about the answer.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	answer, err := f.inner.Invoke(ctx, payload)
	if f.lines != nil {
		if err := f.lines.Flush(ctx); err != nil {
			f.log.Warn("worker: write metrics", "error", err.Error())
		}
	}
	return answer, err
}
