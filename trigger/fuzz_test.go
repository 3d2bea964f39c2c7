package trigger_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/trigger"
)

// FuzzInvoke: whatever Cognito hands in and whatever the queue does at once, the same bytes come back, nothing
// panics, every line is JSON, no line has a canary that stands where personal data stands, and what is sent can be read.
func FuzzInvoke(f *testing.F) {
	for _, tt := range badEvents() {
		if len(tt.payload) < 1<<12 {
			f.Add(tt.payload, byte(0))
		}
	}
	f.Add(testdata(f, "signup-event.json"), byte(1))
	f.Add(testdata(f, "console-test-event.json"), byte(2))
	f.Add(marked(nil), byte(3))
	moods := []answer{accept, refuse(errDenied), panics, exits} // those that aren't tried again: no clock runs here
	f.Fuzz(func(t *testing.T, payload []byte, mood byte) {
		q, l := &queue{script: []answer{moods[int(mood)%len(moods)]}}, &log{}
		before := bytes.Clone(payload)
		h := trigger.New(q, &trigger.Options{Log: l, MetadataKeys: []string{"plan", "clientMetadata", ""}})
		back, err := h.Invoke(t.Context(), payload)
		same(t, payload, back, err)
		if !bytes.Equal(before, payload) {
			t.Fatal("the event was changed")
		}
		if l.result(t).Outcome == "" {
			t.Fatalf("no outcome: %s", l)
		}
		if strings.Contains(strings.ToLower(l.String()), "canary") && !tellable(payload) {
			t.Fatalf("a line tells what is personal: %s", l)
		}
		for _, body := range q.accepted() {
			if _, err := event.Decode([]byte(body)); err != nil || !json.Valid([]byte(body)) {
				t.Fatalf("%v: %s", err, body)
			}
		}
	})
}

// tellable tells whether a canary stands in one of the members that lines may show.
func tellable(payload []byte) bool {
	x := trigger.Explain(payload, nil)
	shown := x.Source
	if x.Message != nil {
		shown += x.Message.Pool + x.Message.Region + x.Message.Sub + x.Message.Client
	}
	return strings.Contains(strings.ToLower(shown), "canary")
}

// discard is a queue that costs nothing.
type discard struct{}

func (discard) Send(context.Context, []byte, string) error { return nil }

func BenchmarkInvoke(b *testing.B) {
	for name, file := range map[string]string{"a sign-up": "signup-event.json", "an ignored event": "console-test-event.json"} {
		b.Run(name, func(b *testing.B) {
			payload := testdata(b, file)
			h := trigger.New(discard{}, &trigger.Options{Log: io.Discard, MetadataKeys: []string{"plan"}})
			b.ReportAllocs()
			b.SetBytes(int64(len(payload)))
			for b.Loop() {
				if _, err := h.Invoke(b.Context(), payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
