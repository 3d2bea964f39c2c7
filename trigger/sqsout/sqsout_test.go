package sqsout_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/trigger/sqsout"
)

func TestAMessageArrivesAsItIsInASignedRequest(t *testing.T) {
	f := newFake(t)
	const body = `{"v":1,"user":"\ud83d\ude00\"\\"}`
	if err := newSender(t, f).Send(t.Context(), []byte(body), ""); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{body}, f.bodies()); diff != "" {
		t.Error(diff)
	}
	r := f.requests[0]
	for header, want := range map[string]string{
		"X-Amz-Target": "AmazonSQS.SendMessage", "Content-Type": "application/x-amz-json-1.0", "X-Amz-Security-Token": "session",
	} {
		if got := r.Header.Get(header); got != want {
			t.Errorf("%s is %q, want %q", header, got, want)
		}
	}
	if got := r.Header.Get("Authorization"); !strings.HasPrefix(got, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/") || !strings.Contains(got, "/eu-west-1/sqs/aws4_request") {
		t.Errorf("signed as %q", got)
	}
	if r.ProtoMajor != 1 || r.ContentLength <= 0 || r.Header.Values("Idempotency-Key") != nil {
		t.Errorf("HTTP/%d, length %d, %v", r.ProtoMajor, r.ContentLength, r.Header)
	}
}

func TestTwoHundredSendsUseOneConnection(t *testing.T) {
	f := newFake(t)
	s := newSender(t, f)
	for range 200 {
		if err := s.Send(t.Context(), []byte(`{"v":1}`), ""); err != nil {
			t.Fatal(err)
		}
	}
	if requests, connections := f.count(); requests != 200 || connections != 1 {
		t.Errorf("%d requests over %d connections", requests, connections)
	}
}

func TestFailuresAreNamedAndSorted(t *testing.T) {
	const jsonType, html = "application/x-amz-json-1.0", "text/html"
	for name, tt := range map[string]struct {
		act       act
		code      string
		permanent bool
	}{
		"access denied":                 {fail(400, "com.amazonaws.sqs#AccessDeniedException", "AccessDenied"), "AccessDenied", true},
		"access denied by a policy":     {fail(403, "AccessDenied", ""), "AccessDenied", true},
		"an unknown access key":         {fail(403, "com.amazon.coral.service#UnrecognizedClientException", "InvalidClientTokenId"), "InvalidClientTokenId", true},
		"a session that ended":          {fail(403, "com.amazon.coral.service#ExpiredTokenException", ""), "ExpiredTokenException", true},
		"no such queue":                 {fail(400, "com.amazonaws.sqs#QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"), "QueueDoesNotExist", true},
		"no such queue, without header": {fail(400, "com.amazonaws.sqs#QueueDoesNotExist", ""), "QueueDoesNotExist", true},
		"the key denies access":         {fail(400, "com.amazonaws.sqs#KmsAccessDenied", "KMS.AccessDeniedException"), "KMS.AccessDeniedException", true},
		"the key is disabled":           {fail(400, "com.amazonaws.sqs#KmsDisabled", ""), "KmsDisabled", true},
		"the key throttles":             {fail(400, "com.amazonaws.sqs#KmsThrottled", "KMS.ThrottlingException"), "KMS.ThrottlingException", false},
		"a refused message":             {fail(400, "com.amazonaws.sqs#InvalidMessageContents", ""), "InvalidMessageContents", true},
		"the queue throttles":           {fail(400, "com.amazonaws.sqs#RequestThrottled", ""), "RequestThrottled", false},
		"the service throttles":         {fail(400, "ThrottlingException", ""), "ThrottlingException", false},
		"a wrong signature":             {fail(403, "com.amazon.coral.service#InvalidSignatureException", "SignatureDoesNotMatch"), "SignatureDoesNotMatch", false},
		"status 500":                    {fail(500, "InternalFailure", ""), "InternalFailure", false},
		"status 503":                    {fail(503, "ServiceUnavailable", ""), "ServiceUnavailable", false},
		"a web page instead":            {answer(502, html, "<h1>Bad Gateway</h1>"), "http_502", false},
		"a redirect":                    {redirect, "http_307", false},
		"no JSON":                       {answer(200, jsonType, "<"), "http_200", false},
		"half of a JSON":                {answer(200, jsonType, `{"MessageId":"1`), "http_200", false},
		"an endless answer":             {answer(200, jsonType, `{"x":"`+strings.Repeat("x", 1<<20)+`"}`), "http_200", false},
		"another message's digest":      {answer(200, jsonType, `{"MessageId":"1","MD5OfMessageBody":"d41d8cd98f00b204e9800998ecf8427e"}`), "other", false},
		"an error without a code":       {answer(400, jsonType, "{}"), "http_400", false},
		"a reset before it reads":       {reset(false), "reset", false},
		"a reset after it has read":     {reset(true), "reset", false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, tt.act)
			err := newSender(t, f).Send(t.Context(), []byte(`{"v":1}`), "")
			var sent *sqsout.Error
			if !errors.As(err, &sent) {
				t.Fatalf("%T: %v", err, err)
			}
			if sent.Code() != tt.code || sent.Permanent() != tt.permanent || sent.Unwrap() == nil {
				t.Errorf("code %q, permanent %v, want %q, %v: %v", sent.Code(), sent.Permanent(), tt.code, tt.permanent, sent.Unwrap())
			}
			if err.Error() != "sqs: send: "+tt.code {
				t.Errorf("the text is %q", err)
			}
			if requests, _ := f.count(); requests != 1 {
				t.Errorf("%d requests for one send", requests)
			}
		})
	}
}

