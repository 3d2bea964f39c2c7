package cognito_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
)

// post sends one raw call.
func post(s *cognito.Service, operation, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, r)
	return rec
}

// answer reads an answer of words.
func answer(t *testing.T, rec *httptest.ResponseRecorder) (words map[string]string) {
	t.Helper()
	if err := json.Unmarshal(rec.Body.Bytes(), &words); err != nil {
		t.Fatalf("%d %s: %v", rec.Code, rec.Body, err)
	}
	return words
}

// lived is an account with two pools, clients and a user, and its ids put into the bodies of the fuzzer.
func lived(f testing.TB) (*cognito.Service, *strings.Replacer) {
	n := byte(0)
	s := cognito.New(&cognito.Options{Random: func(b []byte) {
		for i := range b {
			n += 7
			b[i] = n
		}
	}})
	var pool struct{ UserPool struct{ Id string } }
	var client struct{ UserPoolClient struct{ ClientId string } }
	must := func(operation, body string, out any) {
		rec := post(s, operation, body)
		if err := json.Unmarshal(rec.Body.Bytes(), out); err != nil || rec.Code != http.StatusOK {
			f.Fatalf("%s: %d %s", operation, rec.Code, rec.Body)
		}
	}
	must("CreateUserPool", `{"PoolName":"p","AliasAttributes":["email","preferred_username"],"AutoVerifiedAttributes":["email"],
		"LambdaConfig":{"PostConfirmation":"`+triggerARN+`","PreSignUp":"`+triggerARN+`"},
		"Schema":[{"Name":"n","AttributeDataType":"Number","NumberAttributeConstraints":{"MinValue":"1"}}]}`, &pool)
	must("CreateUserPoolClient", `{"UserPoolId":"`+pool.UserPool.Id+`","ClientName":"c"}`, &client)
	s.RegisterFunction(triggerARN, functionFunc(func(e []byte) ([]byte, error) {
		if !json.Valid(e) {
			f.Errorf("the event is not JSON: %q", e)
		}
		return e, nil
	}))
	must("SignUp", `{"ClientId":"`+client.UserPoolClient.ClientId+`","Username":"ann","Password":"Correct-Horse-1","UserAttributes":[{"Name":"email","Value":"a@b"}]}`, &struct{}{})
	return s, strings.NewReplacer("POOL", pool.UserPool.Id, "CLIENT", client.UserPoolClient.ClientId)
}

// Whatever comes in, the answer is JSON, and either a success or an error of the caller's with a type and a text.
func FuzzRequests(f *testing.F) {
	for operation, bodies := range map[string][]string{
		"CreateUserPool":            {`{"PoolName":"x"}`, `{"PoolName":"x","Schema":[{"Name":"a","AttributeDataType":"String","StringAttributeConstraints":{"MinLength":"-1"}}]}`, `{"PoolName":"x","Policies":{"PasswordPolicy":{}},"LambdaConfig":{"PreSignUp":null,"KMSKeyID":7}}`},
		"UpdateUserPool":            {`{"UserPoolId":"POOL"}`, `{"UserPoolId":"POOL","AccountRecoverySetting":{"RecoveryMechanisms":[{"Name":"x","Priority":-1}]}}`},
		"DescribeUserPool":          {`{"UserPoolId":"POOL"}`},
		"ListUserPools":             {`{"MaxResults":1}`, `{"MaxResults":60,"NextToken":"MS9wb29scw"}`},
		"AddCustomAttributes":       {`{"UserPoolId":"POOL","CustomAttributes":[{"Name":"z"}]}`},
		"CreateUserPoolClient":      {`{"UserPoolId":"POOL","ClientName":"x","WriteAttributes":["email"]}`},
		"UpdateUserPoolClient":      {`{"UserPoolId":"POOL","ClientId":"CLIENT","TokenValidityUnits":{},"ClientName":"x"}`},
		"DeleteUserPoolClient":      {`{"UserPoolId":"POOL","ClientId":"CLIENT"}`},
		"AdminResetUserPassword":    {`{"UserPoolId":"POOL","Username":"ann"}`},
		"AdminDisableUser":          {`{"UserPoolId":"POOL","Username":"ann"}`},
		"ListUserPoolClients":       {`{"UserPoolId":"POOL","MaxResults":1}`},
		"SignUp":                    {`{"ClientId":"CLIENT","Username":"bob","Password":"Correct-Horse-1","UserAttributes":[{"Name":"custom:n","Value":"2"}],"ValidationData":[{"Name":"a"}],"ClientMetadata":{"a":"\ud800"}}`},
		"ConfirmSignUp":             {`{"ClientId":"CLIENT","Username":"ann","ConfirmationCode":"123456","ForceAliasCreation":true}`},
		"ForgotPassword":            {`{"ClientId":"CLIENT","Username":"ann"}`},
		"ConfirmForgotPassword":     {`{"ClientId":"CLIENT","Username":"ann","ConfirmationCode":"123456","Password":"Correct-Horse-1"}`},
		"AdminCreateUser":           {`{"UserPoolId":"POOL","Username":"carl","UserAttributes":[{"Name":"email","Value":"a@b"},{"Name":"email_verified","Value":"true"}],"ForceAliasCreation":true}`},
		"AdminUpdateUserAttributes": {`{"UserPoolId":"POOL","Username":"ann","UserAttributes":[{"Name":"custom:n","Value":"1e400"},{"Name":"birthdate","Value":"0000-00-00"}]}`, `{"UserPoolId":"POOL","Username":"ann","UserAttributes":[{"Name":"name","Value":"\u0000"}]}`},
		"AdminDeleteUserAttributes": {`{"UserPoolId":"POOL","Username":"ann","UserAttributeNames":["email"]}`},
		"AdminGetUser":              {`{"UserPoolId":"POOL","Username":"ann"}`, ``, `null`, `[]`, `"x"`, `{`},
		"AdminDeleteUser":           {`{"UserPoolId":"POOL","Username":"ann"}`},
		"ListUsers":                 {`{"UserPoolId":"POOL","Filter":"email ^= \"a\"","Limit":1}`, `{"UserPoolId":"POOL","PaginationToken":"MTg0NDY3NDQwNzM3MDk1NTE2MTUvdXNlcnMg"}`},
	} {
		for _, body := range bodies {
			f.Add(operation, body)
		}
	}
	f.Fuzz(func(t *testing.T, operation, body string) {
		s, ids := lived(t)
		rec := post(s, operation, ids.Replace(body))
		if !utf8.Valid(rec.Body.Bytes()) || !json.Valid(rec.Body.Bytes()) {
			t.Fatalf("the answer is not JSON: %q", rec.Body)
		}
		if rec.Code == http.StatusOK {
			return
		}
		var e struct {
			Type    string `json:"__type"`
			Message string `json:"message"`
		}
		if err := json.Unmarshal(rec.Body.Bytes(), &e); err != nil || !slices.Contains([]int{400, 413}, rec.Code) || e.Type == "" || e.Message == "" {
			t.Errorf("%d %s", rec.Code, rec.Body)
		}
	})
}

