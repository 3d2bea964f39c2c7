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

// read takes the fields out of an event: one check that it is JSON, one pass over each object on the way to a field.
// Only exact spellings count: encoding/json would match them in any letter case and let the last one win. Attributes
// other than sub may be of any type; they are not looked at.
func read(payload []byte, keys []string) reading {
	if !event.Object(payload) {
		return reading{reason: eventUndecodable}
	}
	var in reading
	var trigger, region, pool, user, request, caller, attributes, sub, client json.RawMessage
	once := event.Pick(payload, event.Wanted{Key: "triggerSource", Into: &trigger}, event.Wanted{Key: "region", Into: &region},
		event.Wanted{Key: "userPoolId", Into: &pool}, event.Wanted{Key: "userName", Into: &user},
		event.Wanted{Key: "request", Into: &request}, event.Wanted{Key: "callerContext", Into: &caller})
	in.trigger, _ = event.String(trigger)
	if once && in.trigger != confirmed {
		in.ignored, in.reason = true, notASignup
		return in
	}
	if !once || !event.Pick(request, event.Wanted{Key: "userAttributes", Into: &attributes}) ||
		!event.Pick(attributes, event.Wanted{Key: "sub", Into: &sub}) ||
		!event.Pick(caller, event.Wanted{Key: "clientId", Into: &client}) {
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
	if len(keys) == 0 || !event.Pick(request, event.Wanted{Key: "clientMetadata", Into: &sent}) {
		return nil
	}
	kept := map[string]string{}
	for _, key := range keys {
		var raw json.RawMessage
		if !event.Pick(sent, event.Wanted{Key: key, Into: &raw}) {
			continue
		}
		if s, ok := event.String(raw); ok && len(s) <= event.MaxMetadataValue {
			kept[key] = s
		}
	}
	return kept
}
