package oauth

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
)

// Grant is a way to get a token: ClientCredentials or JWTBearer.
type Grant interface {
	// request asks for a token now. Its error is an *enrich.Error.
	request(now time.Time) (connect.Request, error)
	// fingerprint is the same for the same grant, and tells nothing about it.
	fingerprint() fingerprint
}

type fingerprint [sha256.Size]byte

// fingerprintOf hashes texts so that no two lists of texts are alike.
func fingerprintOf(texts ...string) fingerprint {
	var all []byte
	for _, text := range texts {
		all = append(strconv.AppendInt(all, int64(len(text)), 10), ':')
		all = append(all, text...)
	}
	return sha256.Sum256(all)
}

// ClientCredentials is the grant of RFC 6749, section 4.4: an id and a secret.
type ClientCredentials struct {
	Endpoint *url.URL // of tokens; https, but for tests
	ID       string
	Secret   enrich.Secret
	Scope    string // optional: names with blanks between them
	Audience string // optional: some vendors want to know what the token is for
	// InBody sends id and secret in the form, for vendors that don't take them as basic authorization, which RFC 6749,
	// section 2.3.1, makes the rule.
	InBody bool
}

func (g ClientCredentials) fingerprint() fingerprint {
	return fingerprintOf("client", g.Endpoint.String(), g.ID, g.Secret.Reveal(), g.Scope, g.Audience, strconv.FormatBool(g.InBody))
}

func (g ClientCredentials) request(time.Time) (connect.Request, error) {
	form := url.Values{"grant_type": {"client_credentials"}}
	if g.Scope != "" {
		form.Set("scope", g.Scope)
	}
	if g.Audience != "" {
		form.Set("audience", g.Audience)
	}
	if g.InBody {
		form.Set("client_id", g.ID)
		form.Set("client_secret", g.Secret.Reveal())
	}
	r := post(g.Endpoint, form)
	if !g.InBody {
		// The section has both escaped as in a form before they are joined: a colon in the id is no separator.
		pair := url.QueryEscape(g.ID) + ":" + url.QueryEscape(g.Secret.Reveal())
		r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
	}
	return r, nil
}

func post(to *url.URL, form url.Values) connect.Request {
	return connect.Request{Method: http.MethodPost, URL: to, Body: []byte(form.Encode()), Header: http.Header{
		"Accept": {"application/json"}, "Content-Type": {"application/x-www-form-urlencoded"}}}
}

// JWTBearer is the grant of RFC 7523: an assertion signed with RS256. Salesforce calls it the JWT bearer flow and takes
// no other algorithm ("OAuth 2.0 JWT Bearer Flow for Server-to-Server Integration", Salesforce Help).
type JWTBearer struct {
	Endpoint *url.URL // of tokens; https, but for tests
	Issuer   string   // the client id
	Subject  string   // the user that the token is for
	Audience string   // the authorization server: https://login.salesforce.com
	// Key is a private RSA key of 2048 bits or more, as PEM: PKCS #8 or PKCS #1, not encrypted. It never leaves.
	Key enrich.Secret
}

// assertionLife is how long an assertion is good: Salesforce refuses more than three minutes, and clocks differ.
const assertionLife = 2 * time.Minute

func (g JWTBearer) fingerprint() fingerprint {
	return fingerprintOf("jwt", g.Endpoint.String(), g.Issuer, g.Subject, g.Audience, g.Key.Reveal())
}

func (g JWTBearer) request(now time.Time) (connect.Request, error) {
	assertion, err := g.assertion(now)
	if err != nil {
		return connect.Request{}, &enrich.Error{Kind: enrich.Denied, Code: CodeKey, Err: err}
	}
	return post(g.Endpoint, url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}}), nil
}

func (g JWTBearer) assertion(now time.Time) (string, error) {
	key, err := privateKey(g.Key)
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{"iss": g.Issuer, "sub": g.Subject, "aud": g.Audience, "exp": now.Add(assertionLife).Unix()})
	if err != nil {
		return "", errors.New("the claims are no JSON")
	}
	plain := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(claims)
	digest := sha256.Sum256([]byte(plain))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		return "", errors.New("the private key can't sign")
	}
	return plain + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// privateKey reads a key. Its errors say nothing about what was read.
func privateKey(text enrich.Secret) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text.Reveal()))
	if block == nil {
		return nil, errors.New("the private key is no PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	switch {
	case err != nil || !ok:
		return nil, errors.New("the private key is no RSA key in PKCS #8 or PKCS #1")
	case key.N.BitLen() < 2048:
		return nil, errors.New("the private key has less than 2048 bits")
	}
	return key, nil
}
