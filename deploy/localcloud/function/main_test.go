package function_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"go.uber.org/goleak"
)

// role is the variable that makes the test binary run as a Lambda program instead of the tests.
const role = "FUNCTION_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "":
		goleak.VerifyTestMain(m)
	case "lambda":
		lambda.Start(handle)
	case "lambda-with-sigterm":
		lambda.StartWithOptions(handle, lambda.WithEnableSIGTERM(func() {}))
	case "dies-at-start":
		fmt.Fprintln(os.Stderr, "no such table")
		os.Exit(3)
	case "says-why-it-cannot-start":
		initError()
	case "never-asks":
		block()
	case "asks-twice":
		askTwice()
	case "speaks-badly":
		speakBadly()
	}
}

// order is the event of these tests: what the program shall do with it.
type order struct {
	Do  string `json:"do"`
	URL string `json:"url,omitempty"`
}

// report is its answer: what the program saw.
type report struct {
	PID         int               `json:"pid"`
	Request     string            `json:"request"`
	ARN         string            `json:"arn"`
	Millis      int64             `json:"millis"`
	Environment map[string]string `json:"environment"`
}

// tooSmall is an error with a type name that the caller must see.
type tooSmall struct{ Want int }

func (e tooSmall) Error() string { return fmt.Sprintf("want at least %d", e.Want) }

func handle(ctx context.Context, raw json.RawMessage) (any, error) {
	var o order
	if err := json.Unmarshal(raw, &o); err != nil {
		return nil, err
	}
	switch o.Do {
	case "echo":
		return raw, nil
	case "fail":
		return nil, tooSmall{Want: 7}
	case "panic":
		panic("at the disco")
	case "exit":
		os.Exit(4)
	case "hang":
		block()
	case "huge":
		return strings.Repeat("x", 7<<20), nil
	case "stream":
		return io.MultiReader(strings.NewReader(`{"half":`), broken{}), nil
	case "talk":
		fmt.Println("first")
		fmt.Fprint(os.Stderr, "second\nthird")
		os.Exit(0)
	case "meet":
		return nil, meet(ctx, o.URL)
	}
	return describe(ctx), nil
}

// broken is a stream that ends in an error.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, tooSmall{Want: 9} }

func describe(ctx context.Context) report {
	r := report{PID: os.Getpid(), Environment: map[string]string{}}
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		r.Request, r.ARN = lc.AwsRequestID, lc.InvokedFunctionArn
	}
	if deadline, ok := ctx.Deadline(); ok {
		r.Millis = deadline.UnixMilli()
	}
	for _, v := range os.Environ() {
		name, value, _ := strings.Cut(v, "=")
		r.Environment[name] = value
	}
	return r
}

// block never returns, without the runtime calling it a deadlock.
func block() {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	<-c
}

// meet calls back and returns when the test lets it.
func meet(ctx context.Context, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return errors.New("nobody there")
	}
	return res.Body.Close()
}

func initError() {
	url := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/init/error"
	body := strings.NewReader(`{"errorType":"Config.Missing","errorMessage":"no queue"}`)
	res, err := http.Post(url, "application/json", body)
	if err != nil || res.StatusCode != http.StatusAccepted {
		os.Exit(9)
	}
	os.Exit(1)
}

// askTwice is a program that forgets its first event.
func askTwice() {
	url := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/next"
	for {
		res, err := http.Get(url)
		if err != nil {
			os.Exit(0)
		}
		_ = res.Body.Close()
	}
}

// speakBadly is a program that answers what nobody asked, and fails without JSON.
func speakBadly() {
	base := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	res, err := http.Get(base + "next")
	if err != nil {
		os.Exit(5)
	}
	for _, path := range []string{"nosuchid/response", "nosuchid/error"} {
		if res, err := http.Post(base+path, "application/json", strings.NewReader("{}")); err != nil || res.StatusCode != http.StatusBadRequest {
			os.Exit(6)
		}
	}
	r, err := http.NewRequest(http.MethodPost, base+res.Header.Get("Lambda-Runtime-Aws-Request-Id")+"/error", strings.NewReader("it is over"))
	if err != nil {
		os.Exit(7)
	}
	r.Header.Set("Lambda-Runtime-Function-Error-Type", "Custom.Type")
	if res, err := http.DefaultClient.Do(r); err != nil || res.StatusCode != http.StatusAccepted {
		os.Exit(8)
	}
}
