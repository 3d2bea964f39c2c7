package event_test

import (
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich/event"
)

func TestRunKeyNeverChanges(t *testing.T) {
	// Computed by another program from the description: SHA-256 of each part after its length as eight bytes, big end
	// first; the first 16 bytes in base32hex.
	for _, v := range []struct{ pool, sub, generation, want string }{
		{"eu-west-1_Ab12cd34E", "6f9c4f9e-0a1b-4c2d-8e3f-112233445566", "0", "a52pp684obmd36t84i4is9v8ic"},
		{"eu-west-1_Ab12cd34E", "6f9c4f9e-0a1b-4c2d-8e3f-112233445566", "2026-crm", "podn01fdd1raui1mcsttfbkbj8"},
		{"", "", "", "ofl3i3kq693tv5raj6jfk6ue6g"},
	} {
		if got := event.RunKey(v.pool, v.sub, v.generation); got != v.want {
			t.Errorf("RunKey(%q, %q, %q) = %s, want %s", v.pool, v.sub, v.generation, got, v.want)
		}
	}
}

func TestNoTwoUsersAreSpelledIntoOneKey(t *testing.T) {
	seen := map[string][3]string{}
	for _, parts := range [][3]string{
		{"ab", "c", "0"}, {"a", "bc", "0"}, {"abc", "", "0"}, {"", "abc", "0"}, {"abc", "0", ""}, {"a", "b", "c0"},
		{"ab", "", "c0"}, {"a\x00", "b", "0"}, {"a", "\x00b", "0"}, {"a/b", "c", "0"}, {"a", "b/c", "0"},
		{"a", "A", "0"}, {"A", "a", "0"}, {"a", "a", "0"}, {"a", "a", "1"}, {"postconfirm/run/1", "a", "a"},
	} {
		key := event.RunKey(parts[0], parts[1], parts[2])
		if other, found := seen[key]; found {
			t.Errorf("%q and %q share %s", parts, other, key)
		}
		if len(key) != 26 || strings.Trim(key, "0123456789abcdefghijklmnopqrstuv") != "" {
			t.Errorf("%q is not 26 characters of 0-9 and a-v", key)
		}
		seen[key] = parts
	}
}

func TestAMessageWithoutGenerationHasTheKeyThatItsReaderComputes(t *testing.T) {
	sent := event.Message{Pool: "p", User: "u", Sub: "s"}
	read, err := event.Decode(sent.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if sent.Key() != read.Key() || read.Key() != event.RunKey("p", "s", event.Onboarding) {
		t.Errorf("sender %s, reader %s", sent.Key(), read.Key())
	}
}
