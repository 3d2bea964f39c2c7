package app

import (
	"context"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/amazon/sources"
)

// Find reads a pipeline file from wherever a worker may have it: a path, "s3://BUCKET/KEY" or "ssm:NAME". Secrets are not
// looked at. A mistake in it, or a place where there is none, is a *Usage.
func Find(ctx context.Context, place string, c *amazon.Clients, client *connect.Client) (*enrich.Pipeline, error) {
	if !sources.IsDocument(place) {
		return Load(place, client)
	}
	s := Settings{Pipeline: place}
	data, err := s.fetch(ctx, &App{Clients: c})
	if err != nil {
		return nil, err
	}
	return parse(place, data, client)
}
