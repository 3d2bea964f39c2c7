package enrichtest

import (
	"bytes"
	"io"
	"log"
	"log/slog"
	"sync"
)

// ear hears what is said to the process's own loggers, slog and log, until it stops.
type ear struct {
	mu     sync.Mutex
	heard  bytes.Buffer
	logger *slog.Logger
	output io.Writer
	flags  int
}

// listen begins to hear. Suites that run at the same time would hear each other: the suite is not for t.Parallel.
func listen() *ear {
	e := &ear{logger: slog.Default(), output: log.Writer(), flags: log.Flags()}
	slog.SetDefault(slog.New(slog.NewTextHandler(e, &slog.HandlerOptions{Level: slog.LevelDebug})))
	log.SetOutput(e)
	return e
}

// Write hears one line.
func (e *ear) Write(line []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.heard.Write(line)
}

func (e *ear) text() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.heard.String()
}

// stop gives the loggers back.
func (e *ear) stop() {
	slog.SetDefault(e.logger)
	log.SetOutput(e.output)
	log.SetFlags(e.flags)
}
