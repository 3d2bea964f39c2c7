package event

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// MaxBody is the largest message that is read, in bytes: the limit of SQS (SendMessage, Amazon SQS API reference).
const MaxBody = 1 << 20

// Reason says, in a word that stays stable between versions, why a body is not a message.
type Reason string

// The reasons of Decode.
const (
	BodyEmpty         Reason = "body_empty"         // no bytes, or only spaces
	BodyTooLarge      Reason = "body_too_large"     // more than MaxBody
	BodyUndecodable   Reason = "body_undecodable"   // not a JSON object
	BodySchema        Reason = "body_schema"        // an object, but not of this contract
	EnvelopeUnknown   Reason = "envelope_unknown"   // another service's envelope: SNS, EventBridge, S3, a Lambda destination
	VersionUnknown    Reason = "version_unknown"    // a newer version than this package knows
	IdentityMissing   Reason = "identity_missing"   // pool, user or sub is not there
	IdentityAmbiguous Reason = "identity_ambiguous" // a member is there twice
)

// Error is what Decode returns: a Reason, and detail without any value of the body.
type Error struct {
	Reason Reason
	Detail string
}

// Error gives the reason and its detail.
func (e *Error) Error() string { return string(e.Reason) + ": " + e.Detail }

// Decode reads a body from the queue. Its errors are always *Error, and the message is empty then. What is optional
// and unreadable (the time, a metadata value that is no string, too long or there twice) is dropped; identity is never
// guessed. The message keeps nothing of body, which may be used again.
func Decode(body []byte) (Message, error) {
	members, err := read(body)
	if err != nil {
		return Message{}, err
	}
	if err := checkVersion(members); err != nil {
		return Message{}, err
	}
	m := Message{Generation: Onboarding, Source: SourceSignup}
	if m.Steps, err = steps(members["steps"]); err != nil {
		return Message{}, err
	}
	for _, f := range []struct {
		key  string
		into *string
	}{
		{"pool", &m.Pool}, {"region", &m.Region}, {"user", &m.User}, {"sub", &m.Sub},
		{"generation", &m.Generation}, {"source", &m.Source}, {"client", &m.Client}, {"pipeline", &m.Pipeline},
	} {
		if err := take(members, f.key, f.into); err != nil {
			return Message{}, err
		}
	}
	m.At = when(members["at"])
	m.Metadata = metadata(members["metadata"])
	m.Reopens = reopens(members["reopens"])
	m.Unknown = unknown(members)
	if err := m.identified(); err != nil {
		return Message{}, err
	}
	return m, nil
}

// when reads the sender's time; zero for what is no time that Encode could write again.
func when(raw json.RawMessage) time.Time {
	s, _ := String(raw)
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || stamp(at) == "" {
		return time.Time{}
	}
	return at.UTC()
}

// reopens reads a count; 0 for what is none.
func reopens(raw json.RawMessage) int {
	n, err := strconv.ParseInt(string(raw), 10, 32)
	if err != nil || n < 0 {
		return 0
	}
	return int(n)
}

// unknown keeps a copy of what version 1 does not name.
func unknown(members map[string]json.RawMessage) map[string]json.RawMessage {
	var kept map[string]json.RawMessage
	for key, value := range members {
		if known(key) {
			continue
		}
		if kept == nil {
			kept = map[string]json.RawMessage{}
		}
		kept[key] = appendRaw(nil, value)
	}
	return kept
}

// identified refuses a message that does not say who is meant.
func (m Message) identified() error {
	for _, f := range [...][2]string{{"pool", m.Pool}, {"user", m.User}, {"sub", m.Sub}} {
		if f[1] == "" {
			return &Error{IdentityMissing, f[0] + " is missing"}
		}
	}
	return nil
}

// read turns the body into its members, exact in case, each there once.
func read(body []byte) (map[string]json.RawMessage, error) {
	switch {
	case len(body) > MaxBody:
		return nil, &Error{BodyTooLarge, fmt.Sprintf("%d bytes", len(body))}
	case blank(body):
		return nil, &Error{BodyEmpty, "no bytes"}
	case !json.Valid(body):
		return nil, &Error{BodyUndecodable, "not JSON"}
	case !Object(body):
		return nil, &Error{BodySchema, "not an object"}
	}
	members := map[string]json.RawMessage{}
	for key, value := range Members(body) {
		if _, twice := members[key]; twice {
			return nil, &Error{IdentityAmbiguous, "a member is there twice"}
		}
		members[key] = value
	}
	return members, nil
}

func blank(body []byte) bool {
	for _, c := range body {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return false
		}
	}
	return true
}

func checkVersion(members map[string]json.RawMessage) error {
	raw, ok := members["v"]
	if !ok {
		for _, mark := range []string{"TopicArn", "detail-type", "Records", "Event", "requestContext", "responsePayload"} {
			if _, found := members[mark]; found {
				return &Error{EnvelopeUnknown, "this is another service's envelope (" + mark + ")"}
			}
		}
		return &Error{BodySchema, "v is missing"}
	}
	v, err := strconv.Atoi(string(raw))
	switch {
	case err != nil || v < 1:
		return &Error{BodySchema, "v is not a version"}
	case v > VersionSteps:
		return &Error{VersionUnknown, "v is " + strconv.Itoa(v) + ", this program knows " + strconv.Itoa(VersionSteps)}
	case v == VersionSteps && !given(members["steps"]):
		return &Error{VersionUnknown, "v is " + strconv.Itoa(v) + ", which this program knows with steps only"}
	case v < VersionSteps && given(members["steps"]):
		return &Error{BodySchema, "steps are for version " + strconv.Itoa(VersionSteps)}
	}
	return nil
}

// given tells whether a member is there and not null.
func given(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// steps reads the chosen steps: nil if none were given, never nil else. A choice that can't be read is no choice of all.
func steps(raw json.RawMessage) ([]string, error) {
	if !given(raw) {
		return nil, nil
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return nil, &Error{BodySchema, "steps is not a list"}
	}
	chosen := make([]string, len(list))
	for i, item := range list {
		id, ok := String(item)
		if !ok {
			return nil, &Error{BodySchema, "steps has something else than strings"}
		}
		chosen[i] = id
	}
	return chosen, nil
}

// take moves a string member into its field; absent and null leave the default.
func take(members map[string]json.RawMessage, key string, into *string) error {
	raw, ok := members[key]
	if !ok || string(raw) == "null" {
		return nil
	}
	s, ok := String(raw)
	if !ok {
		return &Error{BodySchema, key + " is not a string"}
	}
	if s != "" {
		*into = s
	}
	return nil
}

// metadata keeps string values within MaxMetadataValue; the rest was not written by our trigger and is dropped.
func metadata(raw json.RawMessage) map[string]string {
	var kept map[string]string
	seen := map[string]bool{}
	for key, value := range Members(raw) {
		s, ok := String(value)
		if seen[key] {
			delete(kept, key)
		} else if ok && len(s) <= MaxMetadataValue {
			if kept == nil {
				kept = map[string]string{}
			}
			kept[key] = s
		}
		seen[key] = true
	}
	if len(kept) == 0 {
		return nil
	}
	return kept
}
