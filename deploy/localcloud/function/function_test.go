package function_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/localcloud/function"
)

// program makes a function of this test binary in the given role.
func program(t *testing.T, as string, o *function.Options) *function.Process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if o == nil {
		o = &function.Options{}
	}
	if o.Environment == nil {
		o.Environment = map[string]string{}
	}
	o.Environment[role] = as
	o.Environment["GOCOVERDIR"] = t.TempDir() // or a covered program complains where its output is read
	if o.Timeout == 0 {
		o.Timeout = time.Minute // a machine under load must not make a failure of a slow answer
	}
	if o.Init == 0 {
		o.Init = time.Minute
	}
	p := function.New([]string{exe}, o)
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func describeIn(t *testing.T, p *function.Process) report {
	t.Helper()
	out, err := p.Invoke(t.Context(), []byte(`{"do":"describe"}`))
	if err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAnAnswerComesBackByteForByte(t *testing.T) {
	p := program(t, "lambda", nil)
	in := []byte(`{"do":"echo","n":12345678901234567890,"s":"<ü>"}`)
	out, err := p.Invoke(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(in), string(out)); diff != "" {
		t.Error(diff)
	}
}

func TestTheProgramSeesWhatLambdaDocuments(t *testing.T) {
	t.Setenv("AWS_PROFILE", "private")
	t.Setenv("HOME", "/home/someone")
	before := time.Now()
	p := program(t, "lambda", &function.Options{
		Name: "trigger", Region: "us-west-2", Memory: 256, Handler: "boot",
		Environment: map[string]string{"MINE": "1", "AWS_REGION": "elsewhere"},
		ID:          func() string { return "the-id" },
	})
	r := describeIn(t, p)
	if r.Request != "the-id" || r.ARN != "arn:aws:lambda:us-west-2:000000000000:function:trigger" || r.ARN != p.ARN() {
		t.Errorf("request %q of %q", r.Request, r.ARN)
	}
	if first, last := before.Add(time.Minute), time.Now().Add(time.Minute); r.Millis < first.UnixMilli() || r.Millis > last.UnixMilli() {
		t.Errorf("deadline %d, want between %v and %v", r.Millis, first, last)
	}
	want := map[string]string{
		"MINE": "1", "HOME": "/home/someone", "AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "us-west-2",
		"AWS_LAMBDA_FUNCTION_NAME": "trigger", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
		"AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/trigger", "_HANDLER": "boot",
	}
	for name, value := range want {
		if r.Environment[name] != value {
			t.Errorf("%s is %q, want %q", name, r.Environment[name], value)
		}
	}
	if !strings.HasPrefix(r.Environment["AWS_LAMBDA_RUNTIME_API"], "127.0.0.1:") {
		t.Errorf("the Runtime API is at %q", r.Environment["AWS_LAMBDA_RUNTIME_API"])
	}
	if trace := r.Environment["_X_AMZN_TRACE_ID"]; !strings.HasPrefix(trace, "Root=1-") {
		t.Errorf("the trace id is %q", trace)
	}
	if _, ok := r.Environment["AWS_PROFILE"]; ok {
		t.Error("a variable of the host reached the program")
	}
}

func TestFailuresAreToldApart(t *testing.T) {
	for name, c := range map[string]struct {
		as, do  string
		o       function.Options
		is      error
		kind    string
		message string // a part of it
	}{
		"the handler returns an error":       {as: "lambda", do: "fail", kind: "tooSmall", message: "want at least 7"},
		"the handler panics":                 {as: "lambda", do: "panic", kind: "string", message: "at the disco"},
		"the answer is too large":            {as: "lambda", do: "huge", kind: "Function.ResponseSizeTooLarge", message: "exceeded"},
		"a stream breaks":                    {as: "lambda", do: "stream", kind: "tooSmall", message: "want at least 9"},
		"the error is not JSON":              {as: "speaks-badly", kind: "Custom.Type", message: "it is over"},
		"the process exits":                  {as: "lambda", do: "exit", is: function.ErrExit, kind: "Runtime.ExitError", message: "exit status 4"},
		"the handler hangs":                  {as: "lambda", do: "hang", o: function.Options{Timeout: 300 * time.Millisecond}, is: function.ErrTimeout, kind: "Sandbox.Timedout", message: "Task timed out after 0.30 seconds"},
		"the program dies before it asks":    {as: "dies-at-start", is: function.ErrExit, kind: "Runtime.ExitError", message: "exit status 3"},
		"the program says why it can't":      {as: "says-why-it-cannot-start", is: function.ErrExit, kind: "Config.Missing", message: "no queue"},
		"the program never asks":             {as: "never-asks", o: function.Options{Init: 200 * time.Millisecond}, is: function.ErrTimeout, kind: "Sandbox.Timedout", message: "timed out"},
		"the program asks without answering": {as: "asks-twice", is: function.ErrExit, kind: "Runtime.NoResponse", message: "before this one was answered"},
	} {
		t.Run(name, func(t *testing.T) {
			p := program(t, c.as, &c.o)
			out, err := p.Invoke(t.Context(), []byte(`{"do":"`+c.do+`"}`))
			if out != nil {
				t.Errorf("answered %.40q besides", out)
			}
			var e *function.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if e.Type != c.kind || !strings.Contains(e.Message, c.message) {
				t.Errorf("got %q %q, want %q with %q", e.Type, e.Message, c.kind, c.message)
			}
			if want := "function: " + e.Type + ": " + e.Message; err.Error() != want {
				t.Errorf("it reads %q, want %q", err, want)
			}
			if c.is == nil && e.Unwrap() != nil || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("it wraps %v, want %v", e.Unwrap(), c.is)
			}
		})
	}
}

