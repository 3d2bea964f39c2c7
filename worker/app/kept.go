package app

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/all"
	"github.com/postconfirm/postconfirm/enrich/pipefile"
	"github.com/postconfirm/postconfirm/enrich/secretenv"
	"github.com/postconfirm/postconfirm/worker"
)

// pipelines is the drawer of the pipeline files that workers had, each under its hash, compressed.
const pipelines = "pipeline"

// keepTime is how long a start may be held up by keeping the file.
const keepTime = 5 * time.Second

// KeepPipeline keeps a pipeline file under its hash, for replays that want the file of then. One that is kept already is
// left alone.
func KeepPipeline(ctx context.Context, papers worker.Papers, hash string, file []byte) error {
	_, known, err := papers.Paper(ctx, pipelines, hash)
	if err != nil || known {
		return err
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err = z.Write(file)
	if err = errors.Join(err, z.Close()); err != nil {
		return err
	}
	_, err = papers.PutPaper(ctx, worker.Paper{Drawer: pipelines, Name: hash, Body: b.Bytes()})
	if errors.Is(err, worker.ErrPaperMoved) {
		return nil // another worker was faster; the name says what is in it
	}
	return err
}

// KeptPipeline reads a pipeline file that was kept, with all connectors of the catalogue. worker.ErrNoPipeline says that
// it was not, that it is not what its hash says, or that this program can't read it any more.
func KeptPipeline(ctx context.Context, papers worker.Papers, hash string, client *connect.Client) (*enrich.Pipeline, error) {
	paper, known, err := papers.Paper(ctx, pipelines, hash)
	switch {
	case err != nil && worker.CheckPaper(worker.Paper{Drawer: pipelines, Name: hash}) == nil:
		return nil, fmt.Errorf("read kept pipeline: %w", err)
	case !known:
		return nil, worker.ErrNoPipeline
	}
	file, err := unpack(paper.Body)
	if sum := sha256.Sum256(file); err != nil || hex.EncodeToString(sum[:]) != hash {
		return nil, fmt.Errorf("the kept pipeline file is damaged: %w", worker.ErrNoPipeline)
	}
	p, err := pipefile.Parse("pipeline "+hash[:8], file, &pipefile.Options{Kinds: all.Kinds(client)})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", worker.ErrNoPipeline, err)
	}
	return p, nil
}

func unpack(body []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(z, pipefile.MaxFile+1))
}

// remember keeps the worker's pipeline file and lets it find those of before. A file that can't be kept is a warning:
// work goes on, and only a replay with this very file will not be possible.
func (s *Settings) remember(ctx context.Context, a *App) {
	papers, ok := a.store.Ledger.(worker.Papers)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, keepTime)
	defer cancel()
	if err := KeepPipeline(ctx, papers, a.Pipeline.Hash, a.file); err != nil {
		a.Warnings = append(a.Warnings, "the pipeline file could not be kept for later replays: "+err.Error())
	}
	if s.Worker.Pipelines != nil {
		return
	}
	secrets, client := s.Secret, a.client
	s.Worker.Pipelines = func(ctx context.Context, hash string) (*enrich.Pipeline, error) {
		p, err := KeptPipeline(ctx, papers, hash, client)
		if err == nil {
			err = secretenv.Check(ctx, secrets, p.Secrets)
		}
		return p, err
	}
}
