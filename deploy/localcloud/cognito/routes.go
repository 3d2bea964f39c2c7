package cognito

import (
	"context"

	"github.com/postconfirm/postconfirm/deploy/localcloud/awsjson"
)

// routes are the service's part of the control surface.
func (s *Service) routes() map[string]awsjson.Route {
	type nothing struct{}
	return map[string]awsjson.Route{
		"POST /_local/federated": awsjson.Local(
			`signs a user in through an outside provider: {"pool":"eu-west-1_…","provider":"Google","id":"123","attributes":{"email":"…"}}, and if wanted "client" and "providerType"`,
			func(ctx context.Context, in *FederatedSignIn) (*FederatedUser, error) {
				return s.SignInFederated(ctx, *in)
			}),
		"POST /_local/import": awsjson.Local(
			`plays one line of a CSV import: {"pool":"eu-west-1_…","username":"ada@acme.example","attributes":{"email_verified":"true"}}`,
			func(ctx context.Context, in *ImportedUser) (*Imported, error) { return s.ImportUser(ctx, *in) }),
		"GET /_local/cognito": awsjson.Local("tells what is switched on: stale and short lists, quotas",
			func(context.Context, *nothing) (*Switches, error) { w := s.Switches(); return &w, nil }),
		"PUT /_local/cognito": awsjson.Local(
			`replaces all of it: {"listLag":"5s","listScan":10,"quotas":"aws"}, or quotas by category: {"UserUpdate":25}`,
			func(_ context.Context, in *Switches) (*nothing, error) { return nil, s.SetSwitches(*in) }),
		"DELETE /_local/cognito": awsjson.Local("switches all of it off",
			func(context.Context, *nothing) (*nothing, error) { return nil, s.SetSwitches(Switches{}) }),
	}
}
