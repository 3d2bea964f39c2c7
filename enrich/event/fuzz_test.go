package event_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich/event"
)

// FuzzDecode: no body makes it panic, every refusal has a reason, and whatever is read reads the same after it was
// written again.
func FuzzDecode(f *testing.F) {
	for _, tt := range badBodies() {
		if len(tt.body) < 1<<12 {
			f.Add([]byte(tt.body))
		}
	}
	for _, m := range golden() {
		f.Add(m.Encode())
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		first, err := event.Decode(raw)
		if reasonOf(t, err) != "" {
			return
		}
		again := first.Encode()
		onWire(t, again)
		second, err := event.Decode(again)
		if reason := reasonOf(t, err); reason != "" && len(again) <= event.MaxBody {
			t.Fatalf("read once, then refused: %v\n%s", err, again)
		} else if reason == event.BodyTooLarge {
			return
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Fatalf("%s\n%s", diff, again)
		}
		if !bytes.Equal(again, second.Encode()) || first.Key() != second.Key() {
			t.Fatal("a second writing differs")
		}
	})
}

// FuzzMembers: on objects without duplicate keys the walker and encoding/json agree, member by member and byte by
// byte; on anything else that is no object it yields nothing.
func FuzzMembers(f *testing.F) {
	for _, raw := range []string{
		`{}`, ` { "a" : 1 , "b":[{"c":"]}"}],"\u0061b":"\\\"" } `, `{"a":{"a":{"a":[[[]]]}}}`, `{"a":1,"a":2}`, `[{}]`, `{"a":`, ``,
		"{\"\xff\":\"\xfe\"}", `{"😀":-0.0e-0,"t":true,"n":null}`, `{"":""}`, `{"a":1}{`,
	} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, count := map[string]string{}, 0
		for key, value := range event.Members(raw) {
			got[key] = string(value)
			count++
		}
		var std map[string]json.RawMessage
		err := json.Unmarshal(raw, &std)
		if object := err == nil && std != nil; object != event.Object(raw) {
			t.Fatalf("Object says %v of %q, encoding/json %v", event.Object(raw), raw, err)
		}
		if count != len(got) {
			return // a key came twice, where the two differ on purpose
		}
		want := map[string]string{}
		for key, value := range std {
			want[key] = string(value)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s\n%q", diff, raw)
		}
	})
}