// A user that was once created is found by every key the pool has for it, whatever is written.
func FuzzAttributes(f *testing.F) {
	f.Add("email", "a@b", "email_verified", "true")
	f.Add("email", "", "preferred_username", "ann")
	f.Add("phone_number", "+1", "phone_number", "")
	f.Add("custom:n", "7", "sub", "x")
	f.Fuzz(func(t *testing.T, name1, value1, name2, value2 string) {
		s, ids := lived(t)
		pool := ids.Replace("POOL")
		call := func(operation string, in any) *httptest.ResponseRecorder {
			body, err := json.Marshal(in)
			if err != nil {
				t.Fatal(err)
			}
			return post(s, operation, string(body))
		}
		type pair struct{ Name, Value string }
		call("AdminConfirmSignUp", map[string]any{"UserPoolId": pool, "Username": "ann"})
		call("AdminUpdateUserAttributes", map[string]any{"UserPoolId": pool, "Username": "ann", "UserAttributes": []pair{{name1, value1}, {name2, value2}}})
		var user struct {
			Username       string
			UserAttributes []pair
		}
		if err := json.Unmarshal(call("AdminGetUser", map[string]any{"UserPoolId": pool, "Username": "ann"}).Body.Bytes(), &user); err != nil {
			t.Fatal(err)
		}
		own := map[string]string{}
		for _, a := range user.UserAttributes {
			if _, twice := own[a.Name]; twice || a.Value == "" || len(a.Value) > 2048 {
				t.Errorf("attributes %v", user.UserAttributes)
			}
			own[a.Name] = a.Value
		}
		keys := []string{own["sub"], own["preferred_username"]}
		if own["email_verified"] == "true" {
			keys = append(keys, own["email"])
		}
		for _, key := range keys {
			if rec := call("AdminGetUser", map[string]any{"UserPoolId": pool, "Username": key}); key != "" && wellFormed(key) && !strings.Contains(rec.Body.String(), own["sub"]) {
				t.Errorf("not found by %q: %s", key, rec.Body)
			}
		}
	})
}

// wellFormed tells whether a value can be given as a user name at all.
func wellFormed(name string) bool {
	return len([]rune(name)) <= 128 && !strings.ContainsFunc(name, func(r rune) bool { return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789@.+-_", r) })
}

// Whatever comes to the control surface is carried out or refused, and what is switched on is told as it can be set.
func FuzzLocal(f *testing.F) {
	for route, bodies := range map[string][]string{
		"POST /_local/federated": {`{"pool":"POOL","provider":"Google","id":"1","attributes":{"email":"a@b","custom:n":"2"}}`, `{"pool":"POOL","client":"CLIENT","provider":"\ud800","id":"` + "\u0000" + `"}`, `{"attributes":null}`},
		"PUT /_local/cognito":    {`{"listLag":"5s","listScan":1,"quotas":"aws"}`, `{"quotas":{"UserList":1e-300}}`, `{"quotas":null}`, `{"listLag":"-0s"}`},
	} {
		for _, body := range bodies {
			f.Add(route, body)
		}
	}
	f.Fuzz(func(t *testing.T, route, body string) {
		s, ids := lived(t)
		if _, ok := s.Wire().Local[route]; !ok {
			return
		}
		if status, answer := local(s, route, ids.Replace(body)); status >= http.StatusInternalServerError {
			t.Errorf("broke: %d %s", status, answer)
		}
		_, told := local(s, "GET /_local/cognito", "")
		if status, answer := local(s, "PUT /_local/cognito", told); status != http.StatusNoContent {
			t.Errorf("told %s, which is refused: %d %s", told, status, answer)
		}
		if _, again := local(s, "GET /_local/cognito", ""); again != told {
			t.Errorf("told as %s, then as %s", told, again)
		}
	})
}
