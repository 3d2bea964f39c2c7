package trigger

import (
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/trigger/lines"
)

// The values of Explanation.Outcome; result lines have the same words.
const (
	Sent       = "sent"             // a confirmed sign-up
	Ignored    = "ignored"          // not a sign-up: handed back
	Unreadable = "event_unreadable" // handed back and logged, with reason event_undecodable or identity_…
)

// Explanation is what becomes of one event, before anything is done about it.
type Explanation struct {
	Outcome string         // Sent, Ignored or Unreadable
	Reason  string         // the stable code of a result line; "" when sent
	Source  string         // the event's triggerSource if it is a plain word, else "lines.Unprintable"; "" if there is none
	Message *event.Message // what goes to the queue, but for its time; nil when nothing does
}

// Explain reads an event as Invoke does, which is built on it, and does nothing else: no line, no send. keys are the
// client metadata keys that may travel, the first MaxMetadataKeys of them. It keeps nothing of payload.
func Explain(payload []byte, keys []string) Explanation {
	in := read(payload, keys[:min(len(keys), MaxMetadataKeys)])
	x := Explanation{Outcome: Sent, Reason: in.reason, Source: lines.Word(in.trigger)}
	switch {
	case in.ignored:
		x.Outcome = Ignored
	case in.reason != "":
		x.Outcome = Unreadable
	default:
		x.Message = &event.Message{
			Pool: in.pool, Region: in.region, User: in.user, Sub: in.sub, Client: in.client, Metadata: in.metadata,
			Generation: event.Onboarding, Source: event.SourceSignup,
		}
	}
	return x
}

// Why is the explanation as a sentence for people. It carries nothing of the event but its trigger source.
func (x Explanation) Why() string {
	switch x.Reason {
	case "":
		return "A confirmed sign-up, with everything that says who it is."
	case notASignup:
		if x.Source == "" || x.Source == lines.Unprintable {
			return "The event names no triggerSource that Cognito has; only " + confirmed + " is sent."
		}
		return "The event is a " + x.Source + "; only " + confirmed + " is sent."
	case eventUndecodable:
		return "This is not a JSON object."
	case identityMissing:
		return "One of userPoolId, userName and request.userAttributes.sub is absent, null or empty: nobody can say who is meant."
	case identityMalformed:
		return "One of userPoolId, userName and request.userAttributes.sub is no string, or longer than any that Cognito makes."
	case identityAmbiguous:
		return "A member that says who is meant is there twice: whichever is taken, it would be a guess."
	}
	return x.Reason
}
