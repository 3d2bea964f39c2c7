package presignup_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/postconfirm/postconfirm/trigger/presignup"
	"github.com/postconfirm/postconfirm/trigger/presignup/policyfile"
)

var update = flag.Bool("update", false, "write the golden files anew")

type object map[string]any

// staff is the policy of most tests: example.com is let in and verified, a few are kept out.
const staff = `version: 1
deny:
  - { name: throwaway, domains: [mailinator.com, "пример.example"], sources: [SignUp, ExternalProvider] }
confirm:
  - { name: staff, domains: [example.com, "*.corp.example.com", "xn--bcher-kva.example"], verify: [email, phone_number] }
`

func policy(t testing.TB, text string) *presignup.Policy {
	t.Helper()
	p, err := policyfile.Parse("policy.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// event is a sign-up as Cognito tells it; top replaces or removes (nil) members, own are the user attributes.
func event(top object, own object) []byte {
	all := object{
		"version": "1", "region": "eu-west-1", "userPoolId": "eu-west-1_Ab12cd34E", "userName": "6f9c4f9e-0a1b-4c2d-8e3f-112233445566",
		"callerContext": object{"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "4k2"}, "triggerSource": "PreSignUp_SignUp",
		"request":  object{"userAttributes": own, "validationData": nil},
		"response": object{"autoConfirmUser": false, "autoVerifyEmail": false, "autoVerifyPhone": false},
	}
	for key, value := range top {
		if all[key] = value; value == nil {
			delete(all, key)
		}
	}
	return encode(all)
}

func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func with(email string) object { return object{"email": email} }

// pool is a guard that knows who holds what, and can fail on command.
type pool struct {
	held map[string]presignup.Holder // by "attribute=value"
	fail func(ctx context.Context, attribute string) error

	mu    sync.Mutex
	asked []string
}

func (p *pool) Holder(ctx context.Context, pool, attribute, value string) (presignup.Holder, error) {
	p.mu.Lock()
	p.asked = append(p.asked, pool+" "+attribute+"="+value)
	p.mu.Unlock()
	if p.fail != nil {
		if err := p.fail(ctx, attribute); err != nil {
			return presignup.Nobody, err
		}
	}
	return p.held[attribute+"="+value], nil
}

// log keeps the lines.
type log struct {
	mu sync.Mutex
	bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(b)
}

// last is the last line, decoded.
func (l *log) last(t testing.TB) map[string]any {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := bytes.Split(bytes.TrimSpace(l.Bytes()), []byte("\n"))
	var line map[string]any
	if err := json.Unmarshal(lines[len(lines)-1], &line); err != nil {
		t.Fatalf("%v: %s", err, lines[len(lines)-1])
	}
	return line
}

// response reads the flags that go back to Cognito.
func response(t testing.TB, answer []byte) map[string]bool {
	t.Helper()
	var e struct{ Response map[string]bool }
	if err := json.Unmarshal(answer, &e); err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(e.Response, func(_ string, is bool) bool { return !is })
	return e.Response
}

func golden(t *testing.T, name string, got []byte) []byte {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return want
}
