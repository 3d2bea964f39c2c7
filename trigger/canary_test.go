package trigger_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/postconfirm/postconfirm/trigger"
)

// marked is an event in which everything personal says canary: the user name, every attribute, every metadata key and
// value, and members that nobody knows.
func marked(top object) []byte {
	all := object{
		"userName": "Google_canary-104", "canary": "canary", "version": "canary", "response": object{"canary": "canary"},
		"callerContext": object{"clientId": "4k2", "awsSdkVersion": "canary"},
	}
	for key, value := range top {
		all[key] = value
	}
	return signup(all,
		object{"clientMetadata": object{"plan": "canary-plan", "canary-token": "canary-secret"}, "validationData": "canary"},
		object{"email": "canary@example.com", "given_name": "Canary", "name": "canary", "phone_number": "canary", "identities": "[canary]"})
}

func TestNoLineSaysWhoItIs(t *testing.T) {
	payloads := map[string][]byte{
		"a sign-up":               marked(nil),
		"another trigger source":  marked(object{"triggerSource": "PostConfirmation_ConfirmForgotPassword"}),
		"a strange source":        marked(object{"triggerSource": "canary@example.com"}),
		"no pool":                 marked(object{"userPoolId": nil}),
		"a user name of any type": marked(object{"userName": object{"canary": "canary"}}),
		"half an event":           marked(nil)[:200],
	}
	for name, payload := range payloads {
		if !strings.Contains(string(payload), "canary") {
			t.Fatalf("%s: no canary in it", name)
		}
		for _, tt := range faults() {
			synctest.Test(t, func(t *testing.T) {
				gate := make(chan struct{})
				q, l := &queue{script: tt.script(gate)}, &log{}
				for _, on := range []string{trigger.FailOpen, trigger.FailClosed} {
					h := trigger.New(q, &trigger.Options{Log: l, OnError: on, MetadataKeys: []string{"plan"}})
					if _, err := h.Invoke(t.Context(), payload); err != nil && strings.Contains(fmt.Sprintf("%+v %#v", err, err), "anary") {
						t.Errorf("%s, %s: the error says %v", name, tt.name, err)
					}
				}
				close(gate)
				synctest.Wait()
				if got := l.String(); got == "" || strings.Contains(strings.ToLower(got), "canary") || strings.Contains(got, "@") {
					t.Errorf("%s, %s: the log says\n%s", name, tt.name, got)
				}
			})
		}
	}
}

func TestTheMessageCarriesTheUserNameAndTheAllowedMetadataOnly(t *testing.T) {
	q := &queue{}
	invoke(t, trigger.New(q, &trigger.Options{Log: &log{}, MetadataKeys: []string{"plan"}}), marked(nil))
	body := q.accepted()[0]
	rest := strings.NewReplacer(`"user":"Google_canary-104"`, "", `"metadata":{"plan":"canary-plan"}`, "").Replace(body)
	if strings.Count(body, "canary") != 2 || strings.Contains(strings.ToLower(rest), "canary") {
		t.Errorf("the message carries more: %s", body)
	}
}
