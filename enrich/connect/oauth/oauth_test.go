package oauth_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/oauth"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "canary-secret"

func endpoint() *url.URL { return &url.URL{Scheme: "http", Host: "login.example.com", Path: "/token"} }

func client() oauth.ClientCredentials {
	return oauth.ClientCredentials{Endpoint: endpoint(), ID: "id", Secret: enrich.NewSecret(secret)}
}

// world is a vendor whose /token has a script of its own, and a store, in a bubble.
type world struct {
	vendor *pretend.Vendor
	tokens *oauth.Tokens
}

func in(t *testing.T, tokens []pretend.Answer, test func(t *testing.T, w *world), script ...pretend.Answer) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		vendor := pretend.New(script...)
		defer vendor.Close()
		vendor.When(isToken, tokens...)
		c := connect.NewClient(&connect.Options{Dial: vendor.Dial})
		defer c.Close()
		test(t, &world{vendor, oauth.New(c, nil)})
	})
}

func isToken(r pretend.Request) bool { return r.Target == "/token" }

func granted(token string, more string) pretend.Answer {
	return pretend.JSON(200, fmt.Sprintf(`{"access_token":%q%s}`, token, more))
}

func (w *world) do(ctx context.Context, g oauth.Grant) (*connect.Response, error) {
	return w.tokens.Do(ctx, g, func(token oauth.Token) (connect.Request, error) {
		return connect.Request{URL: &url.URL{Scheme: "http", Host: "api.example.com", Path: "/"},
			Header: http.Header{"Authorization": {"Bearer " + token.Value.Reveal()}}}, nil
	})
}

// fetched are the requests for tokens so far.
func (w *world) fetched() (all []pretend.Request) {
	for _, r := range w.vendor.Seen() {
		if isToken(r) {
			all = append(all, r)
		}
	}
	return all
}

func TestATokenIsKeptUntilShortlyBeforeItExpires(t *testing.T) {
	for name, test := range map[string]struct {
		more       string
		used, past time.Duration // the token is still used after, and not any more after
	}{
		"an hour":                     {`,"expires_in":3600`, 58 * time.Minute, 59*time.Minute + time.Second},
		"an hour, in quotes":          {`,"expires_in":"3600"`, 58 * time.Minute, 59*time.Minute + time.Second},
		"a minute":                    {`,"expires_in":60.0`, 50 * time.Second, 55 * time.Second},
		"nothing said":                {``, 8 * time.Minute, 10 * time.Minute},
		"nothing that is a number":    {`,"expires_in":"NaN"`, 8 * time.Minute, 10 * time.Minute},
		"a thousand years":            {`,"expires_in":31536000000`, 23 * time.Hour, 24 * time.Hour},
		"more than a number can hold": {`,"expires_in":1e300`, 23 * time.Hour, 24 * time.Hour},
		"the past":                    {`,"expires_in":-5`, -1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, []pretend.Answer{granted("one", test.more), granted("two", test.more)}, func(t *testing.T, w *world) {
				began := time.Now()
				for _, at := range []time.Duration{0, test.used} {
					if time.Sleep(time.Until(began.Add(at))); at < 0 {
						continue
					}
					if _, err := w.do(t.Context(), client()); err != nil {
						t.Fatal(err)
					}
				}
				if n := len(w.fetched()); n != 1 {
					t.Errorf("%d tokens were fetched", n)
				}
				time.Sleep(time.Until(began.Add(test.past)))
				if _, err := w.do(t.Context(), client()); err != nil || len(w.fetched()) != 2 {
					t.Errorf("%v with %d tokens after %v", err, len(w.fetched()), test.past)
				}
			})
		})
	}
}

func TestManyWaitForOneFetch(t *testing.T) {
	crowd := func(t *testing.T, w *world, each func(i int, err error)) {
		var calls sync.WaitGroup
		for i := range 32 {
			calls.Go(func() {
				_, err := w.do(t.Context(), client())
				each(i, err)
			})
		}
		calls.Wait()
	}
	t.Run("and get its token", func(t *testing.T) {
		in(t, []pretend.Answer{pretend.Delayed(time.Second, granted("one", ""))}, func(t *testing.T, w *world) {
			crowd(t, w, func(i int, err error) {
				if err != nil {
					t.Error(i, err)
				}
			})
			if n := len(w.fetched()); n != 1 {
				t.Errorf("%d tokens were fetched", n)
			}
		})
	})
	t.Run("and get its failure", func(t *testing.T) {
		in(t, []pretend.Answer{pretend.Delayed(time.Second, pretend.JSON(503, ""))}, func(t *testing.T, w *world) {
			crowd(t, w, func(i int, err error) {
				if e := enrich.Failure(err); e.Code != "token_http_503" || e.Kind != enrich.Temporary {
					t.Error(i, err)
				}
			})
			if n := len(w.fetched()); n != 1 {
				t.Errorf("a token endpoint that is down was asked %d times", n)
			}
		})
	})
	t.Run("but not for one whose caller leaves", func(t *testing.T) {
		in(t, []pretend.Answer{pretend.Hang(), granted("one", "")}, func(t *testing.T, w *world) {
			short, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			var calls sync.WaitGroup
			calls.Go(func() {
				if _, err := w.do(short, client()); enrich.Failure(err).Code != "token_timeout" {
					t.Error(err)
				}
			})
			synctest.Wait()
			calls.Go(func() {
				if _, err := w.do(short, client()); enrich.Failure(err).Code != "token_timeout" || enrich.Failure(err).Sent {
					t.Error(err)
				}
			})
			calls.Go(func() {
				if _, err := w.do(t.Context(), client()); err != nil {
					t.Error(err)
				}
			})
			calls.Wait()
		})
	})
}

