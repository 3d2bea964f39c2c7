package cognito_test

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
)

// local asks one of the service's routes.
func local(s *cognito.Service, route, body string) (status int, answer string) {
	method, path, _ := strings.Cut(route, " ")
	rec := httptest.NewRecorder()
	s.Wire().Local[route].Serve(rec, httptest.NewRequest(method, path, strings.NewReader(body)))
	return rec.Code, strings.TrimSpace(rec.Body.String())
}

// passing tells how many of n calls in the same instant are let through; the others must be throttled in type.
func passing(t *testing.T, n int, call func() error) (passed int) {
	t.Helper()
	for range n {
		err := call()
		if err == nil {
			passed++
			continue
		}
		if slow := new(types.TooManyRequestsException); !errors.As(err, &slow) || slow.ErrorMessage() != "Rate exceeded" {
			t.Fatalf("got %v, want a TooManyRequestsException", err)
		}
	}
	return passed
}

func TestQuotasAreSharedByACategoryAndByAllPools(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		one, two := w.named(nil), w.named(nil)
		for _, pool := range []string{one, two} {
			w.join(w.app(pool, nil), "ann")
		}
		if err := w.service.SetSwitches(cognito.Switches{Quotas: cognito.AWSQuotas()}); err != nil {
			t.Fatal(err)
		}
		write := func(pool string) func() error {
			return func() error { return w.write(pool, "ann", attr("name", "Ann")) }
		}
		remove := func() error {
			_, err := w.AdminDeleteUserAttributes(t.Context(), &idp.AdminDeleteUserAttributesInput{UserPoolId: &two, Username: aws.String("ann"), UserAttributeNames: []string{"name"}})
			return err
		}
		if a, b, c := passing(t, 15, write(one)), passing(t, 15, write(two)), passing(t, 1, remove); a != 15 || b != 10 || c != 0 {
			t.Errorf("%d, %d and %d writes passed, want 25 in all", a, b, c)
		}
		read := func() error {
			_, err := w.AdminGetUser(t.Context(), &idp.AdminGetUserInput{UserPoolId: &one, Username: aws.String("ann")})
			return err
		}
		if n := passing(t, 130, read); n != 120 {
			t.Errorf("%d reads passed, want 120: another category has a quota of its own", n)
		}
		time.Sleep(200 * time.Millisecond)
		if n := passing(t, 10, write(one)); n != 5 {
			t.Errorf("after a fifth of a second %d writes passed, want 5", n)
		}
		if err := w.service.SetSwitches(cognito.Switches{}); err != nil {
			t.Fatal(err)
		}
		if n := passing(t, 200, write(one)); n != 200 {
			t.Errorf("without quotas %d writes passed, want 200", n)
		}
	})
}

// calls are operations by name, as functions.
type calls map[string]func() error

// categories are the operations of each category, as the developer guide has them, and how a call of each begins.
func categories(w *world, pool, app string) map[string]calls {
	all := poolCategories(w, pool, app)
	for name, operations := range userCategories(w, pool, app) {
		all[name] = operations
	}
	return all
}

func outcome(_ any, err error) error { return err }

