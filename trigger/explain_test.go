package trigger_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/trigger"
)

func TestAnExplanationIsWhatInvokeDoes(t *testing.T) {
	for _, tt := range badEvents() {
		bubble(t, tt.name, func(t *testing.T) {
			q, l := &queue{}, &log{}
			invoke(t, trigger.New(q, &trigger.Options{Log: l, MetadataKeys: []string{"plan"}}), tt.payload)
			result := l.result(t)
			before := bytes.Clone(tt.payload)
			x := trigger.Explain(tt.payload, []string{"plan"})
			if !bytes.Equal(before, tt.payload) {
				t.Error("the event was changed")
			}
			if x.Outcome != result.Outcome || x.Reason != result.Reason {
				t.Errorf("explained as %s %s, done as %s %s", x.Outcome, x.Reason, result.Outcome, result.Reason)
			}
			if x.Message == nil {
				if q.sends != 0 {
					t.Errorf("nothing is said to go to the queue, and %d were sent", q.sends)
				}
				return
			}
			sent := q.message(t)
			sent.At = x.Message.At
			explained, err := event.Decode(x.Message.Encode())
			if diff := cmp.Diff(sent, explained); diff != "" || err != nil {
				t.Errorf("%v (-sent +explained):\n%s", err, diff)
			}
		})
	}
}

func TestEveryReasonIsASentenceWithoutAnythingPersonal(t *testing.T) {
	seen := map[string]bool{}
	for _, tt := range append(badEvents(), readCase{"canary", marked(object{"triggerSource": "canary@example.com"}), "not_a_signup", nil}) {
		x := trigger.Explain(tt.payload, []string{"plan"})
		seen[x.Reason] = true
		why := x.Why()
		if !strings.HasSuffix(why, ".") || strings.ToUpper(why[:1]) != why[:1] || strings.Contains(strings.ToLower(why), "canary") {
			t.Errorf("%s: %q", tt.name, why)
		}
	}
	if len(seen) != 6 {
		t.Errorf("the cases have these reasons only: %v", seen)
	}
}

func TestAnExplanationLetsOnlyTheFirstKeysTravel(t *testing.T) {
	metadata := object{}
	var keys []string
	for i := range trigger.MaxMetadataKeys + 1 {
		keys = append(keys, fmt.Sprintf("key%02d", i))
		metadata[keys[i]] = "value"
	}
	x := trigger.Explain(signup(nil, object{"clientMetadata": metadata}, nil), keys)
	if len(x.Message.Metadata) != trigger.MaxMetadataKeys || x.Message.Metadata["key00"] == "" {
		t.Errorf("%v", x.Message.Metadata)
	}
}