func TestA401IsAnsweredWithOneNewToken(t *testing.T) {
	no := pretend.JSON(401, "{}")
	t.Run("and the call goes on", func(t *testing.T) {
		in(t, []pretend.Answer{granted("one", ""), granted("two", "")}, func(t *testing.T, w *world) {
			response, err := w.do(t.Context(), client())
			if err != nil || response.Status != 200 || len(w.fetched()) != 2 || len(w.vendor.Seen()) != 4 {
				t.Errorf("%v with %d tokens", err, len(w.fetched()))
			}
		}, no, pretend.JSON(200, "{}"))
	})
	t.Run("and the second 401 stands", func(t *testing.T) {
		in(t, []pretend.Answer{granted("one", "")}, func(t *testing.T, w *world) {
			response, err := w.do(t.Context(), client())
			if err != nil || response.Status != 401 || len(w.fetched()) != 2 || len(w.vendor.Seen()) != 4 {
				t.Errorf("%v with %d tokens", err, len(w.fetched()))
			}
		}, no)
	})
}

func TestAFailureToGetATokenIsNobodysFault(t *testing.T) {
	for name, test := range map[string]struct {
		answer pretend.Answer
		kind   enrich.FailureKind
		code   string
	}{
		"a client that is not known":   {pretend.JSON(401, `{"error":"invalid_client"}`), enrich.Denied, "token_invalid_client"},
		"a grant that is not good":     {pretend.JSON(400, `{"error":"invalid_grant","error_description":"`+secret+`"}`), enrich.Denied, "token_invalid_grant"},
		"an error in words of its own": {pretend.JSON(400, `{"error":"`+secret+`"}`), enrich.Denied, "token_http_400"},
		"forbidden":                    {pretend.JSON(403, ""), enrich.Denied, "token_forbidden"},
		"another place":                {pretend.JSON(404, ""), enrich.Denied, "token_http_404"},
		"a redirect":                   {pretend.Redirect(302, "http://evil.example.com/"), enrich.Denied, "token_redirect"},
		"too many":                     {pretend.JSON(429, ""), enrich.Throttled, "token_http_429"},
		"a gateway":                    {pretend.JSON(502, ""), enrich.Temporary, "token_http_502"},
		"a reset":                      {pretend.ResetRead(), enrich.Temporary, "token_reset"},
		"a page for people":            {pretend.Reply(200, http.Header{"Content-Type": {"text/html"}}, "<html>"), enrich.Denied, "token_not_json"},
		"JSON that stops":              {pretend.JSON(200, `{"access_`), enrich.Temporary, "token_body_truncated"},
		"a long answer":                {pretend.JSON(200, `"`+strings.Repeat("a", 65<<10)+`"`), enrich.Denied, "token_body_too_large"},
		"no token":                     {pretend.JSON(200, `{}`), enrich.Denied, "token_not_given"},
		"an empty token":               {granted("", ""), enrich.Denied, "token_not_given"},
		"a token with a line end":      {granted("a\r\nb", ""), enrich.Denied, "token_not_given"},
		"a token with a blank":         {granted("a b", ""), enrich.Denied, "token_not_given"},
		"a token of another type":      {granted("a", `,"token_type":"mac"`), enrich.Denied, "token_not_given"},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, []pretend.Answer{test.answer}, func(t *testing.T, w *world) {
				_, err := w.do(t.Context(), client())
				var e *enrich.Error
				if !errors.As(err, &e) || e.Kind != test.kind || e.Code != test.code || e.Sent || len(w.vendor.Seen()) != 1 {
					t.Errorf("got %+v after %d requests", err, len(w.vendor.Seen()))
				}
				if text := fmt.Sprintf("%+v %#v", err, err); strings.Contains(text, secret) || strings.Contains(text, "/token") {
					t.Errorf("the error shows too much: %s", text)
				}
			})
		})
	}
}

