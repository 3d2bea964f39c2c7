package dynamo_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/postconfirm/postconfirm/enrich/onewrite"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/dynamo"
)

// call is a request as it was sent.
type call struct {
	operation string // "PutItem"
	body      map[string]any
}

// answer is what the script says to a call.
type answer func(*http.Request, call) (*http.Response, error)

// script is an HTTP client that answers what it is told, call by call, and keeps the calls.
type script struct {
	t       testing.TB
	mu      sync.Mutex
	answers []answer
	calls   []call
}

var _ onewrite.Doer = (*script)(nil)

func (s *script) Do(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	c := call{operation: r.Header.Get("X-Amz-Target")[strings.Index(r.Header.Get("X-Amz-Target"), ".")+1:]}
	if err := json.Unmarshal(data, &c.body); err != nil {
		s.t.Errorf("the request is no JSON: %v", err)
	}
	s.calls = append(s.calls, c)
	if len(s.answers) == 0 {
		s.t.Errorf("call %d, %s, is one too many", len(s.calls), c.operation)
		return says(500, `{}`)(r, c)
	}
	next := s.answers[0]
	s.answers = s.answers[1:]
	return next(r, c)
}

// operations are the names of the calls so far.
func (s *script) operations() string {
	var names []string
	for _, c := range s.calls {
		names = append(names, c.operation)
	}
	return strings.Join(names, " ")
}

func says(status int, body string) answer {
	return func(r *http.Request, _ call) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
			Body: io.NopCloser(strings.NewReader(body)), Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			ContentLength: int64(len(body))}, nil
	}
}

func awsError(code string) answer {
	return says(400, `{"__type":"com.amazonaws.dynamodb.v20120810#`+code+`","message":"canary of somebody"}`)
}

// refuses answers that the condition was not met, with the item that is there; nil sends none.
func refuses(item any) answer {
	body := map[string]any{"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": "The conditional request failed"}
	if item != nil {
		body["Item"] = item
	}
	return says(400, encoded(body))
}

// alone answers a query for the person's runs: there are no others.
func alone(r *http.Request, c call) (*http.Response, error) { return people()(r, c) }

// people answers a query, or a scan, with these items.
func people(items ...any) answer {
	return says(200, encoded(map[string]any{"Items": append([]any{}, items...)}))
}

func holds(item any) answer { return says(200, encoded(map[string]any{"Item": item})) }

// resets loses the answer: whatever the server did, the connection is gone.
func resets(*http.Request, call) (*http.Response, error) { return nil, syscall.ECONNRESET }

func encoded(v any) string {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return text.String()
}

// healthy is DescribeTable's answer for a table that is as it should be.
const healthy = `{"Table":{"TableStatus":"ACTIVE",
	"AttributeDefinitions":[{"AttributeName":"person","AttributeType":"S"},{"AttributeName":"generation","AttributeType":"S"},{"AttributeName":"unfinished","AttributeType":"S"}],
	"KeySchema":[{"AttributeName":"person","KeyType":"HASH"},{"AttributeName":"generation","KeyType":"RANGE"}],
	"GlobalSecondaryIndexes":[{"IndexName":"unfinished","KeySchema":[{"AttributeName":"unfinished","KeyType":"HASH"}],
		"Projection":{"ProjectionType":"INCLUDE","NonKeyAttributes":["state","first_seen","trouble"]}}]}}`

// client is an SDK client whose retries are on, as its maker may have left them.
func client(d onewrite.Doer) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{Region: "eu-west-1", HTTPClient: onewrite.Client{Doer: d}, BaseEndpoint: aws.String("http://local.test"),
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")})
}

// ledger is an open ledger whose calls are answered by the script. Its tokens are ours-1, ours-2, …
func ledger(t testing.TB, answers ...answer) (*dynamo.Ledger, *script) {
	t.Helper()
	s := &script{t: t, answers: []answer{says(200, healthy)}}
	l, err := dynamo.Open(t.Context(), client(s), "ledger", &dynamo.Options{Token: tokens("ours-")})
	if err != nil {
		t.Fatal(err)
	}
	s.answers, s.calls = answers, nil
	return l, s
}

func tokens(prefix string) func() string {
	n := 0
	return func() string {
		n++
		return prefix + strconv.Itoa(n)
	}
}

func start() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC) }

const lease = time.Minute

func person() worker.Identity {
	return worker.Identity{Pool: "eu-west-1_Ab12cd34E", Sub: "6f9c4f9e-0a1b-4c2d-8e3f-000000000001", Generation: "0", Source: "signup", Client: "web"}
}

// claimed is a run as its first claim returned it.
func claimed() worker.Run {
	id := person()
	return worker.Run{Identity: id, Key: id.Key(), State: worker.Open, Owner: "a-1", Fence: 1, LeaseUntil: start().Add(lease),
		FirstSeen: start(), Updated: start()}
}

// stored is the item that somebody else's Save sent for a run.
func stored(t testing.TB, r worker.Run) map[string]any {
	t.Helper()
	s := &script{t: t, answers: []answer{says(200, healthy), says(200, `{}`)}}
	l, err := dynamo.Open(t.Context(), client(s), "ledger", &dynamo.Options{Token: tokens("theirs-")})
	if err == nil {
		err = l.Save(t.Context(), r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s.calls[1].body["Item"].(map[string]any)
}
