package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// The headers of Standard Webhooks.
const (
	HeaderID        = "Webhook-Id"
	HeaderTimestamp = "Webhook-Timestamp"
	HeaderSignature = "Webhook-Signature"
)

// The bounds of a signing secret, in bytes before base64 (Standard Webhooks, "Signature scheme": 192 to 512 bits).
const (
	minSecret = 24
	maxSecret = 64

	secretPrefix = "whsec_"
)

// key signs for one secret.
type key []byte

// newKey reads a secret as it is handed out; line ends in it, which files like to add, are nothing. Its errors never
// show it.
func newKey(text string) (key, error) {
	encoded, found := strings.CutPrefix(text, secretPrefix)
	if !found {
		return nil, fmt.Errorf("a signing secret begins with %s", secretPrefix)
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("what follows %s is no base64", secretPrefix)
	}
	if len(raw) < minSecret || len(raw) > maxSecret {
		return nil, fmt.Errorf("a signing secret has %d to %d bytes before base64", minSecret, maxSecret)
	}
	return raw, nil
}

// sign is one entry of the signature header.
func (k key) sign(id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, k)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// keys are those that sign this call: the secret, and the one before it if there is one.
func (s *step) keys(ctx context.Context, vars expr.Vars) ([]key, error) {
	current, _, err := secret(ctx, vars, "secret", s.config.Secret)
	if err != nil {
		return nil, err
	}
	if current == nil {
		return nil, refused(CodeNoCredential, "secret", errors.New("it is null or empty"))
	}
	all := []key{current}
	if s.config.Previous == nil {
		return all, nil
	}
	previous, given, err := secret(ctx, vars, "previous-secret", s.config.Previous)
	if err != nil {
		return nil, err
	}
	if given {
		all = append(all, previous)
	}
	return all, nil
}

func secret(ctx context.Context, vars expr.Vars, field string, t *expr.Template) (k key, given bool, err error) {
	text, _, err := t.EvalString(ctx, vars)
	if err != nil {
		return nil, false, refused(CodeBadValue, field, err)
	}
	if text == "" {
		return nil, false, nil
	}
	if k, err = newKey(text); err != nil {
		return nil, false, unusable(field, err)
	}
	return k, true, nil
}

// unusable is a secret that can't sign. It is the same for every user and no fault of theirs, so it is like a refused
// key or a missing permission: nobody is charged, and all go on when somebody has mended it.
func unusable(field string, err error) error {
	return &enrich.Error{Kind: enrich.Denied, Code: CodeBadSecret, Err: fmt.Errorf("%s: %w", field, err)}
}

// signed are the headers that say what this is, when it was sent, and by whom. The id must have no ".": it would let one
// signature stand for two messages.
func signed(id string, now time.Time, body []byte, keys []key) (http.Header, error) {
	if id == "" || strings.ContainsAny(id, ". ") {
		return nil, refused(CodeBadValue, "webhook-id", errors.New("the effect key is empty, or has a full stop or a blank in it"))
	}
	timestamp := strconv.FormatInt(now.Unix(), 10)
	signatures := make([]string, len(keys))
	for i, k := range keys {
		signatures[i] = k.sign(id, timestamp, body)
	}
	return http.Header{HeaderID: {id}, HeaderTimestamp: {timestamp}, HeaderSignature: {strings.Join(signatures, " ")}}, nil
}