func userCategories(w *world, pool, app string) map[string]calls {
	ctx, name := w.t.Context(), aws.String("ann")
	return map[string]calls{
		"UserCreation": {
			"SignUp": func() error { return outcome(w.SignUp(ctx, &idp.SignUpInput{ClientId: &app, Username: name})) },
			"ConfirmSignUp": func() error {
				return outcome(w.ConfirmSignUp(ctx, &idp.ConfirmSignUpInput{ClientId: &app, Username: name, ConfirmationCode: name}))
			},
			"AdminCreateUser": func() error {
				return outcome(w.AdminCreateUser(ctx, &idp.AdminCreateUserInput{UserPoolId: &pool, Username: name}))
			},
			"AdminConfirmSignUp": func() error {
				return outcome(w.AdminConfirmSignUp(ctx, &idp.AdminConfirmSignUpInput{UserPoolId: &pool, Username: name}))
			},
		},
		"UserAccountRecovery": {
			"ForgotPassword": func() error {
				return outcome(w.ForgotPassword(ctx, &idp.ForgotPasswordInput{ClientId: &app, Username: name}))
			},
			"ConfirmForgotPassword": func() error { return w.renew(app, "ann", "000000", password) },
			"AdminResetUserPassword": func() error {
				return outcome(w.AdminResetUserPassword(ctx, &idp.AdminResetUserPasswordInput{UserPoolId: &pool, Username: name}))
			},
			"AdminSetUserPassword": func() error {
				return outcome(w.AdminSetUserPassword(ctx, &idp.AdminSetUserPasswordInput{UserPoolId: &pool, Username: name, Password: name}))
			},
		},
		"UserUpdate": {
			"AdminUpdateUserAttributes": func() error { return w.write(pool, "ann", attr("name", "Ann")) },
			"AdminDeleteUserAttributes": func() error {
				return outcome(w.AdminDeleteUserAttributes(ctx, &idp.AdminDeleteUserAttributesInput{UserPoolId: &pool, Username: name, UserAttributeNames: []string{}}))
			},
			"AdminDeleteUser": func() error {
				return outcome(w.AdminDeleteUser(ctx, &idp.AdminDeleteUserInput{UserPoolId: &pool, Username: aws.String("nobody")}))
			},
			"AdminDisableUser": func() error {
				return outcome(w.AdminDisableUser(ctx, &idp.AdminDisableUserInput{UserPoolId: &pool, Username: name}))
			},
			"AdminEnableUser": func() error {
				return outcome(w.AdminEnableUser(ctx, &idp.AdminEnableUserInput{UserPoolId: &pool, Username: name}))
			},
		},
		"UserRead": {"AdminGetUser": func() error {
			return outcome(w.AdminGetUser(ctx, &idp.AdminGetUserInput{UserPoolId: &pool, Username: name}))
		}},
		"UserResourceRead": {"ResendConfirmationCode": func() error {
			return outcome(w.ResendConfirmationCode(ctx, &idp.ResendConfirmationCodeInput{ClientId: &app, Username: name}))
		}},
		"UserList": {"ListUsers": func() error { return outcome(w.ListUsers(ctx, &idp.ListUsersInput{UserPoolId: &pool})) }},
	}
}

func poolCategories(w *world, pool, app string) map[string]calls {
	ctx, name := w.t.Context(), aws.String("x")
	return map[string]calls{
		"UserPoolRead": {
			"GetUserPoolMfaConfig": func() error {
				return outcome(w.GetUserPoolMfaConfig(ctx, &idp.GetUserPoolMfaConfigInput{UserPoolId: &pool}))
			},
			"DescribeUserPool": func() error {
				return outcome(w.DescribeUserPool(ctx, &idp.DescribeUserPoolInput{UserPoolId: &pool}))
			},
			"ListUserPools": func() error {
				return outcome(w.ListUserPools(ctx, &idp.ListUserPoolsInput{MaxResults: aws.Int32(1)}))
			},
		},
		"UserPoolUpdate": {
			"CreateUserPool": func() error {
				return outcome(w.CreateUserPool(ctx, &idp.CreateUserPoolInput{PoolName: name}))
			},
			"SetUserPoolMfaConfig": func() error {
				return outcome(w.SetUserPoolMfaConfig(ctx, &idp.SetUserPoolMfaConfigInput{UserPoolId: &pool}))
			},
			"UpdateUserPool": func() error {
				return outcome(w.UpdateUserPool(ctx, &idp.UpdateUserPoolInput{UserPoolId: &pool}))
			},
			"DeleteUserPool": func() error {
				return outcome(w.DeleteUserPool(ctx, &idp.DeleteUserPoolInput{UserPoolId: aws.String("eu-west-1_x")}))
			},
		},
		"UserPoolResourceUpdate": {"AddCustomAttributes": func() error {
			return outcome(w.AddCustomAttributes(ctx, &idp.AddCustomAttributesInput{UserPoolId: &pool, CustomAttributes: []types.SchemaAttributeType{}}))
		}},
		"UserPoolClientRead": {
			"DescribeUserPoolClient": func() error {
				return outcome(w.DescribeUserPoolClient(ctx, &idp.DescribeUserPoolClientInput{UserPoolId: &pool, ClientId: &app}))
			},
			"ListUserPoolClients": func() error {
				return outcome(w.ListUserPoolClients(ctx, &idp.ListUserPoolClientsInput{UserPoolId: &pool}))
			},
		},
		"UserPoolClientUpdate": {
			"CreateUserPoolClient": func() error {
				return outcome(w.CreateUserPoolClient(ctx, &idp.CreateUserPoolClientInput{UserPoolId: &pool, ClientName: name}))
			},
			"UpdateUserPoolClient": func() error {
				return outcome(w.UpdateUserPoolClient(ctx, &idp.UpdateUserPoolClientInput{UserPoolId: &pool, ClientId: &app}))
			},
			"DeleteUserPoolClient": func() error {
				return outcome(w.DeleteUserPoolClient(ctx, &idp.DeleteUserPoolClientInput{UserPoolId: &pool, ClientId: name}))
			},
		},
	}
}

