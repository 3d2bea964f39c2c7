// Package oauth gets and keeps the access tokens of connectors (RFC 6749): by client credentials, and by a signed
// assertion (RFC 7523).
//
// [Tokens] promises: a token is fetched through the same bounded client as everything else, once for all who need it at
// the same time, and kept until shortly before it expires; a request that is refused with 401 is made once more with a
// new token, and then the refusal stands; whoever waits for a token can stop waiting; neither a token nor a secret is in
// an error.
//
// A failure to get a token is never a permanent one: who we are is nobody's user's fault. It is denied (mended by
// somebody, charged to nobody), throttled or temporary, its code begins with "token_", and nothing counts as sent.
//
// It refuses refresh tokens, browsers and disks: tokens are in memory, and a restart fetches new ones.
package oauth

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
)

// The bounds of tokens and of their number.
const (
	// DefaultLife is how long a token is kept whose vendor does not say when it expires.
	DefaultLife = 10 * time.Minute
	// MaxLife is the longest that a token is kept, whatever its vendor says.
	MaxLife = 24 * time.Hour
	// MaxGrants is how many different tokens are kept at once. One more, and another is forgotten.
	MaxGrants = 64

	margin    = time.Minute // before its end a token is not used any more; of a short life a tenth
	maxAnswer = 64 << 10    // bytes of a token endpoint's answer
)

// Token is an access token.
type Token struct {
	Value enrich.Secret
	// Instance is the "instance_url" of the answer: where Salesforce wants the token to be used. It is what a vendor
	// said, unchecked; "" when nothing was said.
	Instance string
}

// Options are the settings of Tokens. Nil and zero values mean the defaults.
type Options struct {
	// Now is the clock that tokens expire by. Default: time.Now.
	Now func() time.Time
}

// Tokens keeps tokens, by grant. It is safe for concurrent use; one for all steps of a kind is enough.
type Tokens struct {
	client *connect.Client
	now    func() time.Time
	mu     sync.Mutex
	kept   map[fingerprint]*place
}

// New makes an empty store that fetches through client.
func New(client *connect.Client, o *Options) *Tokens {
	t := &Tokens{client: client, now: time.Now, kept: map[fingerprint]*place{}}
	if o != nil && o.Now != nil {
		t.now = o.Now
	}
	return t
}

// Do makes a request that needs a token. request makes it, and makes it again with the new token if the first one is
// answered with 401. Errors are *enrich.Error or whatever request returned; an answer with any status is no error, as
// with connect.Client.Do.
func (t *Tokens) Do(ctx context.Context, g Grant, request func(Token) (connect.Request, error)) (*connect.Response, error) {
	first, err := t.token(ctx, g, nil)
	if err != nil {
		return nil, err
	}
	response, err := t.send(ctx, first, request)
	if err != nil || response.Status != http.StatusUnauthorized {
		return response, err
	}
	second, err := t.token(ctx, g, first)
	if err != nil {
		return nil, err
	}
	return t.send(ctx, second, request)
}

func (t *Tokens) send(ctx context.Context, with *held, request func(Token) (connect.Request, error)) (*connect.Response, error) {
	r, err := request(with.token)
	if err != nil {
		return nil, err
	}
	return t.client.Do(ctx, r)
}

// held is a token and until when it is good.
type held struct {
	token Token
	until time.Time
}

// place is where the token of one grant is kept. Who has the turn may change it.
type place struct {
	turn    chan struct{} // of one
	held    *held
	fetches atomic.Int64  // that ended for a reason of the vendor's
	failure *enrich.Error // of the last of them; nil after a success
}

// token gives the token of a grant, other than refused.
func (t *Tokens) token(ctx context.Context, g Grant, refused *held) (*held, error) {
	p := t.place(g.fingerprint())
	before := p.fetches.Load()
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, gone(ctx)
	}
	switch {
	case p.held != nil && p.held != refused && t.now().Before(p.held.until):
		return p.held, nil
	case p.failure != nil && p.fetches.Load() > before:
		return nil, p.failure // what the one before us was told while we waited
	}
	fresh, failure := t.fetch(ctx, g)
	if ctx.Err() == nil { // else it was the caller who ended it, and the next one may ask
		p.failure = failure
		p.fetches.Add(1)
	}
	if failure != nil {
		return nil, failure
	}
	p.held = fresh
	return fresh, nil
}

// gone is the failure of one who could not wait for somebody else's fetch.
func gone(ctx context.Context) *enrich.Error {
	code := connect.CodeCanceled
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		code = connect.CodeTimeout
	}
	return &enrich.Error{Kind: enrich.Temporary, Code: "token_" + code, Err: ctx.Err()}
}

// place finds or makes the place of a grant. When there are too many, any other one goes: whoever uses it goes on with it.
func (t *Tokens) place(name fingerprint) *place {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p, ok := t.kept[name]; ok {
		return p
	}
	for other := range t.kept {
		if len(t.kept) < MaxGrants {
			break
		}
		delete(t.kept, other)
	}
	p := &place{turn: make(chan struct{}, 1)}
	t.kept[name] = p
	return p
}