func TestAProgramThatIsNotThereIsAFailedExit(t *testing.T) {
	for name, argv := range map[string][]string{
		"no program":   nil,
		"missing file": {filepath.Join(t.TempDir(), "bootstrap")},
	} {
		t.Run(name, func(t *testing.T) {
			p := function.New(argv, nil)
			defer func() { _ = p.Close() }()
			_, err := p.Invoke(t.Context(), nil)
			var e *function.Error
			if !errors.Is(err, function.ErrExit) || !errors.As(err, &e) || e.Type != "Runtime.InvalidEntrypoint" {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAProcessIsKeptWarm(t *testing.T) {
	for name, do := range map[string]string{"after an answer": "echo", "after an error": "fail"} {
		t.Run(name, func(t *testing.T) {
			p := program(t, "lambda", nil)
			first := describeIn(t, p)
			_, _ = p.Invoke(t.Context(), []byte(`{"do":"`+do+`"}`))
			if second := describeIn(t, p); second.PID != first.PID {
				t.Errorf("process %d, then %d", first.PID, second.PID)
			}
			if n := p.Environments(); n != 1 {
				t.Errorf("%d processes", n)
			}
		})
	}
}

func TestABrokenProcessIsReplaced(t *testing.T) {
	for _, do := range []string{"exit", "panic", "hang"} {
		t.Run("after "+do, func(t *testing.T) {
			p := program(t, "lambda", &function.Options{Timeout: 2 * time.Second, Concurrency: 1})
			first := describeIn(t, p)
			if _, err := p.Invoke(t.Context(), []byte(`{"do":"`+do+`"}`)); err == nil {
				t.Fatal("no error")
			}
			if second := describeIn(t, p); second.PID == first.PID {
				t.Errorf("still process %d", first.PID)
			}
		})
	}
}

// barrier answers its callers when as many as expected are there. Each arrival is told on came.
func barrier(t *testing.T, n int) (url string, came <-chan struct{}) {
	t.Helper()
	var here sync.WaitGroup
	here.Add(n)
	arrivals := make(chan struct{}, n)
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrivals <- struct{}{}
		here.Done()
		here.Wait()
	}))
	t.Cleanup(s.Close)
	return s.URL, arrivals
}

// visit is the test's own call at the barrier.
func visit(t *testing.T, url string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestThePoolGrowsOnDemand(t *testing.T) {
	p := program(t, "lambda", &function.Options{Concurrency: 3})
	url, _ := barrier(t, 3) // holds everyone until three programs run at once
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if _, err := p.Invoke(t.Context(), []byte(`{"do":"meet","url":"`+url+`"}`)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := p.Environments(); n != 3 {
		t.Errorf("%d processes, want 3", n)
	}
}

func TestWhoWaitsTooLongForAFreeProcessIsThrottled(t *testing.T) {
	p := program(t, "lambda", &function.Options{Concurrency: 1})
	url, came := barrier(t, 2) // the program and the test itself
	busy := make(chan error, 1)
	go func() {
		_, err := p.Invoke(t.Context(), []byte(`{"do":"meet","url":"`+url+`"}`))
		busy <- err
	}()
	<-came
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := p.Invoke(ctx, []byte(`{"do":"echo"}`)); !errors.Is(err, function.ErrThrottled) {
		t.Errorf("got %v, want ErrThrottled", err)
	}
	visit(t, url)
	if err := <-busy; err != nil {
		t.Error(err)
	}
}

func TestACallerWhoGivesUpLeavesTheProgramRunning(t *testing.T) {
	p := program(t, "lambda", &function.Options{Concurrency: 1})
	first := describeIn(t, p)
	url, came := barrier(t, 2)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-came; cancel() }()
	if _, err := p.Invoke(ctx, []byte(`{"do":"meet","url":"`+url+`"}`)); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	visit(t, url)
	if second := describeIn(t, p); second.PID != first.PID {
		t.Errorf("process %d, then %d", first.PID, second.PID)
	}
}

func TestCloseEndsEverything(t *testing.T) {
	p := program(t, "lambda", nil)
	url, came := barrier(t, 2)
	hang := make(chan error, 1)
	go func() {
		_, err := p.Invoke(t.Context(), []byte(`{"do":"meet","url":"`+url+`"}`))
		hang <- err
	}()
	<-came
	for range 2 { // a second Close is harmless
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := <-hang; !errors.Is(err, function.ErrClosed) {
		t.Errorf("the event under way got %v", err)
	}
	if _, err := p.Invoke(t.Context(), nil); !errors.Is(err, function.ErrClosed) {
		t.Errorf("a later event got %v", err)
	}
	if n := p.Environments(); n != 0 {
		t.Errorf("%d processes are left", n)
	}
	visit(t, url)
}

func TestAnInternalExtensionIsTolerated(t *testing.T) {
	p := program(t, "lambda-with-sigterm", nil)
	if r := describeIn(t, p); r.PID == 0 {
		t.Error("no answer")
	}
}

func TestWhatAProgramPrintsArrivesInWholeLines(t *testing.T) {
	var out bytes.Buffer
	p := program(t, "lambda", &function.Options{Output: &out})
	_, _ = p.Invoke(t.Context(), []byte(`{"do":"talk"}`))
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"first\n", "second\n", "third\n"} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("%q is missing in %q", line, out.String())
		}
	}
}