func TestEveryOperationCountsAgainstItsCategory(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.named(nil)
	app := w.app(pool, nil)
	w.join(app, "ann")
	var seen []string
	for category, operations := range categories(w, pool, app) {
		for name, call := range operations {
			seen = append(seen, name)
			t.Run(name, func(t *testing.T) {
				throttles := func(quotas string) bool {
					t.Helper()
					if status, answer := local(w.service, "PUT /_local/cognito", `{"quotas":`+quotas+`}`); status != 204 {
						t.Fatal(status, answer)
					}
					_ = call() // the one call that a small quota lets through
					err := call()
					slow := new(types.TooManyRequestsException)
					return errors.As(err, &slow)
				}
				if !throttles(`{"` + category + `":0.0001}`) {
					t.Errorf("%s does not hold it back", category)
				}
				others := "{}"
				for other := range categories(w, pool, app) {
					if other != category {
						others = strings.Replace(others, "{", fmt.Sprintf("{%q:0.0001,", other), 1)
					}
				}
				others = strings.Replace(others, ",}", "}", 1)
				if throttles(others) {
					t.Error("another category holds it back")
				}
			})
		}
	}
	slices.Sort(seen)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(w.service.Operations)), seen); diff != "" {
		t.Errorf("operations (-offered +tried):\n%s", diff)
	}
}

