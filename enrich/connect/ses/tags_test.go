package ses_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich/connect/ses/mailtag"
)

func TestAMailSaysWhichRunSentIt(t *testing.T) {
	const pool, sub = "eu-west-1_Ab12cd34E", "6f9c4f9e-0a1b-4c2d-8e3f-000000000001"
	for name, c := range map[string]struct {
		run  map[string]any
		want map[string]string
	}{
		"in four tags": {map[string]any{"key": "0a1b", "pool": pool, "sub": sub, "generation": "0"},
			map[string]string{mailtag.Effect: "0a1b-welcome", mailtag.Pool: pool, mailtag.Sub: sub, mailtag.Generation: "0"}},
		"with a generation that no tag can hold as it is": {map[string]any{"pool": pool, "sub": sub, "generation": "spring 2026"},
			map[string]string{mailtag.Effect: "0a1b-welcome", mailtag.Pool: pool, mailtag.Sub: sub, mailtag.Generation: "x-c3ByaW5nIDIwMjY"}},
		"without a generation that is too long": {map[string]any{"pool": pool, "sub": sub, "generation": strings.Repeat("g", 257)},
			map[string]string{mailtag.Effect: "0a1b-welcome", mailtag.Pool: pool, mailtag.Sub: sub}},
	} {
		t.Run(name, func(t *testing.T) {
			outbox, config := open(t)
			config.Template = "welcome"
			values := vars()
			values["run"] = c.run
			mail := sent(t, outbox, config, values)
			if diff := cmp.Diff(c.want, mail.Tags); diff != "" {
				t.Errorf("tags (-want +got):\n%s", diff)
			}
			for tag, value := range mail.Tags {
				if strings.Contains(strings.ToLower(tag+value), "canary") {
					t.Errorf("a personal value stands in the tag %s", tag)
				}
			}
		})
	}
}
