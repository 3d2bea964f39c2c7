package enrichtest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/enrichtest"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// crm is a connector that makes three requests: for a token, for an account, and the effect. With a sin it does one
// thing wrong that authors of connectors do.
type crm struct {
	base   string
	client *connect.Client
	sin    string
	shared *shared
}

// shared is what a crm remembers between calls.
type shared struct {
	turn  chan struct{} // of one, in place of a mutex: the bubble's clock goes on while somebody waits for it
	token string
	count int
}

func (c *crm) Class() enrich.Class {
	switch c.sin {
	case "claims to read":
		return enrich.Read
	case "claims to verify":
		return enrich.Verifiable
	}
	return enrich.Keyed
}

func (c *crm) Run(ctx context.Context, call enrich.Call) (enrich.Result, error) {
	if c.sin == "ignores the cancellation" {
		ctx = context.WithoutCancel(ctx)
	}
	email := call.Vars["user"].(map[string]any)["email"].(string)
	token, err := c.token(ctx, "", call)
	if err != nil {
		return nil, c.spoil(err, email)
	}
	account, err := c.ask(ctx, connect.Request{URL: c.url("/account?of=" + url.QueryEscape(email)), Header: bearer(token)})
	if err != nil && c.sin != "writes without its look-up" {
		return nil, c.spoil(before(err), email)
	}
	return c.effect(ctx, call, token, account, email)
}

// before marks a failure of what came before the effect: that was not sent.
func before(err error) error {
	e := *enrich.Failure(err)
	e.Sent, e.Refused = false, false
	return &e
}

func (s *shared) lock()   { s.turn <- struct{}{} }
func (s *shared) unlock() { <-s.turn }

func (c *crm) token(ctx context.Context, old string, call enrich.Call) (string, error) {
	c.shared.lock()
	token := c.shared.token
	if c.sin != "fetches a token for each caller" {
		defer c.shared.unlock()
	} else {
		c.shared.unlock()
	}
	if token != "" && token != old && c.sin != "keeps no token" {
		return token, nil
	}
	secret := call.Vars["secrets"].(map[string]any)["SECRET"].(string)
	response, err := c.client.Do(ctx, connect.Request{Method: "POST", URL: c.url("/token"), Body: []byte("secret=" + secret)})
	if err == nil && response.Failure() != nil {
		err = response.Failure()
	}
	if err != nil {
		return "", mendable(err)
	}
	body, err := response.JSON()
	if err != nil {
		return "", mendable(err)
	}
	answer, _ := body.(map[string]any)
	fresh, ok := answer["access_token"].(string)
	if !ok || connect.CheckHeaderValue(fresh) != nil {
		return "", &enrich.Error{Kind: enrich.Denied, Code: "no_token"}
	}
	if c.sin == "fetches a token for each caller" {
		c.shared.lock()
		defer c.shared.unlock()
	}
	c.shared.token = fresh
	return fresh, nil
}

// mendable makes nobody pay for a token that was not given.
func mendable(err error) error {
	e := *enrich.Failure(err)
	if e.Kind == enrich.Permanent {
		e.Kind = enrich.Denied
	}
	return before(&e)
}

func (c *crm) ask(ctx context.Context, r connect.Request) (map[string]any, error) {
	response, err := c.client.Do(ctx, r)
	if err != nil {
		return nil, err
	}
	if e := response.Failure(); e != nil {
		return nil, e
	}
	body, err := response.JSON()
	answer, _ := body.(map[string]any)
	return answer, err
}

func (c *crm) effect(ctx context.Context, call enrich.Call, token string, account map[string]any, email string) (enrich.Result, error) {
	key := call.EffectKey
	c.shared.lock()
	c.shared.count++
	switch c.sin {
	case "makes up a key for each try":
		key = fmt.Sprint("key-", c.shared.count)
	case "has one key for all":
		key = "key"
	case "makes a key of the mail":
		key += email
	}
	c.shared.unlock()
	body, _ := json.Marshal(map[string]any{"email": email, "account": account["id"]})
	request := connect.Request{Method: "POST", URL: c.url("/contacts"), Body: body, Header: bearer(token)}
	request.Header.Set("Idempotency-Key", key)
	response, err := c.client.Do(ctx, request)
	if c.sin == "sends an effect again after a reset" && err != nil && enrich.Failure(err).Code == connect.CodeReset {
		response, err = c.client.Do(ctx, request)
	}
	if c.sin == "loops on 4xx" {
		for i := 0; i < 3 && err == nil && response.Status/100 == 4; i++ {
			time.Sleep(100 * time.Millisecond)
			response, err = c.client.Do(ctx, request)
		}
	}
	for i := 0; err == nil && response.Status == http.StatusUnauthorized && (i == 0 || c.sin == "renews tokens for ever" && i < 9); i++ {
		if c.sin == "never renews a token" {
			break
		}
		if token, err = c.token(ctx, token, call); err != nil {
			return nil, c.spoil(err, email)
		}
		request.Header.Set("Authorization", "Bearer "+token)
		response, err = c.client.Do(ctx, request)
	}
	if err != nil {
		return nil, c.spoil(err, email)
	}
	if c.sin == "follows redirects" && response.Status/100 == 3 {
		if request.URL, err = url.Parse(response.Header.Get("Location")); err == nil && request.URL.Host != "" {
			response, err = c.client.Do(ctx, request)
		}
		if err != nil {
			return nil, err
		}
	}
	return c.result(response, email)
}