func TestFederatedSignInsHaveAQuota(t *testing.T) {
	w, pool, _, _ := abroad(t, nil)
	if err := w.service.SetSwitches(cognito.Switches{Quotas: cognito.Quotas{UserFederation: 0.0001}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.service.SignInFederated(t.Context(), ada(pool)); err != nil {
		t.Fatal(err)
	}
	_, err := w.service.SignInFederated(t.Context(), ada(pool))
	wantRefusal(t, err, "TooManyRequestsException", "Rate exceeded")
}

func TestQuotasAndListsAreOptions(t *testing.T) {
	w := newWorld(t, &cognito.Options{ListLag: time.Second, ListScan: 3, Quotas: cognito.Quotas{UserRead: 5}})
	if diff := cmp.Diff(cognito.Switches{ListLag: time.Second, ListScan: 3, Quotas: cognito.Quotas{UserRead: 5}}, w.service.Switches()); diff != "" {
		t.Error(diff)
	}
}

func TestSwitchesByTheControlSurface(t *testing.T) {
	w := newWorld(t, nil)
	ask := func(route, body, want string) {
		t.Helper()
		if status, answer := local(w.service, route, body); fmt.Sprint(status, " ", answer) != want {
			t.Errorf("%s %s: got %d %s, want %s", route, body, status, answer, want)
		}
	}
	ask("GET /_local/cognito", "", `200 {}`)
	ask("PUT /_local/cognito", `{"listLag":"1m","listScan":4,"quotas":{"UserUpdate":12.5}}`, "204 ")
	ask("GET /_local/cognito", "", `200 {"listLag":"1m0s","listScan":4,"quotas":{"UserUpdate":12.5}}`)
	for _, bad := range []string{
		`{"listLag":"soon"}`, `{"listLag":"-1s"}`, `{"listScan":-1}`, `{"lag":"1s"}`, `{"quotas":"mine"}`, `{"quotas":{"UserUpdates":1}}`, `{"quotas":{"UserUpdate":-1}}`, `x`,
	} {
		if status, answer := local(w.service, "PUT /_local/cognito", bad); status != 400 {
			t.Errorf("%s: got %d %s", bad, status, answer)
		}
	}
	ask("GET /_local/cognito", "", `200 {"listLag":"1m0s","listScan":4,"quotas":{"UserUpdate":12.5}}`)
	ask("PUT /_local/cognito", `{"quotas":"aws"}`, "204 ")
	if got := w.service.Switches(); got != (cognito.Switches{Quotas: cognito.AWSQuotas()}) {
		t.Errorf("got %+v", got)
	}
	ask("DELETE /_local/cognito", "", "204 ")
	ask("GET /_local/cognito", "", `200 {}`)
	for _, bad := range []cognito.Switches{{ListLag: -1}, {ListScan: -1}, {Quotas: cognito.Quotas{UserList: math.NaN()}}, {Quotas: cognito.Quotas{UserList: math.Inf(1)}}} {
		if err := w.service.SetSwitches(bad); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

func TestListsBecomeStaleAndFreshAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, pool, _ := crowd(t, nil, 5)
		shown := func(want ...string) {
			t.Helper()
			out, err := w.ListUsers(t.Context(), &idp.ListUsersInput{UserPoolId: &pool})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, u := range out.Users {
				got = append(got, *u.Username+" "+flat(u.Attributes)["name"])
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		}
		time.Sleep(time.Second)
		if err := w.service.SetSwitches(cognito.Switches{ListLag: 10 * time.Second, ListScan: 2}); err != nil {
			t.Fatal(err)
		}
		shown("u000 ", "u001 ") // what was there before is seen at once
		time.Sleep(time.Second)
		if err := w.write(pool, "u000", attr("name", "Ann")); err != nil {
			t.Fatal(err)
		}
		if _, err := w.AdminDeleteUser(t.Context(), &idp.AdminDeleteUserInput{UserPoolId: &pool, Username: aws.String("u001")}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(9 * time.Second)
		shown("u000 ", "u001 ")
		time.Sleep(time.Second)
		shown("u000 Ann", "u002 ")
		if err := w.write(pool, "u000", attr("name", "Ben")); err != nil {
			t.Fatal(err)
		}
		shown("u000 Ann", "u002 ")
		if err := w.service.SetSwitches(cognito.Switches{}); err != nil {
			t.Fatal(err)
		}
		shown("u000 Ben", "u002 ", "u003 ", "u004 ")
	})
}

func TestAClockThatIsWrongShowsInDates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		c := localcloud.New(nil)
		c.Register(w.service)
		if err := c.SetFault("cognito-idp", "*", localcloud.Fault{ClockSkew: -2 * time.Hour}); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		late := start.Add(-2 * time.Hour)
		pool := w.named(nil)
		app := w.app(pool, nil)
		w.join(app, "ann")
		out, err := w.AdminGetUser(t.Context(), &idp.AdminGetUserInput{UserPoolId: &pool, Username: aws.String("ann")})
		if err != nil {
			t.Fatal(err)
		}
		for what, got := range map[string]*time.Time{
			"the user's creation": out.UserCreateDate, "its change": out.UserLastModifiedDate, "the pool's creation": w.describe(pool).CreationDate,
		} {
			if !got.Equal(late) {
				t.Errorf("%s is %v, want %v", what, got, late)
			}
		}
		time.Sleep(23 * time.Hour) // the code is good for a true day
		if err := w.confirm(app, "ann"); err != nil {
			t.Error(err)
		}
		c.ClearFaults()
		if err := w.write(pool, "ann", attr("name", "Ann")); err != nil {
			t.Fatal(err)
		}
		if out, err = w.AdminGetUser(t.Context(), &idp.AdminGetUserInput{UserPoolId: &pool, Username: aws.String("ann")}); err != nil {
			t.Fatal(err)
		}
		if !out.UserLastModifiedDate.Equal(time.Now()) || !out.UserCreateDate.Equal(late) {
			t.Errorf("created %v, changed %v", out.UserCreateDate, out.UserLastModifiedDate)
		}
	})
}
