// Package event is the wire contract between the trigger and the worker: the message that stands on the queue for
// one confirmed user.
//
// It carries identity only: who, in which pool, when, and the few client metadata keys that were allowed by name.
// No e-mail, phone or name travels; the worker reads the pool, where the values are fresh and erasable.
//
// It promises: what [Message.Encode] writes, [Decode] of every later version reads; fields that this version does
// not know are kept; an encoded message is plain ASCII, so that SQS, which refuses some characters, accepts any name.
// It refuses, with a stable [Reason], whatever does not say clearly which user is meant. Only exact key spellings
// count, and a key given twice is no identity at all.
//
// Standard library only: the trigger Lambda pays for every dependency at each cold start.
package event

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// Version is the message version that this package writes, and the newest that it reads whole.
const Version = 1

// VersionSteps is the version of a message that has Steps. It is a version of its own so that a worker that does not know
// them keeps the message for a newer one, in place of running every step.
const VersionSteps = 2

// MaxMetadataValue is the largest client metadata value that travels, in bytes.
const MaxMetadataValue = 256

// The values of Message.Source.
const (
	SourceSignup    = "signup"    // the trigger saw the confirmation
	SourceReconcile = "reconcile" // found in the pool, missed by the trigger
	SourceBackfill  = "backfill"  // a deliberate second pass
)

// Onboarding is the generation of a user's first run, whoever enqueued it.
const Onboarding = "0"

// Message is one confirmed user on the queue, version 1, or 2 if it has Steps.
//
//	{ "v":          1,                        the version; a worker releases what is newer than it knows
//	  "pool":       "eu-west-1_Ab12cd34E",    the user pool; the worker has an allow-list
//	  "region":     "eu-west-1",              must be the pool's prefix
//	  "user":       "6f9c4f9e-…",             Cognito's Username: may be reused by another person after deletion
//	  "sub":        "6f9c4f9e-…",             never reused: this is the person
//	  "generation": "0",                      "0" = onboarding; a backfill has a name of its own
//	  "source":     "signup",                 who enqueued it: signup | reconcile | backfill
//	  "client":     "4k2…",                   app client, or CLIENT_ID_NOT_APPLICABLE for admin calls
//	  "at":         "2026-01-02T03:04:05Z",   the sender's clock: informative, SQS's SentTimestamp is the arbiter
//	  "metadata":   { "plan": "pro" },        allow-listed clientMetadata, each value ≤ 256 bytes
//	  "reopens":    2,                        how often an operator had reopened the run; absent for never
//	  "pipeline":   "9f86d081…",              hash of the pipeline file to use; absent for the worker's own
//	  "steps":      ["company"],              version 2 only, and always there: the steps to run, no others
//	  …                                       anything else is kept in Unknown and written back
//	}
type Message struct {
	Pool       string
	Region     string
	User       string
	Sub        string
	Generation string
	Source     string
	Client     string
	At         time.Time // in UTC; zero when absent or unreadable
	Metadata   map[string]string
	Reopens    int                        // how often an operator had reopened the run when this was sent; never negative
	Pipeline   string                     // hash of the pipeline file that an operator wants used; "" is the worker's own
	Steps      []string                   // only these steps are run, none if it is empty; nil is all
	Unknown    map[string]json.RawMessage // members that version 1 does not name: their values in ASCII, on one line
}

// Key is the run key of the message: see RunKey. A message without a generation is of Onboarding, as Decode reads it.
func (m Message) Key() string { return RunKey(m.Pool, m.Sub, cmp.Or(m.Generation, Onboarding)) }

// Encode writes the message as version 1, or VersionSteps if Steps is not nil: one line, plain ASCII, always valid JSON. Empty members are left out, and so
// is what could not be read back: a time beyond the years 1 to 9999, a metadata key that is not UTF-8, and a member of
// Unknown that has the name of a known one, a name that is not UTF-8, or a value that is not JSON. Encode sets no limit
// on the size; Decode refuses what is larger than MaxBody.
func (m Message) Encode() []byte {
	b := strconv.AppendInt(append(make([]byte, 0, 512), `{"v":`...), int64(m.version()), 10)
	for _, f := range []struct{ key, value string }{
		{"pool", m.Pool}, {"region", m.Region}, {"user", m.User}, {"sub", m.Sub},
		{"generation", m.Generation}, {"source", m.Source}, {"client", m.Client}, {"at", stamp(m.At)}, {"pipeline", m.Pipeline},
	} {
		if f.value != "" {
			b = appendMember(b, f.key, f.value)
		}
	}
	b = appendMetadata(b, m.Metadata)
	if m.Reopens > 0 {
		b = strconv.AppendInt(append(b, `,"reopens":`...), int64(m.Reopens), 10)
	}
	b = appendSteps(b, m.Steps)
	for _, k := range slices.Sorted(maps.Keys(m.Unknown)) {
		if utf8.ValidString(k) && !known(k) && json.Valid(m.Unknown[k]) {
			b = AppendString(append(b, ','), k)
			b = appendRaw(append(b, ':'), m.Unknown[k])
		}
	}
	return append(b, '}')
}

func (m Message) version() int {
	if m.Steps != nil {
		return VersionSteps
	}
	return Version
}

func appendSteps(b []byte, steps []string) []byte {
	if steps == nil {
		return b
	}
	b = append(b, `,"steps":[`...)
	for i, id := range steps {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendString(b, id)
	}
	return append(b, ']')
}

// known tells whether a version gives this member a meaning.
func known(key string) bool {
	switch key {
	case "v", "pool", "region", "user", "sub", "generation", "source", "client", "at", "metadata", "reopens", "pipeline", "steps":
		return true
	}
	return false
}

func appendMetadata(b []byte, metadata map[string]string) []byte {
	if len(metadata) == 0 {
		return b
	}
	b = append(b, `,"metadata":{`...)
	first := true
	for _, k := range slices.Sorted(maps.Keys(metadata)) {
		if !utf8.ValidString(k) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = AppendString(b, k)
		b = AppendString(append(b, ':'), metadata[k])
	}
	return append(b, '}')
}

func appendMember(b []byte, key, value string) []byte {
	b = AppendString(append(b, ','), key)
	return AppendString(append(b, ':'), value)
}

// stamp writes a time in UTC; "" for the zero time and for years that RFC 3339 cannot write.
func stamp(t time.Time) string {
	t = t.UTC()
	if t.IsZero() || t.Year() < 1 || t.Year() > 9999 {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}
