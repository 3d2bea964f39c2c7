package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/secretenv"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/amazon/sources"
)

// findSecrets reads the setting of the secrets. Those of a service are found later: nil, nil.
func (s *Settings) findSecrets() (enrich.Secrets, error) {
	if s.Secrets == "" || s.Secrets == "env" {
		return secretenv.Store{Dir: s.SecretsDir}, nil
	}
	if s.SecretsDir != "" {
		return nil, fmt.Errorf("--secrets-dir is for secrets from the environment, and --secrets is %s", s.Secrets)
	}
	_, err := sources.NewSecrets(sources.Clients{}, s.Secrets, nil)
	return nil, err
}

// connect makes the AWS clients, once. Nothing is called.
func (s *Settings) connect(ctx context.Context, a *App) (err error) {
	if a.Clients != nil {
		return nil
	}
	a.Clients, err = amazon.Connect(ctx, &amazon.ConnectOptions{Region: s.Region, LocalCloud: s.Local, Connections: 2 * s.InFlight})
	if err != nil {
		return &Usage{err}
	}
	return nil
}

// read finds the pipeline and its secrets. What a service has not got is wrong use; a service that can't be asked is not.
func (s *Settings) read(ctx context.Context, a *App) (err error) {
	if !sources.IsDocument(s.Pipeline) {
		a.file, err = readFile(s.Pipeline)
	} else if err = s.connect(ctx, a); err == nil {
		a.file, err = s.fetch(ctx, a)
	}
	if err == nil {
		a.Pipeline, err = parse(s.Pipeline, a.file, a.client)
	}
	if err != nil {
		return err
	}
	if s.Secret == nil {
		if err := s.connect(ctx, a); err != nil {
			return err
		}
		if s.Secret, err = sources.NewSecrets(sources.Connect(a.Clients.Config), s.Secrets, nil); err != nil {
			return &Usage{err}
		}
	}
	err = secretenv.Check(ctx, s.Secret, a.Pipeline.Secrets)
	if _, service := s.Secret.(*sources.Secrets); err == nil || service && !errors.Is(err, sources.ErrMissing) {
		return err
	}
	return &Usage{err}
}

func (s *Settings) fetch(ctx context.Context, a *App) ([]byte, error) {
	data, err := sources.Connect(a.Clients.Config).Document(ctx, s.Pipeline)
	switch {
	case errors.Is(err, sources.ErrMissing), errors.Is(err, sources.ErrPlace):
		return nil, &Usage{fmt.Errorf("read pipeline: %w", err)}
	case err != nil:
		return nil, fmt.Errorf("read pipeline: %w", err)
	}
	return data, nil
}

// Fetch reads a pipeline file from where a worker's setting says: a path, "s3://BUCKET/KEY" or "ssm:NAME", for programs
// beside the worker. A mistake is a *Usage.
func Fetch(ctx context.Context, place string, client *connect.Client) (*enrich.Pipeline, error) {
	if !sources.IsDocument(place) {
		return Load(place, client)
	}
	s, a := &Settings{Pipeline: place}, &App{}
	if err := s.connect(ctx, a); err != nil {
		return nil, err
	}
	data, err := s.fetch(ctx, a)
	if err != nil {
		return nil, err
	}
	return parse(place, data, client)
}
