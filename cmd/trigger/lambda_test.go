package main_test

import (
	"bytes"
	"crypto/md5"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/deploy/localcloud/function"
)

// built is the program as it is deployed, but for this machine. It is built once.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "postconfirm-trigger-")
	return filepath.Join(dir, "bootstrap"), err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := built(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path)) // a folder in the system's place for such
	}
	os.Exit(code)
}

var builtNow sync.Once

func program(t *testing.T) string {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	builtNow.Do(func() {
		tool(t, []string{"CGO_ENABLED=0"}, "build", "-trimpath", "-ldflags", "-s -w", "-o", path, tags, ".")
	})
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("it wasn't built: %v", err)
	}
	return path
}

// secureQueue is a queue behind TLS that counts.
type secureQueue struct {
	*httptest.Server
	messages, connections atomic.Int64
}

func newQueue(t *testing.T) *secureQueue {
	t.Helper()
	q := &secureQueue{}
	q.Server = httptest.NewUnstartedServer(q)
	q.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			q.connections.Add(1)
		}
	}
	q.StartTLS()
	t.Cleanup(q.Close)
	return q
}

func (q *secureQueue) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct{ MessageBody string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.Header.Get("X-Amz-Target") != "AmazonSQS.SendMessage" {
		http.Error(w, "no SendMessage", http.StatusBadRequest)
		return
	}
	q.messages.Add(1)
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	fmt.Fprintf(w, `{"MessageId":"1","MD5OfMessageBody":"%x"}`, md5.Sum([]byte(in.MessageBody)))
}

// lambda runs the built program under the mock of the Lambda Runtime API, with q as its queue. A prefix of the command
// line may stand before the program.
func lambda(t *testing.T, q *secureQueue, prefix ...string) (*function.Process, *bytes.Buffer) {
	t.Helper()
	root := filepath.Join(t.TempDir(), "root.pem")
	if err := os.WriteFile(root, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: q.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	var printed bytes.Buffer
	p := function.New(append(prefix, program(t)), &function.Options{
		Concurrency: 1, Init: time.Minute, Timeout: time.Minute, Output: &printed,
		Environment: map[string]string{
			"POSTCONFIRM_QUEUE_URL": q.URL + "/123456789012/signups", "AWS_CA_BUNDLE": root,
			"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "session",
		},
	})
	t.Cleanup(func() { _ = p.Close() }) // its error is always nil
	return p, &printed
}

func invoke(t *testing.T, p *function.Process, payload []byte) {
	t.Helper()
	back, err := p.Invoke(t.Context(), payload)
	if err != nil || !bytes.Equal(payload, back) {
		t.Fatalf("%v: %.300q came back for %.300q", err, back, payload)
	}
}

func file(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestTheTestEventOfTheDocumentationComesBackFromTheBuiltProgram feeds it the event that the Amazon Cognito Developer
// Guide gives for the Lambda console (Post confirmation Lambda trigger), and all others that we have.
func TestTheTestEventOfTheDocumentationComesBackFromTheBuiltProgram(t *testing.T) {
	const documented = "../../trigger/testdata/console-test-event.json"
	others, err := filepath.Glob("../../deploy/localcloud/cognito/testdata/events/*.json")
	if err != nil || len(others) == 0 {
		t.Fatalf("%v: no other events", err)
	}
	q := newQueue(t)
	p, printed := lambda(t, q)
	invoke(t, p, file(t, documented))
	if got := q.messages.Load(); got != 0 {
		t.Errorf("%d messages: it names no trigger source, and nobody was confirmed", got)
	}
	want := int64(0)
	for _, path := range others {
		payload := file(t, path)
		invoke(t, p, payload)
		if bytes.Contains(payload, []byte("PostConfirmation_ConfirmSignUp")) {
			want++
		}
	}
	_ = p.Close() // its error is always nil; what the program printed is all there then
	if got := q.messages.Load(); got != want || want == 0 {
		t.Errorf("%d messages for %d sign-ups:\n%s", got, want, printed)
	}
	if strings.Contains(printed.String(), "@") {
		t.Errorf("it printed an address:\n%s", printed)
	}
}

func TestTwoThousandWarmInvocationsUseOneConnection(t *testing.T) {
	q := newQueue(t)
	p, _ := lambda(t, q)
	payload := file(t, "../../trigger/testdata/signup-event.json")
	for range 2000 {
		invoke(t, p, payload)
	}
	if messages, connections := q.messages.Load(), q.connections.Load(); messages != 2000 || connections != 1 || p.Environments() != 1 {
		t.Errorf("%d messages over %d connections, %d processes", messages, connections, p.Environments())
	}
}
