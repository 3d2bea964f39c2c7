package dynamo_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/dynamo"
)

// applied is the item of the last write in the script, as a server that applied it would have it: for an UpdateItem,
// the item before it with the new values.
func applied(s *script, before map[string]any) answer {
	return func(r *http.Request, c call) (*http.Response, error) {
		write := s.calls[len(s.calls)-2]
		after, ok := write.body["Item"].(map[string]any)
		if !ok {
			after = map[string]any{}
			for name, value := range before {
				after[name] = value
			}
			for _, name := range []string{"owner", "lease", "fence", "crashes", "token", "sum"} {
				after[name] = write.body["ExpressionAttributeValues"].(map[string]any)[":"+name]
			}
		}
		return holds(after)(r, c)
	}
}

func TestAWriteWhoseAnswerIsLostIsLookedUpOnce(t *testing.T) {
	expired := claimed()
	expired.LeaseUntil = start()
	before := stored(t, expired)
	taken := claimed()
	taken.Owner, taken.Fence, taken.LeaseUntil = "c-1", 7, start().Add(5*lease)
	lost := map[string]answer{
		"a reset":                     resets,
		"a gateway's page":            says(502, "<html>canary</html>"),
		"an error inside the service": says(500, `{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError"}`),
		"an answer that is cut":       says(200, `{"Attr`),
	}
	for how, lose := range lost {
		t.Run("the first claim was applied, then "+how, func(t *testing.T) {
			l, s := ledger(t, lose, nil, alone)
			s.answers[1] = applied(s, nil)
			r, err := l.Claim(t.Context(), person(), "b-1", start(), start().Add(lease))
			if err != nil || r.Owner != "b-1" || r.Fence != 1 || s.operations() != "PutItem GetItem Query" {
				t.Errorf("got %v, owner %q, fence %d after %s", err, r.Owner, r.Fence, s.operations())
			}
			if s.calls[1].body["ConsistentRead"] != true {
				t.Error("the read is not consistent")
			}
		})
		t.Run("a takeover was applied, then "+how, func(t *testing.T) {
			l, s := ledger(t, refuses(before), lose, nil, alone)
			s.answers[2] = applied(s, before)
			r, err := l.Claim(t.Context(), person(), "b-1", start().Add(lease), start().Add(2*lease))
			if err != nil || r.Owner != "b-1" || r.Fence != 2 || r.Crashes != 1 || s.operations() != "PutItem UpdateItem GetItem Query" {
				t.Errorf("got %v, owner %q, fence %d, %d crashes after %s", err, r.Owner, r.Fence, r.Crashes, s.operations())
			}
		})
		t.Run("a save was applied, then "+how, func(t *testing.T) {
			l, s := ledger(t, lose, nil)
			s.answers[1] = applied(s, nil)
			if err := l.Save(t.Context(), claimed()); err != nil || s.operations() != "PutItem GetItem" {
				t.Errorf("got %v after %s", err, s.operations())
			}
		})
		t.Run("nothing was applied yet, then "+how, func(t *testing.T) {
			l, s := ledger(t, lose, holds(nil), refuses(before), lose, holds(before), lose, holds(before), lose, holds(stored(t, taken)))
			for _, call := range []string{"claim", "takeover", "save", "save after a takeover"} {
				var err error
				if strings.HasPrefix(call, "save") {
					err = l.Save(t.Context(), claimed())
				} else {
					_, err = l.Claim(t.Context(), person(), "b-1", start(), start().Add(lease))
				}
				if f := enrich.Failure(err); err == nil || f.Kind != enrich.Temporary || !f.Unknown() || errors.Is(err, worker.ErrLeaseLost) {
					t.Errorf("%s: got %v", call, err)
				} else if strings.Contains(err.Error(), "canary") {
					t.Errorf("%s: the error carries a value: %v", call, err)
				}
			}
			if want := "PutItem GetItem PutItem UpdateItem GetItem PutItem GetItem PutItem GetItem"; s.operations() != want {
				t.Errorf("calls: %s", s.operations())
			}
		})
		t.Run("a claim that can't be applied any more goes on after "+how, func(t *testing.T) {
			l, s := ledger(t, lose, holds(before), lose, holds(stored(t, taken)))
			_, err := l.Claim(t.Context(), person(), "b-1", start().Add(lease), start().Add(2*lease))
			var busy *worker.Busy
			if !errors.As(err, &busy) || !busy.Until.Equal(taken.LeaseUntil) || s.operations() != "PutItem GetItem UpdateItem GetItem" {
				t.Errorf("got %v after %s", err, s.operations())
			}
		})
		t.Run("a damaged item is found after "+how, func(t *testing.T) {
			l, _ := ledger(t, lose, holds(map[string]any{"person": map[string]any{"S": "x"}}))
			if _, err := l.Claim(t.Context(), person(), "b-1", start(), start().Add(lease)); !errors.Is(err, dynamo.ErrDamaged) {
				t.Errorf("got %v", err)
			}
		})
		t.Run("the read fails as well after "+how, func(t *testing.T) {
			l, s := ledger(t, lose, resets)
			err := l.Save(t.Context(), claimed())
			if f := enrich.Failure(err); err == nil || !f.Unknown() || s.operations() != "PutItem GetItem" {
				t.Errorf("got %v after %s", err, s.operations())
			}
		})
	}
}

