package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/worker/amazon"
)

// clientsTime is how long looking at the app clients of all pools may take: a Lambda function has ten seconds for its
// whole start (AWS Lambda developer guide, "Lambda execution environment").
const clientsTime = 3 * time.Second

// checkClients warns of app clients whose users may write what the pipeline owns: a plan or a role that users give
// themselves. It is a warning only, as is that it could not be found out: the permission may be missing on purpose,
// since who may read a client may read its secret. Where any pool is allowed there is no list to go through, and a
// Lambda function, which starts often, leaves the question to others.
func (s *Settings) checkClients(ctx context.Context, a *App) {
	if s.Lambda || s.Worker.AnyPool || len(a.Pipeline.Attributes) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, clientsTime)
	defer cancel()
	owned := make([]string, len(a.Pipeline.Attributes))
	for i := range a.Pipeline.Attributes {
		owned[i] = a.Pipeline.Attributes[i].Name
	}
	for _, pool := range a.Pipeline.Pools {
		found, err := amazon.InspectClients(ctx, a.Clients.Cognito, pool, owned)
		for _, w := range found.Writers {
			a.Warnings = append(a.Warnings, fmt.Sprintf("pool %s: users of the app client %s may write %s, which this pipeline owns: "+
				"give the client a list of WriteAttributes without that", pool, w.Client, strings.Join(w.Attributes, ", ")))
		}
		switch {
		case err != nil:
			a.Warnings = append(a.Warnings, fmt.Sprintf("pool %s: whether app clients may write what this pipeline owns could not be checked "+
				"(cognito-idp:ListUserPoolClients, cognito-idp:DescribeUserPoolClient): %v", pool, err))
		case found.More:
			a.Warnings = append(a.Warnings, fmt.Sprintf("pool %s has more than %d app clients: the others were not looked at", pool, amazon.MaxClients))
		}
	}
}