func TestClientCredentialsAsTheRFCWritesThem(t *testing.T) {
	g := client()
	g.ID, g.Secret, g.Scope, g.Audience = "my:id", enrich.NewSecret("a+b c"), "read write", "https://api.example.com"
	for name, test := range map[string]struct {
		inBody       bool
		header, body string
	}{
		"in a header": {false, "Basic " + base64.StdEncoding.EncodeToString([]byte("my%3Aid:a%2Bb+c")),
			"audience=https%3A%2F%2Fapi.example.com&grant_type=client_credentials&scope=read+write"},
		"in the form": {true, "", "audience=https%3A%2F%2Fapi.example.com&client_id=my%3Aid&client_secret=a%2Bb+c&grant_type=client_credentials&scope=read+write"},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, []pretend.Answer{granted("one", `,"token_type":"BEARER"`)}, func(t *testing.T, w *world) {
				g.InBody = test.inBody
				if _, err := w.do(t.Context(), g); err != nil {
					t.Fatal(err)
				}
				r := w.fetched()[0]
				if r.Method != "POST" || string(r.Body) != test.body || r.Header.Get("Authorization") != test.header ||
					r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
					t.Errorf("%s %v %s", r.Method, r.Header, r.Body)
				}
			})
		})
	}
}

func TestDifferentGrantsHaveDifferentTokens(t *testing.T) {
	in(t, []pretend.Answer{granted("one", "")}, func(t *testing.T, w *world) {
		grants := []oauth.ClientCredentials{client(), client(), client(), client(), client()}
		grants[1].Secret = enrich.NewSecret("rotated")
		grants[2].Scope = "s"
		grants[3].Audience = "s"
		grants[4].InBody = true
		for range 2 {
			for _, g := range grants {
				if _, err := w.do(t.Context(), g); err != nil {
					t.Fatal(err)
				}
			}
		}
		if n := len(w.fetched()); n != len(grants) {
			t.Errorf("%d grants fetched %d tokens", len(grants), n)
		}
		for i := range 3 * oauth.MaxGrants {
			g := client()
			g.ID = fmt.Sprint(i)
			if _, err := w.do(t.Context(), g); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestAJWTIsSignedAndShort(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"PKCS 8": {Type: "PRIVATE KEY", Bytes: pkcs8}, "PKCS 1": {Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, []pretend.Answer{granted("one", `,"instance_url":"https://a.my.salesforce.com"`)}, func(t *testing.T, w *world) {
				g := oauth.JWTBearer{Endpoint: endpoint(), Issuer: "client", Subject: "me@example.com", Audience: "https://login.salesforce.com",
					Key: enrich.NewSecret(string(pem.EncodeToMemory(block)))}
				if _, err := w.do(t.Context(), g); err != nil {
					t.Fatal(err)
				}
				form, err := url.ParseQuery(string(w.fetched()[0].Body))
				if err != nil || form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
					t.Fatalf("%v %v", form, err)
				}
				checkJWT(t, &key.PublicKey, form.Get("assertion"))
			})
		})
	}
}

func checkJWT(t *testing.T, key *rsa.PublicKey, assertion string) {
	t.Helper()
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		t.Fatalf("%d parts", len(parts))
	}
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.DecodeString(part); err != nil {
			t.Fatal(err)
		}
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], decoded[2]); err != nil {
		t.Error(err)
	}
	var header struct{ Alg string }
	var claims struct {
		Iss, Sub, Aud string
		Exp           int64
	}
	if err := errors.Join(json.Unmarshal(decoded[0], &header), json.Unmarshal(decoded[1], &claims)); err != nil || header.Alg != "RS256" {
		t.Errorf("%v %+v", err, header)
	}
	if claims.Iss != "client" || claims.Sub != "me@example.com" || claims.Aud != "https://login.salesforce.com" ||
		claims.Exp <= time.Now().Unix() || claims.Exp > time.Now().Add(3*time.Minute).Unix() {
		t.Errorf("%+v", claims)
	}
}

func TestABadKeyIsDeniedAndNotShown(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"no PEM": secret, "no key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte(secret)})), "nothing": "",
		"a small one": string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(small)})),
	} {
		t.Run(name, func(t *testing.T) {
			in(t, nil, func(t *testing.T, w *world) {
				_, err := w.do(t.Context(), oauth.JWTBearer{Endpoint: endpoint(), Key: enrich.NewSecret(text)})
				if e := enrich.Failure(err); e.Kind != enrich.Denied || e.Code != oauth.CodeKey || e.Sent || strings.Contains(err.Error(), secret) {
					t.Errorf("got %+v", err)
				}
				if len(w.vendor.Seen()) != 0 {
					t.Error("the vendor was asked")
				}
			})
		})
	}
}
