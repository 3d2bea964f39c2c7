package enrich_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
)

func TestFailure(t *testing.T) {
	throttled := &enrich.Error{Kind: enrich.Throttled, Code: "http_429", Sent: true, Refused: true}
	t.Run("finds the class inside wrapped and joined errors", func(t *testing.T) {
		for _, err := range []error{throttled, fmt.Errorf("step crm: %w", throttled),
			errors.Join(errors.New("x"), fmt.Errorf("y: %w", throttled))} {
			if got := enrich.Failure(err); got != throttled {
				t.Errorf("%v: got %v", err, got)
			}
		}
	})
	t.Run("takes what nobody classified as temporary and perhaps sent", func(t *testing.T) {
		for _, err := range []error{errors.New("boom"), context.DeadlineExceeded} {
			got := enrich.Failure(err)
			if got.Kind != enrich.Temporary || !got.Unknown() || got.Code != "unclassified" || !errors.Is(got, err) {
				t.Errorf("%v: got %+v", err, got)
			}
		}
	})
	t.Run("keeps not-found an outcome", func(t *testing.T) {
		err := fmt.Errorf("crm: %w", enrich.ErrNotFound)
		if got := enrich.Failure(err); got.Kind != enrich.NotFound || got.Unknown() || !errors.Is(err, enrich.ErrNotFound) {
			t.Errorf("got %+v", got)
		}
	})
}

func TestUnknownIsSentAndNotRefused(t *testing.T) {
	for _, test := range []struct{ sent, refused, want bool }{
		{false, false, false}, {false, true, false}, {true, true, false}, {true, false, true}} {
		e := &enrich.Error{Sent: test.sent, Refused: test.refused}
		if e.Unknown() != test.want {
			t.Errorf("sent %v, refused %v: unknown %v", test.sent, test.refused, e.Unknown())
		}
	}
}

func TestErrorSaysCodeAndCause(t *testing.T) {
	cause := errors.New("connection reset")
	for want, err := range map[string]*enrich.Error{
		"http_503":                  {Code: "http_503"},
		"timeout: connection reset": {Code: "timeout", Err: cause},
	} {
		if err.Error() != want {
			t.Errorf("got %q, want %q", err.Error(), want)
		}
	}
	if !errors.Is(&enrich.Error{Code: "x", Err: cause}, cause) {
		t.Error("the cause is lost")
	}
}

func TestZeroValuesAreTheSafeOnes(t *testing.T) {
	var kind enrich.FailureKind
	var class enrich.Class
	if kind != enrich.Temporary || class != enrich.Unsafe || class.Repeatable() {
		t.Errorf("kind %s, class %s", kind, class)
	}
}

func TestWordsOfKindsAndClasses(t *testing.T) {
	var kinds, classes []string
	for k := enrich.Temporary; k <= enrich.Denied; k++ {
		kinds = append(kinds, k.String())
	}
	repeatable := map[string]bool{}
	for c := enrich.Unsafe; c <= enrich.Read; c++ {
		classes = append(classes, c.String())
		repeatable[c.String()] = c.Repeatable()
	}
	if diff := cmp.Diff([]string{"temporary", "throttled", "permanent", "not-found", "denied"}, kinds); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"unsafe", "verifiable", "keyed", "idempotent", "read"}, classes); diff != "" {
		t.Error(diff)
	}
	want := map[string]bool{"unsafe": false, "verifiable": false, "keyed": true, "idempotent": true, "read": true}
	if diff := cmp.Diff(want, repeatable); diff != "" {
		t.Error(diff)
	}
	if enrich.Class(200).String() != "read" || enrich.FailureKind(200).String() != "denied" {
		t.Error("a value out of range")
	}
}

// plain says nothing about itself; declared does.
type plain struct{}

func (plain) Run(context.Context, enrich.Call) (enrich.Result, error) { return nil, nil }

type declared struct {
	plain
	class enrich.Class
}

func (d declared) Class() enrich.Class { return d.class }

func TestClassOf(t *testing.T) {
	if got := enrich.ClassOf(plain{}); got != enrich.Unsafe {
		t.Errorf("undeclared: got %s", got)
	}
	if got := enrich.ClassOf(declared{class: enrich.Keyed}); got != enrich.Keyed {
		t.Errorf("declared: got %s", got)
	}
}

func TestFieldError(t *testing.T) {
	if got := (&enrich.FieldError{Field: "url", Message: "has no host"}).Error(); got != "url: has no host" {
		t.Errorf("got %q", got)
	}
}
