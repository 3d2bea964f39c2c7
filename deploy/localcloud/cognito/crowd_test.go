package cognito_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
)

// Many at once: each name is given once, each user confirmed once, each confirmation told once.
func TestManyAtOnce(t *testing.T) {
	s := newScene(t, nil)
	var all sync.WaitGroup
	var mu sync.Mutex
	joined, confirmed := 0, 0
	for i := range 8 {
		all.Go(func() {
			for j := range 20 {
				name := fmt.Sprintf("u%d@example.com", j)
				_, err := s.SignUp(t.Context(), &idp.SignUpInput{ClientId: &s.app, Username: &name, Password: aws.String(password)})
				again := s.confirm(s.app, name)
				_ = s.write(s.pool, name, attr("name", fmt.Sprint(i)))
				_, _ = s.ListUsers(t.Context(), &idp.ListUsersInput{UserPoolId: &s.pool})
				mu.Lock()
				if err == nil {
					joined++
				}
				if again == nil {
					confirmed++
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if n := len(s.trigger.events); joined != 20 || confirmed != 20 || n != 20 {
		t.Errorf("%d joined, %d confirmed, %d events, want 20 of each", joined, confirmed, n)
	}
	if n := s.describe(s.pool).EstimatedNumberOfUsers; n != 20 {
		t.Errorf("%d users", n)
	}
}

// large makes a pool of n users without the SDK's cost.
func large(b *testing.B, n int) (s *cognito.Service, pool string) {
	b.Helper()
	s, ids := lived(b)
	pool = ids.Replace("POOL")
	for i := range n {
		if rec := post(s, "AdminCreateUser", fmt.Sprintf(`{"UserPoolId":%q,"Username":"u%d","UserAttributes":[{"Name":"email","Value":"u%d@example.com"},{"Name":"email_verified","Value":"true"}]}`, pool, i, i)); rec.Code != http.StatusOK {
			b.Fatal(rec.Body)
		}
	}
	return s, pool
}

// With a hundred thousand users in the pool.
func BenchmarkLargePool(b *testing.B) {
	s, pool := large(b, 100_000)
	for name, c := range map[string]struct{ operation, body string }{
		"AdminGetUser/name":         {"AdminGetUser", `{"UserPoolId":%q,"Username":"u%d"}`},
		"AdminGetUser/alias":        {"AdminGetUser", `{"UserPoolId":%q,"Username":"u%d@example.com"}`},
		"AdminUpdateUserAttributes": {"AdminUpdateUserAttributes", `{"UserPoolId":%q,"Username":"u%d","UserAttributes":[{"Name":"custom:n","Value":"7"}]}`},
		"ListUsers/by email":        {"ListUsers", `{"UserPoolId":%q,"Filter":"email = \"u%d@example.com\""}`},
		"ListUsers/by given name":   {"ListUsers", `{"UserPoolId":%q,"Filter":"given_name = \"u%d\""}`},
	} {
		b.Run(name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				if rec := post(s, c.operation, fmt.Sprintf(c.body, pool, i*7919%100_000)); rec.Code != http.StatusOK {
					b.Fatal(rec.Body)
				}
			}
		})
	}
	b.Run("AdminCreateUser and AdminDeleteUser", func(b *testing.B) {
		for b.Loop() {
			if rec := post(s, "AdminCreateUser", fmt.Sprintf(`{"UserPoolId":%q,"Username":"x"}`, pool)); rec.Code != http.StatusOK {
				b.Fatal(rec.Body)
			}
			post(s, "AdminDeleteUser", fmt.Sprintf(`{"UserPoolId":%q,"Username":"x"}`, pool))
		}
	})
}