func TestASendEndsWithItsContext(t *testing.T) {
	for name, act := range map[string]act{"when the queue hangs": hang, "when its answer stalls": stall} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, act)
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			began := time.Now()
			err := newSender(t, f).Send(ctx, []byte(`{"v":1}`), "")
			var sent *sqsout.Error
			if !errors.As(err, &sent) || sent.Code() != "timeout" || sent.Permanent() {
				t.Errorf("%v: %v", err, errors.Unwrap(err))
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
	t.Run("when it is cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := newSender(t, newFake(t)).Send(ctx, []byte(`{"v":1}`), "")
		var sent *sqsout.Error
		if !errors.As(err, &sent) || sent.Code() != "canceled" {
			t.Errorf("%v", err)
		}
	})
}

func TestAKeptConnectionThatWasClosedIsReplacedUnseen(t *testing.T) {
	for name, act := range map[string]act{"before it read": reset(false), "after it read": reset(true)} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, accept, act)
			s := newSender(t, f)
			for range 2 {
				if err := s.Send(t.Context(), []byte(`{"v":1}`), ""); err != nil {
					t.Fatalf("%v: %v", err, errors.Unwrap(err))
				}
			}
			if requests, connections := f.count(); requests != 3 || connections != 2 {
				t.Errorf("%d requests over %d connections", requests, connections)
			}
		})
	}
	t.Run("while it was idle", func(t *testing.T) {
		f := newFake(t)
		s := newSender(t, f)
		for range 3 {
			if err := s.Send(t.Context(), []byte(`{"v":1}`), ""); err != nil {
				t.Fatalf("%v: %v", err, errors.Unwrap(err))
			}
			f.CloseClientConnections()
		}
		if got := len(f.bodies()); got != 3 {
			t.Errorf("%d messages", got)
		}
	})
}

func TestAfterAFailureTheNextTryOpensAConnection(t *testing.T) {
	f := newFake(t, accept, fail(503, "ServiceUnavailable", ""), accept)
	s := newSender(t, f)
	for i, fails := range []bool{false, true, false} {
		if err := s.Send(t.Context(), []byte(`{"v":1}`), ""); (err != nil) != fails {
			t.Fatalf("send %d: %v", i, err)
		}
	}
	if requests, connections := f.count(); requests != 3 || connections != 2 {
		t.Errorf("%d requests over %d connections", requests, connections)
	}
}