func (c *crm) result(response *connect.Response, email string) (enrich.Result, error) {
	if e := response.Failure(); e != nil && c.sin != "takes every answer for a success" {
		return nil, c.spoil(e, email)
	}
	body, err := response.JSON()
	if err != nil && c.sin != "takes garbage for an answer" {
		return nil, c.spoil(err, email)
	}
	answer, _ := body.(map[string]any)
	if c.sin == "trusts the shape of an answer" {
		answer = body.(map[string]any)
	}
	result := enrich.Result{"id": nil}
	if id, ok := answer["id"].(string); ok {
		result["id"] = id
	}
	switch c.sin {
	case "gives back what it does not declare":
		for key, value := range answer {
			result[key] = value
		}
	case "gives back what expressions don't know":
		result["id"] = response.Header
	case "leaves a goroutine behind":
		go func() { time.Sleep(time.Hour) }()
	}
	return result, nil
}

// spoil does with a failure what the sin says.
func (c *crm) spoil(err error, email string) error {
	e := *enrich.Failure(err)
	switch c.sin {
	case "leaks a secret in an error":
		e.Err = fmt.Errorf("for %s: %w", email, err)
	case "leaks a secret in a log":
		slog.Warn("crm: call", "of", email, "error", err.Error())
	case "ignores Retry-After":
		e.RetryAfter = 0
	case "believes any Retry-After":
		e.RetryAfter *= 48
	case "does not classify":
		return fmt.Errorf("crm: %v", err)
	case "parks users for everything":
		e.Kind = enrich.Permanent
	case "says that nothing was sent":
		e.Sent = false
	case "waits itself":
		time.Sleep(e.RetryAfter + 10*time.Second)
	case "knows no not-found":
	default:
		if e.Code == "http_404" && e.Sent {
			return enrich.ErrNotFound
		}
	}
	if e.Code == "http_404" && e.Sent && c.sin != "knows no not-found" {
		e.Kind = enrich.NotFound
	}
	return &e
}

func (c *crm) url(rest string) *url.URL {
	u, _ := url.Parse(c.base + rest)
	return u
}

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

// harness is what an author would fill in for crm.
func harness(sin string) enrichtest.Harness {
	path := func(p string) func(pretend.Request) bool {
		return func(r pretend.Request) bool { u, err := url.Parse(r.Target); return err == nil && u.Path == p }
	}
	notFound := pretend.JSON(404, "{}")
	h := enrichtest.Harness{
		New: func(_ *testing.T, base string, client *connect.Client) enrich.Connector {
			return &crm{base: base, client: client, sin: sin, shared: &shared{turn: make(chan struct{}, 1)}}
		},
		Vars:     expr.Vars{"user": map[string]any{"email": "canary.mail@example.com"}, "secrets": map[string]any{"SECRET": "canary-secret"}},
		Canaries: []string{"canary.mail@example.com", "canary-secret", "canary-access-0"},
		Found:    pretend.JSON(201, `{"id":"c-1"}`), Want: enrich.Result{"id": "c-1"}, NotFound: &notFound,
		Key:      func(r pretend.Request) string { return r.Header.Get("Idempotency-Key") },
		Statuses: map[int]enrichtest.Reading{404: {Kind: enrich.NotFound, Refused: true}},
		Tokens: &enrichtest.Tokens{Is: path("/token"), Grant: func(token string) pretend.Answer {
			return pretend.JSON(200, fmt.Sprintf(`{"access_token":%q,"expires_in":3600}`, token))
		}},
		Asides: []enrichtest.Aside{{Name: "look-up", Is: path("/account"), Answer: pretend.JSON(200, `{"id":"a-1"}`)}},
	}
	return h
}
