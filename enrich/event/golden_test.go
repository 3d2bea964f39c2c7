package event_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich/event"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden are the messages whose bytes are fixed: an older program wrote them, every newer one must read them.
func golden() map[string]event.Message {
	who := event.Message{
		Pool: "eu-west-1_Ab12cd34E", User: "6f9c4f9e-0a1b-4c2d-8e3f-112233445566", Sub: "6f9c4f9e-0a1b-4c2d-8e3f-112233445566",
		Generation: event.Onboarding, Source: event.SourceSignup,
	}
	full := who
	full.Region, full.Client = "eu-west-1", "4k2example3client4id"
	full.At = time.Date(2026, 1, 2, 3, 4, 5, 678000000, time.UTC)
	full.Metadata = map[string]string{"plan": "pro", "campaign": "winter 2026"}

	unknown := full
	unknown.Source, unknown.Generation = event.SourceBackfill, "2026-crm"
	unknown.Unknown = map[string]json.RawMessage{
		"trace":    json.RawMessage(`"1-67891233-abcdef012345678912345678"`),
		"priority": json.RawMessage(`{"level":1e400,"why":"gr\u00fcn","digits":1234567890123456789012345678901234567890}`),
		"empty":    json.RawMessage(`null`),
	}

	hostile := who
	hostile.User = "Google_\x00\n\t\"\\\u202e\u200b\uffff\ufffe😀é\x7f</script>"
	hostile.Metadata = map[string]string{"naïve\u2028": "\x1b[31mred\r\n", "__proto__": "{}"}
	return map[string]event.Message{"minimal": who, "full": full, "unknown-fields": unknown, "hostile-names": hostile}
}

func TestGoldenMessages(t *testing.T) {
	for name, m := range golden() {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(path, append(m.Encode(), '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(m.Encode())+"\n"); diff != "" {
				t.Errorf("the bytes of version 1 changed (-file +now):\n%s", diff)
			}
			got, err := event.Decode(want)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(m, got); diff != "" {
				t.Errorf("the file reads differently (-meant +read):\n%s", diff)
			}
		})
	}
}
