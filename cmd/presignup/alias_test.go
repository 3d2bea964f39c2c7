package main_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
)

// aliases turns the world's pool into one with true user names, in which addresses are aliases.
func (w *world) aliases() {
	made, err := w.CreateUserPool(w.t.Context(), &idp.CreateUserPoolInput{PoolName: aws.String("named"),
		AliasAttributes:        []types.AliasAttributeType{types.AliasAttributeTypeEmail},
		AutoVerifiedAttributes: []types.VerifiedAttributeType{types.VerifiedAttributeTypeEmail},
		LambdaConfig:           &types.LambdaConfigType{PreSignUp: aws.String(w.presignup.ARN())}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.pool = *made.UserPool.Id
	app, err := w.CreateUserPoolClient(w.t.Context(), &idp.CreateUserPoolClientInput{UserPoolId: &w.pool, ClientName: aws.String("web")})
	if err != nil {
		w.t.Fatal(err)
	}
	w.app = *app.UserPoolClient.ClientId
}

func (w *world) join(name, email string) {
	w.t.Helper()
	_, err := w.SignUp(w.t.Context(), &idp.SignUpInput{ClientId: &w.app, Username: &name, Password: aws.String(secret),
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: &email}}})
	if err != nil {
		w.t.Fatal(err)
	}
}

// state is a user's status, and whether the address counts as verified.
func (w *world) state(name string) (status string, verified bool) {
	w.t.Helper()
	u, err := w.AdminGetUser(w.t.Context(), &idp.AdminGetUserInput{UserPoolId: &w.pool, Username: &name})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, a := range u.UserAttributes {
		verified = verified || *a.Name == "email_verified" && *a.Value == "true"
	}
	return string(u.UserStatus), verified
}

// TestAnAliasIsNotTakenAway plays the attack: somebody signs up with the address of a user who owns it.
func TestAnAliasIsNotTakenAway(t *testing.T) {
	p := programs{presignup: build(t, "."), trigger: build(t, "../trigger")}
	for name, tt := range map[string]struct {
		attack   string // the address of the second user
		switches cognito.Switches
		decided  string
	}{
		"with the same address":                  {"boss@example.com", cognito.Switches{}, "noauto (alias_held)"},
		"with capital letters":                   {"BOSS@Example.com", cognito.Switches{}, "noauto (alias_held)"},
		"while the pool is throttled":            {"boss@example.com", cognito.Switches{Quotas: cognito.Quotas{UserList: 0.001}}, "noauto (alias_unknown)"},
		"with an address that nobody holds":      {"new@example.com", cognito.Switches{}, "confirm (rule_matched)"},
		"with a new one, while it is throttled":  {"new@example.com", cognito.Switches{Quotas: cognito.Quotas{UserList: 0.001}}, "noauto (alias_unknown)"},
		"with an address that reads two ways":    {`boss@evil.com@example.com`, cognito.Switches{}, "noauto (address_not_plain)"},
		"with the same address of another world": {"boss@example.com.evil.com", cognito.Switches{}, "noauto (no_rule)"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, p)
			w.aliases()
			w.join("owner", "boss@example.com")
			if _, decided := w.presignup.seen(t); decided != "confirm (rule_matched)" {
				t.Fatal(decided)
			}
			if err := w.service.SetSwitches(tt.switches); err != nil {
				t.Fatal(err)
			}
			if tt.switches.Quotas.UserList > 0 { // the bucket starts full: these calls empty it
				for range 5 {
					_, _ = w.ListUsers(t.Context(), &idp.ListUsersInput{UserPoolId: &w.pool})
				}
			}
			w.join("attacker", tt.attack)
			if _, decided := w.presignup.seen(t); decided != tt.decided {
				t.Errorf("%s, want %s", decided, tt.decided)
			}
			granted := strings.HasPrefix(tt.decided, "confirm")
			if status, verified := w.state("attacker"); (status == "CONFIRMED") != granted || verified != granted {
				t.Errorf("the second user is %s, %v", status, verified)
			}
			if status, verified := w.state("owner"); status != "CONFIRMED" || !verified {
				t.Errorf("the owner is %s, %v", status, verified)
			}
		})
	}
}

// TestARefusalReachesThePerson, in the words of the policy and nothing else.
func TestARefusalReachesThePerson(t *testing.T) {
	p := programs{presignup: build(t, "."), trigger: build(t, "../trigger")}
	w := newWorld(t, p)
	w.presignup = w.deploy("http://127.0.0.1:1", "refuses", p.presignup, map[string]string{
		"POSTCONFIRM_POLICY": "version: 1\nmessage: Members only\ndeny: [{ name: strangers, domains: elsewhere.example }]"})
	w.pools()
	err := w.signUp(ann)
	var refused *types.UserLambdaValidationException
	if !errors.As(err, &refused) || *refused.Message != "PreSignUp failed with error Members only." {
		t.Errorf("%v", err)
	}
	if _, decided := w.presignup.seen(t); decided != "deny (denied_domain)" {
		t.Error(decided)
	}
}
