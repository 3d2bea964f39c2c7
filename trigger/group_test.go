package trigger_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/trigger"
)

func TestTheAppClientIsTheGroupWhenThatIsWanted(t *testing.T) {
	caller := func(client any) []byte { return signup(object{"callerContext": object{"clientId": client}}, nil, nil) }
	for name, tt := range map[string]struct {
		fair    string
		payload []byte
		want    string
	}{
		"not by default":                    {"", plain(), ""},
		"not by a word that isn't known":    {"Client", plain(), ""},
		"by its client id":                  {trigger.FairByClient, plain(), "4k2"},
		"as it is, for the Sender to judge": {trigger.FairByClient, caller("a b"), "a b"},
		"no group without a client id":      {trigger.FairByClient, caller(""), ""},
		"no group without a caller":         {trigger.FairByClient, signup(object{"callerContext": nil}, nil, nil), ""},
		"no group by an id of another type": {trigger.FairByClient, caller(4), ""},
		"no group by an id that is endless": {trigger.FairByClient, caller(strings.Repeat("x", 2049)), ""},
	} {
		t.Run(name, func(t *testing.T) {
			q, l := &queue{}, &log{}
			invoke(t, trigger.New(q, &trigger.Options{Log: l, FairQueues: tt.fair}), tt.payload)
			journalled(t, l, line{Outcome: "sent", Tries: 1})
			if diff := cmp.Diff([]string{tt.want}, q.groups); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBothTriesHaveTheSameGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &queue{script: []answer{refuse(errThrottled)}}
		invoke(t, trigger.New(q, &trigger.Options{Log: &log{}, FairQueues: trigger.FairByClient}), plain())
		if diff := cmp.Diff([]string{"4k2", "4k2"}, q.groups); diff != "" {
			t.Error(diff)
		}
	})
}
