package trigger_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/postconfirm/postconfirm/trigger"
)

func TestFailClosedTellsThePersonOnlyThatItIsDelayed(t *testing.T) {
	for name, tt := range map[string]struct {
		payload []byte
		script  []answer
		open    bool // the event comes back
	}{
		"a message that was sent":          {plain(), nil, true},
		"an event that isn't a sign-up":    {signup(object{"triggerSource": "PreSignUp_SignUp"}, nil, nil), nil, true},
		"an unreadable event":              {[]byte("{"), nil, false},
		"an event without identity":        {signup(object{"userName": nil}, nil, nil), nil, false},
		"a queue that denies access":       {plain(), []answer{refuse(errDenied)}, false},
		"a queue that throttles":           {plain(), []answer{refuse(errThrottled), refuse(errThrottled)}, false},
		"a queue that hangs":               {plain(), []answer{hang, hang}, false},
		"a client that panics":             {plain(), []answer{panics}, false},
		"a queue that answers second time": {plain(), []answer{hang}, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := trigger.New(&queue{script: tt.script}, &trigger.Options{Log: &log{}, OnError: trigger.FailClosed})
				back, err := h.Invoke(t.Context(), tt.payload)
				if tt.open {
					same(t, tt.payload, back, err)
				} else if !errors.Is(err, trigger.ErrNotEnqueued) || back != nil {
					t.Errorf("%s, %v", back, err)
				}
			})
		})
	}
}

func TestTheTextForPeopleSaysNothingOfTheInside(t *testing.T) {
	text := strings.ToLower(trigger.ErrNotEnqueued.Error())
	for _, inside := range []string{"sqs", "queue", "lambda", "error", "fail", "aws", "trigger", "timeout", ":", "%"} {
		if strings.Contains(text, inside) {
			t.Errorf("%q tells of %q", text, inside)
		}
	}
	if len(text) > 120 {
		t.Errorf("%d bytes are too many for a form", len(text))
	}
}

func TestAnyOtherWordThanClosedIsOpen(t *testing.T) {
	for _, word := range []string{"", "open", "Closed", "CLOSED", "fail"} {
		payload := plain()
		back, err := trigger.New(&queue{script: []answer{refuse(errDenied)}}, &trigger.Options{Log: &log{}, OnError: word}).Invoke(t.Context(), payload)
		if err != nil || !bytes.Equal(back, payload) {
			t.Errorf("%q: %v", word, err)
		}
	}
}
