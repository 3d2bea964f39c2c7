package sources_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/postconfirm/postconfirm/worker/amazon/sources"
)

// vault is S3, Parameter Store and Secrets Manager, as far as they are used here.
type vault struct {
	mu      sync.Mutex
	values  map[string]string // by "s3 /bucket/key", "ssm NAME", "secretsmanager NAME"
	calls   int
	denied  bool
	gate    chan struct{} // calls wait for it, if it is there
	clear   bool          // a parameter was asked for without decryption
	clients sources.Clients
}

func newVault(t *testing.T, values map[string]string) *vault {
	t.Helper()
	v := &vault{values: values}
	server := httptest.NewServer(v)
	t.Cleanup(server.Close)
	v.clients = sources.Connect(aws.Config{Region: "eu-west-1", BaseEndpoint: aws.String(server.URL), HTTPClient: server.Client(),
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")})
	return v
}

func (v *vault) change(f func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	f()
}

func (v *vault) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if v.gate != nil {
		<-v.gate
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.calls++
	var in struct {
		Name, SecretId string
		WithDecryption bool
	}
	body, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(body, &in)
	key, missing := "s3 "+r.URL.Path, "NoSuchKey"
	switch r.Header.Get("X-Amz-Target") {
	case "AmazonSSM.GetParameter":
		key, missing = "ssm "+in.Name, "ParameterNotFound"
		v.clear = v.clear || !in.WithDecryption
	case "secretsmanager.GetSecretValue":
		key, missing = "secretsmanager "+in.SecretId, "ResourceNotFoundException"
	}
	value, ok := v.values[key]
	switch {
	case v.denied:
		v.refuse(w, key, http.StatusBadRequest, "AccessDeniedException")
	case !ok:
		v.refuse(w, key, http.StatusNotFound, missing)
	case strings.HasPrefix(key, "s3 "):
		_, _ = io.WriteString(w, value)
	case strings.HasPrefix(key, "ssm "):
		v.answer(w, map[string]any{"Parameter": map[string]any{"Name": in.Name, "Value": value}})
	default:
		v.answer(w, map[string]any{"Name": in.SecretId, "SecretString": value})
	}
}

func (v *vault) answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(body)
}

// refuse answers with an error whose message has every value in it: none of it may be seen again.
func (v *vault) refuse(w http.ResponseWriter, key string, status int, code string) {
	if strings.HasPrefix(key, "s3 ") {
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>canary</Message></Error>", code)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": "canary"})
}

func TestADocument(t *testing.T) {
	v := newVault(t, map[string]string{"s3 /files/worker/pipeline.yaml": "version: 1", "ssm /worker/pipeline": "version: 2",
		"s3 /files/large": strings.Repeat("x", 1<<20+1)})
	for _, c := range []struct{ name, place, want, wrong string }{
		{"from S3", "s3://files/worker/pipeline.yaml", "version: 1", ""},
		{"from Parameter Store", "ssm:/worker/pipeline", "version: 2", ""},
		{"an object that is not there", "s3://files/nothing", "", "s3: get object s3://files/nothing: it does not exist"},
		{"a parameter that is not there", "ssm:/nothing", "", "ssm: get parameter /nothing: it does not exist"},
		{"an object that is too large", "s3://files/large", "", "larger than"},
		{"a bucket without a key", "s3://files", "", "want s3://BUCKET/KEY"},
		{"a parameter without a name", "ssm:", "", "ssm:NAME"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := v.clients.Document(t.Context(), c.place)
			if string(got) != c.want || (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("got %.40q, %v", got, err)
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("the service's own message: %v", err)
			}
			if !sources.IsDocument(c.place) {
				t.Error("is taken for a path")
			}
		})
	}
	t.Run("a path is none", func(t *testing.T) {
		for _, path := range []string{"pipeline.yaml", "/opt/pipeline.yaml", "./s3/x", "C:\\x"} {
			if sources.IsDocument(path) {
				t.Errorf("%s is taken for a document", path)
			}
		}
	})
}

// clock is a time that a test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestASecretIsKeptForItsLife(t *testing.T) {
	for _, kind := range []struct{ setting, key string }{{"ssm:/worker/", "ssm /worker/TOKEN"}, {"secretsmanager:worker/", "secretsmanager worker/TOKEN"}} {
		t.Run(kind.setting, func(t *testing.T) {
			v, c := newVault(t, map[string]string{kind.key: "canary-1"}), &clock{now: time.Now()}
			s, err := sources.NewSecrets(v.clients, kind.setting, &sources.SecretsOptions{Now: c.read})
			if err != nil {
				t.Fatal(err)
			}
			expect := func(what, want string, calls int) {
				t.Helper()
				v.change(func() { v.calls = 0 })
				secret, err := s.Secret(t.Context(), "TOKEN")
				if secret.Reveal() != want || (err == nil) != (want != "") {
					t.Errorf("%s: got %q, %v", what, secret.Reveal(), err)
				}
				if err != nil && (strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), "TOKEN")) {
					t.Errorf("%s: the error is %v", what, err)
				}
				v.change(func() {
					if v.calls != calls {
						t.Errorf("%s: %d calls, want %d", what, v.calls, calls)
					}
				})
			}
			expect("at first", "canary-1", 1)
			v.change(func() { v.values[kind.key] = "canary-2" })
			c.pass(5*time.Minute - time.Second)
			expect("rotated, within the life", "canary-1", 0)
			c.pass(time.Second)
			expect("rotated, after the life", "canary-2", 1)
			c.pass(6 * time.Minute)
			v.change(func() { v.denied = true })
			expect("while it may not be read", "canary-2", 1)
			expect("and at once again", "canary-2", 0)
			c.pass(time.Hour)
			expect("an hour later", "", 1)
			v.change(func() { v.denied = false })
			c.pass(3 * time.Second)
			expect("when it may be read again", "canary-2", 1)
			v.change(func() { delete(v.values, kind.key) })
			c.pass(6 * time.Minute)
			expect("when it is deleted", "", 1)
			v.change(func() {
				if v.clear {
					t.Error("a parameter was asked for without decryption")
				}
			})
		})
	}
}

func TestManyRunsAskForASecretOnce(t *testing.T) {
	v := newVault(t, map[string]string{"ssm /w/TOKEN": "canary"})
	v.gate = make(chan struct{})
	s, err := sources.NewSecrets(v.clients, "ssm:/w/", nil)
	if err != nil {
		t.Fatal(err)
	}
	hurried, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Secret(hurried, "TOKEN"); err == nil || !strings.Contains(err.Error(), "TOKEN") {
		t.Errorf("a run whose time is up waits for the answer: %v", err)
	}
	var all, ready sync.WaitGroup
	ready.Add(50)
	for range 50 {
		all.Go(func() {
			ready.Done()
			if secret, err := s.Secret(t.Context(), "TOKEN"); err != nil || secret.Reveal() != "canary" {
				t.Errorf("got %q, %v", secret.Reveal(), err)
			}
		})
	}
	ready.Wait()
	close(v.gate)
	all.Wait()
	if v.calls != 1 {
		t.Errorf("%d calls", v.calls)
	}
}

func TestASettingThatIsNotKnownIsRefused(t *testing.T) {
	for _, setting := range []string{"", "vault:x", "ssm:", "ssm:worker/", "ssm:/worker", "env:x"} {
		if _, err := sources.NewSecrets(sources.Clients{}, setting, nil); err == nil || !strings.Contains(err.Error(), "secretsmanager:PREFIX/") {
			t.Errorf("%q: %v", setting, err)
		}
	}
}
