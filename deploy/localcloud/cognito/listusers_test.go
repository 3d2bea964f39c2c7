package cognito_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
)

// list reads all pages and gives the names, and how many were on each page.
func (w *world) list(in *idp.ListUsersInput) (names []string, sizes []int) {
	w.t.Helper()
	pages := idp.NewListUsersPaginator(w, in)
	for pages.HasMorePages() {
		out, err := pages.NextPage(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		for _, u := range out.Users {
			names = append(names, *u.Username)
		}
		sizes = append(sizes, len(out.Users))
	}
	return names, sizes
}

// crowd makes a pool with n users of true names, u000 first.
func crowd(t *testing.T, o *cognito.Options, n int) (w *world, pool string, names []string) {
	t.Helper()
	w = newWorld(t, o)
	pool = w.named(nil)
	app := w.app(pool, nil)
	for i := range n {
		name := fmt.Sprintf("u%03d", i)
		w.join(app, name, attr("email", name+"@example.com"))
		names = append(names, name)
	}
	return w, pool, names
}

func TestUsersAreListedInPages(t *testing.T) {
	w, pool, want := crowd(t, nil, 130)
	for name, c := range map[string]struct {
		limit *int32
		sizes []int
	}{
		"sixty when nothing is said": {nil, []int{60, 60, 10}},
		"sixty for nought":           {aws.Int32(0), []int{60, 60, 10}},
		"fifty":                      {aws.Int32(50), []int{50, 50, 30}},
		"a divisor":                  {aws.Int32(26), []int{26, 26, 26, 26, 26}},
	} {
		t.Run(name, func(t *testing.T) {
			got, sizes := w.list(&idp.ListUsersInput{UserPoolId: &pool, Limit: c.limit})
			if diff := cmp.Diff(c.sizes, sizes); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAWalkSurvivesChanges(t *testing.T) {
	w, pool, names := crowd(t, nil, 10)
	out, err := w.ListUsers(t.Context(), &idp.ListUsersInput{UserPoolId: &pool, Limit: aws.Int32(4)})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{names[1], names[3], names[5]} { // before, at and after the place
		if _, err := w.AdminDeleteUser(t.Context(), &idp.AdminDeleteUserInput{UserPoolId: &pool, Username: &name}); err != nil {
			t.Fatal(err)
		}
	}
	rest, _ := w.list(&idp.ListUsersInput{UserPoolId: &pool, PaginationToken: out.PaginationToken})
	if diff := cmp.Diff([]string{"u004", "u006", "u007", "u008", "u009"}, rest); diff != "" {
		t.Error(diff)
	}
}

func TestPagesMayBeShortOrEmptyOnRequest(t *testing.T) {
	w, pool, want := crowd(t, &cognito.Options{ListScan: 4}, 10)
	got, sizes := w.list(&idp.ListUsersInput{UserPoolId: &pool})
	if diff := cmp.Diff([]int{4, 4, 2}, sizes); diff != "" || !slices.Equal(got, want) {
		t.Errorf("%v %s", got, diff)
	}
	got, sizes = w.list(&idp.ListUsersInput{UserPoolId: &pool, Filter: aws.String(`name = "nobody"`)})
	if diff := cmp.Diff([]int{0, 0, 0}, sizes); diff != "" || len(got) > 0 {
		t.Errorf("%v %s", got, diff)
	}
}

func TestFilters(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.named(nil)
	app := w.app(pool, nil)
	w.join(app, "ann", attr("email", "ann@example.com"), attr("given_name", `An"n\`), attr("family_name", "Lee"), attr("phone_number", "+441"))
	bob := w.join(app, "bob", attr("email", "bob@example.com"), attr("family_name", "Leeds"), attr("name", "Bob=Bob"), attr("preferred_username", "b"))
	w.join(app, "Ann2", attr("email", "ann@example.com"))
	if err := w.confirm(app, "bob"); err != nil {
		t.Fatal(err)
	}
	for filter, want := range map[string][]string{
		``:                                       {"ann", "bob", "Ann2"},
		`   `:                                    {"ann", "bob", "Ann2"},
		`username = "ann"`:                       {"ann"},
		`username = "ANN"`:                       nil,
		`username ^= "an"`:                       {"ann"},
		`email = "ann@example.com"`:              {"ann", "Ann2"},
		`email="bob@example.com"`:                {"bob"},
		`email = "ANN@example.com"`:              nil,
		`email ^= "ann@"`:                        {"ann", "Ann2"},
		`email = ""`:                             nil,
		`phone_number = "+441"`:                  {"ann"},
		`phone_number ^= ""`:                     {"ann"},
		`given_name = "An\"n\\"`:                 {"ann"},
		`family_name ^= "Lee"`:                   {"ann", "bob"},
		`family_name = "Lee"`:                    {"ann"},
		`  name   =   "Bob=Bob"  `:               {"bob"},
		`preferred_username = "b"`:               {"bob"},
		`cognito:user_status = "CONFIRMED"`:      {"bob"},
		`cognito:user_status = "unconfirmed"`:    {"ann", "Ann2"},
		`status = "Enabled"`:                     {"ann", "bob", "Ann2"},
		`status = "enabled"`:                     nil,
		`status = "Disabled"`:                    nil,
		`sub = "` + *bob.UserSub + `"`:           {"bob"},
		`sub ^= "` + (*bob.UserSub)[:12] + `"`:   {"bob"},
		`sub = "00000000-0000-0000-0000-000000"`: nil,
	} {
		t.Run(filter, func(t *testing.T) {
			got, _ := w.list(&idp.ListUsersInput{UserPoolId: &pool, Filter: &filter})
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestListUsersRefuses(t *testing.T) {
	w, pool, _ := crowd(t, nil, 3)
	first, err := w.ListUsers(t.Context(), &idp.ListUsersInput{UserPoolId: &pool, Limit: aws.Int32(1)})
	if err != nil {
		t.Fatal(err)
	}
	const unreadable, token = "Error while parsing filter", "Invalid pagination token given."
	for name, c := range map[string]struct {
		in   idp.ListUsersInput
		text string
	}{
		"61 users":                  {idp.ListUsersInput{Limit: aws.Int32(61)}, "1 validation error detected: Value '61' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 60"},
		"-1 user":                   {idp.ListUsersInput{Limit: aws.Int32(-1)}, "1 validation error detected: Value '-1' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 0"},
		"a custom attribute":        {idp.ListUsersInput{Filter: aws.String(`custom:plan = "pro"`)}, "Invalid search attribute: custom:plan"},
		"one that can't be sought":  {idp.ListUsersInput{Filter: aws.String(`birthdate = "x"`)}, "Invalid search attribute: birthdate"},
		"no value":                  {idp.ListUsersInput{Filter: aws.String(`email =`)}, unreadable},
		"no operator":               {idp.ListUsersInput{Filter: aws.String(`email "x"`)}, unreadable},
		"no name":                   {idp.ListUsersInput{Filter: aws.String(`= "x"`)}, unreadable},
		"no quotation marks":        {idp.ListUsersInput{Filter: aws.String(`email = x`)}, unreadable},
		"an open quotation":         {idp.ListUsersInput{Filter: aws.String(`email = "x`)}, unreadable},
		"a quotation mark too many": {idp.ListUsersInput{Filter: aws.String(`email = "x" or "1" = "1"`)}, unreadable},
		"an open escape":            {idp.ListUsersInput{Filter: aws.String(`email = "x\`)}, unreadable},
		"an unknown escape":         {idp.ListUsersInput{Filter: aws.String(`email = "\n"`)}, unreadable},
		"another operator":          {idp.ListUsersInput{Filter: aws.String(`email != "x"`)}, unreadable},
		"a token that is none":      {idp.ListUsersInput{PaginationToken: aws.String("!")}, token},
		"another token":             {idp.ListUsersInput{PaginationToken: aws.String("bm9uZQ")}, token},
		"the token of another list": {idp.ListUsersInput{PaginationToken: first.PaginationToken, Filter: aws.String(`status = "Enabled"`)}, token},
		"an attribute some lack":    {idp.ListUsersInput{AttributesToGet: []string{"sub", "given_name"}}, "One or more requested attributes do not exist."},
	} {
		t.Run(name, func(t *testing.T) {
			c.in.UserPoolId = &pool
			_, err := w.ListUsers(t.Context(), &c.in)
			refused(t, err, "InvalidParameterException", c.text)
		})
	}
}

func TestAttributesToGetLeavesTheOthersOut(t *testing.T) {
	w, pool, _ := crowd(t, nil, 2)
	out, err := w.ListUsers(t.Context(), &idp.ListUsersInput{UserPoolId: &pool, AttributesToGet: []string{"email"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"email": "u000@example.com"}, flat(out.Users[0].Attributes)); diff != "" {
		t.Error(diff)
	}
	if _, own := w.user(pool, "u000"); len(own) != 3 {
		t.Errorf("the user has %v", own)
	}
}

func TestListUsersMayBeStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, &cognito.Options{ListLag: 10 * time.Second})
		pool := w.named(nil)
		app := w.app(pool, nil)
		after := func(d time.Duration, filter string, want ...string) {
			t.Helper()
			<-time.After(d)
			out, err := w.ListUsers(t.Context(), &idp.ListUsersInput{UserPoolId: &pool, Filter: &filter})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, u := range out.Users {
				got = append(got, *u.Username+" "+string(u.UserStatus)+" "+flat(u.Attributes)["email"])
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		}
		w.join(app, "ann", attr("email", "ann@example.com"))
		after(9*time.Second, "") // at 9: not there yet
		if err := w.confirm(app, "ann"); err != nil {
			t.Fatal(err)
		}
		after(2*time.Second, "", "ann UNCONFIRMED ann@example.com") // at 11: there, but not yet confirmed
		if err := w.write(pool, "ann", attr("email", "new@example.com")); err != nil {
			t.Fatal(err)
		}
		after(8*time.Second, `email = "ann@example.com"`, "ann CONFIRMED ann@example.com") // at 19
		after(0, `email = "new@example.com"`)
		if _, err := w.AdminDeleteUser(t.Context(), &idp.AdminDeleteUserInput{UserPoolId: &pool, Username: aws.String("ann")}); err != nil {
			t.Fatal(err)
		}
		w.join(app, "ann", attr("email", "second@example.com"))
		after(3*time.Second, "", "ann CONFIRMED new@example.com") // at 22: deleted, and still shown
		after(7*time.Second, "", "ann UNCONFIRMED second@example.com")
		if status, own := w.user(pool, "ann"); status != types.UserStatusTypeUnconfirmed || own["email"] != "second@example.com" {
			t.Errorf("AdminGetUser is stale: %s %v", status, own)
		}
	})
}

func TestAUserOfAMomentIsSeenForAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, &cognito.Options{ListLag: 10 * time.Second})
		pool := w.named(nil)
		w.join(w.app(pool, nil), "ann")
		<-time.After(time.Second)
		if _, err := w.AdminDeleteUser(t.Context(), &idp.AdminDeleteUserInput{UserPoolId: &pool, Username: aws.String("ann")}); err != nil {
			t.Fatal(err)
		}
		var seen []string
		for range 12 {
			names, _ := w.list(&idp.ListUsersInput{UserPoolId: &pool})
			seen = append(seen, strings.Join(names, " "))
			<-time.After(time.Second)
		}
		// at 1, 2, … 12 seconds; the user lived from 0 to 1
		if diff := cmp.Diff([]string{"", "", "", "", "", "", "", "", "", "ann", "", ""}, seen); diff != "" {
			t.Error(diff)
		}
	})
}
