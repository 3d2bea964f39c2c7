package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/postconfirm/postconfirm/worker"
)

// missed NAME… makes confirmed users of whom no trigger tells: an administrator makes them and sets their password. Their
// nickname is their name.
func missed(ts *testscript.TestScript, _ bool, args []string) {
	s := ts.Value(boxKey{}).(*scriptBox)
	users, pool := s.box.Worker.Clients.Cognito, s.box.Pool.ID
	for _, name := range args {
		email := name + "@acme.example"
		made, err := users.AdminCreateUser(context.Background(), &cognitoidentityprovider.AdminCreateUserInput{UserPoolId: &pool, Username: &email,
			MessageAction: types.MessageActionTypeSuppress, UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: &email}, {Name: aws.String("nickname"), Value: &name}}})
		ts.Check(err)
		_, err = users.AdminSetUserPassword(context.Background(), &cognitoidentityprovider.AdminSetUserPasswordInput{UserPoolId: &pool, Username: made.User.Username,
			Password: aws.String("Correct-Horse-7"), Permanent: true})
		ts.Check(err)
		ts.Setenv("SUB_"+name, *made.User.Username)
	}
}

// await N waits until the worker has finished so many runs, and fails if one did not end well.
func await(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	s, timer := ts.Value(boxKey{}).(*scriptBox), time.NewTimer(time.Minute)
	defer timer.Stop()
	for range n {
		select {
		case v := <-s.said:
			if v.Outcome != worker.Completed {
				ts.Fatalf("the worker says %+v", v)
			}
		case <-timer.C:
			ts.Fatalf("the worker did not finish")
		}
	}
}

// holds SUB NAME=VALUE… compares attributes of a user of the pool; no value is none.
func holds(ts *testscript.TestScript, _ bool, args []string) {
	s := ts.Value(boxKey{}).(*scriptBox)
	out, err := s.box.Worker.Clients.Cognito.AdminGetUser(context.Background(), &cognitoidentityprovider.AdminGetUserInput{UserPoolId: &s.box.Pool.ID, Username: &args[0]})
	ts.Check(err)
	var all []string
	for _, a := range out.UserAttributes {
		all = append(all, *a.Name+"="+*a.Value)
	}
	for _, want := range args[1:] {
		name, value, _ := strings.Cut(want, "=")
		if has := slices.ContainsFunc(all, func(a string) bool { return strings.HasPrefix(a, name+"=") }); has != (value != "") || has && !slices.Contains(all, want) {
			ts.Fatalf("the user has %v, want %s", fmt.Sprint(all), want)
		}
	}
}