func TestNobodyThereOrAnotherOne(t *testing.T) {
	closed := newFake(t)
	closed.Close()
	plain := newFake(t)
	secure := httptest.NewUnstartedServer(plain)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of the handshake
	secure.StartTLS()
	t.Cleanup(secure.Close)
	for name, tt := range map[string]struct{ url, code string }{
		"nobody listens":                 {closed.URL, "connect"},
		"a certificate of somebody else": {secure.URL, "tls"},
		"plain HTTP behind https":        {strings.Replace(plain.URL, "http:", "https:", 1), "tls"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := sqsout.NewSender(variables(plain, map[string]string{"AWS_ENDPOINT_URL_SQS": tt.url}))
			if err != nil {
				t.Fatal(err)
			}
			err = s.Send(t.Context(), []byte(`{"v":1}`), "")
			var sent *sqsout.Error
			if !errors.As(err, &sent) || sent.Code() != tt.code || sent.Permanent() {
				t.Errorf("%v: %v", err, errors.Unwrap(err))
			}
		})
	}
}

func TestCredentialsAreReadForEachSend(t *testing.T) {
	f := newFake(t)
	env := map[string]string{}
	base := variables(f, nil)
	s, err := sqsout.NewSender(func(name string) string {
		if value, ok := env[name]; ok {
			return value
		}
		return base(name)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"FIRST", "SECOND"} {
		env["AWS_ACCESS_KEY_ID"] = key
		if err := s.Send(t.Context(), []byte(`{"v":1}`), ""); err != nil {
			t.Fatal(err)
		}
		if got := f.requests[len(f.requests)-1].Header.Get("Authorization"); !strings.Contains(got, "Credential="+key+"/") {
			t.Errorf("signed as %q, want %s", got, key)
		}
	}
	env["AWS_SECRET_ACCESS_KEY"] = ""
	err = s.Send(t.Context(), []byte(`{"v":1}`), "")
	var sent *sqsout.Error
	if !errors.As(err, &sent) || sent.Code() != "no_credentials" || !sent.Permanent() {
		t.Errorf("without a secret: %v", err)
	}
	if got := len(f.bodies()); got != 2 {
		t.Errorf("%d messages", got)
	}
}

func TestTheBodyIsNotChanged(t *testing.T) {
	body := []byte(`{"v":1,"user":"ada"}`)
	before := bytes.Clone(body)
	if err := newSender(t, newFake(t)).Send(t.Context(), body, ""); err != nil || !bytes.Equal(before, body) {
		t.Errorf("%s, %v", body, err)
	}
}
func TestAWrongClockIsPutRightAfterTheFirstRefusal(t *testing.T) {
	const ahead = 3 * time.Hour
	late := func(f *fakeSQS, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
		fail(403, "com.amazon.coral.service#InvalidSignatureException", "SignatureDoesNotMatch")(f, w, r)
	}
	f := newFake(t, late)
	s := newSender(t, f)
	for i, fails := range []bool{true, false} {
		if err := s.Send(t.Context(), []byte(`{"v":1}`), ""); (err != nil) != fails {
			t.Fatalf("send %d: %v", i, err)
		}
	}
	for i, want := range []time.Duration{0, ahead} {
		signed, err := time.Parse("20060102T150405Z", f.requests[i].Header.Get("X-Amz-Date"))
		if off := time.Until(signed) - want; err != nil || off.Abs() > time.Minute {
			t.Errorf("request %d was signed for %v: off by %v, %v", i, signed, off, err)
		}
	}
}

func TestAnAnswerWithoutTheDigestOfTheMessageDoesNotCount(t *testing.T) {
	for _, text := range []string{`{}`, `{"MessageId":"1"}`, `{"MD5OfMessageBody":null}`, `{"MD5OfMessageBody":1}`} {
		err := newSender(t, newFake(t, answer(200, "application/x-amz-json-1.0", text))).Send(t.Context(), []byte(`{"v":1}`), "")
		var sent *sqsout.Error
		if !errors.As(err, &sent) || sent.Permanent() {
			t.Errorf("%s: %v", text, err)
		}
	}
}
