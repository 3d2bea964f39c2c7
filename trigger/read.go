package trigger

import (
	"encoding/json"

	"github.com/postconfirm/postconfirm/enrich/event"
)

// confirmed is the one trigger source that is sent. ConfirmForgotPassword reaches the same function, but that user
// signed up long ago (Amazon Cognito Developer Guide, Post confirmation Lambda trigger).
const confirmed = "PostConfirmation_ConfirmSignUp"

// maxField is the largest field that is read, in bytes. Cognito's own limits are below it: a user name has 128
// characters, an attribute 2,048 (Amazon Cognito Developer Guide, quotas).
const maxField = 2048

// The reasons of an event that is not sent.
const (
	notASignup        = "not_a_signup"       // ignored: another trigger source, or none
	eventUndecodable  = "event_undecodable"  // not a JSON object
	identityMissing   = "identity_missing"   // pool, user name or sub is absent, null or empty
	identityMalformed = "identity_malformed" // one of them is no string, or longer than maxField
	identityAmbiguous = "identity_ambiguous" // one of the members that are read is there twice
)

// reading is what the handler takes from an event, as copies.
type reading struct {
	trigger, pool, region, user, sub, client string

	metadata map[string]string
	ignored  bool
	reason   string // why it is not sent; "" when it is
}

// read takes the fields out of an event. Only exact spellings count: encoding/json would match them in any letter
// case and let the last one win. Attributes other than sub may be of any type; they are not looked at.
func read(payload []byte, keys []string) reading {
	if !event.Object(payload) {
		return reading{reason: eventUndecodable}
	}
	var in reading
	var trigger, region, pool, user, request, caller, attributes, sub, client json.RawMessage
	once := pick(payload, member{"triggerSource", &trigger}, member{"region", &region}, member{"userPoolId", &pool},
		member{"userName", &user}, member{"request", &request}, member{"callerContext", &caller})
	in.trigger, _ = event.String(trigger)
	if once && in.trigger != confirmed {
		in.ignored, in.reason = true, notASignup
		return in
	}
	if !once || !pick(request, member{"userAttributes", &attributes}) || !pick(attributes, member{"sub", &sub}) ||
		!pick(caller, member{"clientId", &client}) {
		in.reason = identityAmbiguous
		return in
	}
	for _, f := range []struct {
		raw  json.RawMessage
		into *string
	}{{pool, &in.pool}, {user, &in.user}, {sub, &in.sub}} {
		if in.reason = text(f.raw, f.into); in.reason != "" {
			return in
		}
	}
	text(region, &in.region) // not identity: unreadable is absent
	text(client, &in.client)
	in.metadata = allowed(request, keys)
	return in
}

// member is one wanted member of an object, and where its value goes.
type member struct {
	key  string
	into *json.RawMessage
}

// pick fills the wanted members of an object; false when one of them is there twice.
func pick(object json.RawMessage, wanted ...member) bool {
	for key, value := range event.Members(object) {
		for _, w := range wanted {
			if w.key != key {
				continue
			}
			if *w.into != nil {
				return false
			}
			*w.into = value
		}
	}
	return true
}

// text reads a string field; what stands against it is the reason.
func text(raw json.RawMessage, into *string) (reason string) {
	if raw == nil || string(raw) == "null" || string(raw) == `""` {
		return identityMissing
	}
	s, ok := event.String(raw)
	if !ok || len(s) > maxField {
		return identityMalformed
	}
	*into = s
	return ""
}

// allowed keeps the client metadata of the keys allowed by name: strings of at most event.MaxMetadataValue bytes, each
// key there once. The map comes from the client, unchecked (Amazon Cognito API Reference, ConfirmSignUp), and Cognito
// doesn't store it, so it travels with the message or not at all.
func allowed(request json.RawMessage, keys []string) map[string]string {
	var sent json.RawMessage
	if len(keys) == 0 || !pick(request, member{"clientMetadata", &sent}) {
		return nil
	}
	kept := map[string]string{}
	for _, key := range keys {
		var raw json.RawMessage
		if !pick(sent, member{key, &raw}) {
			continue
		}
		if s, ok := event.String(raw); ok && len(s) <= event.MaxMetadataValue {
			kept[key] = s
		}
	}
	return kept
}