func TestARefusedConditionThatFindsOurTokenIsSuccess(t *testing.T) {
	t.Run("in the item that comes with the refusal", func(t *testing.T) {
		l, s := ledger(t, nil, alone)
		s.answers[0] = func(r *http.Request, c call) (*http.Response, error) { return refuses(c.body["Item"])(r, c) }
		if r, err := l.Claim(t.Context(), person(), "b-1", start(), start().Add(lease)); err != nil || r.Fence != 1 || s.operations() != "PutItem Query" {
			t.Errorf("got %v, fence %d after %s", err, r.Fence, s.operations())
		}
	})
	t.Run("in the item that a server without it is asked for", func(t *testing.T) {
		l, s := ledger(t, refuses(nil), nil, alone)
		s.answers[1] = applied(s, nil)
		if r, err := l.Claim(t.Context(), person(), "b-1", start(), start().Add(lease)); err != nil || r.Fence != 1 || s.operations() != "PutItem GetItem Query" {
			t.Errorf("got %v, fence %d after %s", err, r.Fence, s.operations())
		}
	})
	t.Run("but the same owner at the same instant is not enough", func(t *testing.T) {
		same := claimed()
		same.Owner = "b-1"
		l, s := ledger(t, refuses(stored(t, same)), says(200, `{}`), alone)
		r, err := l.Claim(t.Context(), person(), "b-1", start(), start().Add(lease))
		if err != nil || r.Fence != 2 || r.Crashes != 0 || s.operations() != "PutItem UpdateItem Query" {
			t.Errorf("got %v, fence %d, %d crashes after %s", err, r.Fence, r.Crashes, s.operations())
		}
	})
}

// hangs is a server that never answers.
func hangs(r *http.Request, _ call) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestARequestThatHangsLeavesTimeToLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s := ledger(t, hangs, nil)
		s.answers[1] = applied(s, nil)
		ctx, cancel := context.WithTimeout(t.Context(), lease/12) // what the worker gives a save
		defer cancel()
		if err := l.Save(ctx, claimed()); err != nil || s.operations() != "PutItem GetItem" {
			t.Errorf("got %v after %s", err, s.operations())
		}
	})
}

// hangsUp is a server that never answers, and a transport that says no more than that the connection is gone.
func hangsUp(r *http.Request, _ call) (*http.Response, error) {
	<-r.Context().Done()
	return nil, syscall.ECONNRESET
}

func TestACallerThatLeftIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, call := range map[string]func(context.Context, worker.Ledger) error{
			"claim": func(ctx context.Context, l worker.Ledger) error {
				_, err := l.Claim(ctx, person(), "b", start(), start())
				return err
			},
			"save": func(ctx context.Context, l worker.Ledger) error { return l.Save(ctx, claimed()) },
			"written": func(ctx context.Context, l worker.Ledger) error {
				_, err := l.Written(ctx, person().Pool, "s")
				return err
			},
		} {
			l, s := ledger(t, hangsUp)
			ctx, cancel := context.WithTimeout(t.Context(), lease/120)
			err := call(ctx, l)
			cancel()
			if f := enrich.Failure(err); !errors.Is(err, context.DeadlineExceeded) || f.Code != "timeout" || len(s.calls) != 1 {
				t.Errorf("%s: got %v after %s", name, err, s.operations())
			}
			if err := call(ctx, l); !errors.Is(err, context.DeadlineExceeded) || enrich.Failure(err).Unknown() || len(s.calls) != 1 {
				t.Errorf("%s: before the call: got %v after %s", name, err, s.operations())
			}
		}
	})
}
