package mailevents

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/enrich/connect/ses/mailtag"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
)

// Event is what SES tells of one mail of ours.
type Event struct {
	Kind Kind
	ID   worker.Identity // of the run that sent it; without Source and Client
	Step string          // what is behind the run key in the effect key: the id of the step, and "-2" if it is done for the third time
	At   time.Time       // when SES took the mail, by SES's clock
}

// The errors of Read. They carry nothing of the body.
var (
	// ErrUnreadable says that a body is no event of SES.
	ErrUnreadable = errors.New("mail event: read: this is no event of SES")
	// ErrForeign says that an event tells nothing about a mail of ours.
	ErrForeign = errors.New("mail event: read: the event is not about a mail of ours")
)

// envelopes is how many envelopes are opened: EventBridge's in that of SNS.
const envelopes = 2

// Read reads the body of a message: an event as SES publishes it to SNS, raw or in SNS's envelope, or as EventBridge
// carries it (Amazon SES developer guide, "Examples of event data that Amazon SES publishes to Amazon SNS"; Amazon SNS
// developer guide, "Raw message delivery"; Amazon EventBridge events reference, "Amazon Simple Email Service events").
// Keys count in their exact spelling, and none twice. The error is ErrForeign or ErrUnreadable, and the Event has its
// kind at most then. Nothing of body is kept.
func Read(body []byte) (Event, error) {
	for range envelopes + 1 {
		if len(body) > event.MaxBody || !event.Object(body) {
			return Event{}, ErrUnreadable
		}
		var eventType, mail, envelope, message, source, detail json.RawMessage
		if !event.Pick(body, event.Wanted{Key: "eventType", Into: &eventType}, event.Wanted{Key: "mail", Into: &mail},
			event.Wanted{Key: "Type", Into: &envelope}, event.Wanted{Key: "Message", Into: &message},
			event.Wanted{Key: "source", Into: &source}, event.Wanted{Key: "detail", Into: &detail}) {
			return Event{}, ErrUnreadable
		}
		inner, fromSNS := event.String(message)
		switch {
		case eventType != nil:
			return read(eventType, mail)
		case string(envelope) == `"Notification"` && fromSNS:
			body = []byte(inner)
		case string(source) == `"aws.ses"` && detail != nil:
			body = detail
		case envelope != nil, source != nil:
			return Event{}, ErrForeign // another service's event, or SNS asking for a confirmation
		default:
			return Event{}, ErrUnreadable
		}
	}
	return Event{}, ErrUnreadable
}

// read reads the two members of an event that matter.
func read(eventType, mail json.RawMessage) (Event, error) {
	name, ok := event.String(eventType)
	if !ok {
		return Event{}, ErrUnreadable
	}
	e := Event{Kind: kindOf(name)}
	var stamp, tags json.RawMessage
	if !event.Object(mail) || !event.Pick(mail, event.Wanted{Key: "timestamp", Into: &stamp}, event.Wanted{Key: "tags", Into: &tags}) {
		return Event{Kind: e.Kind}, ErrUnreadable
	}
	when, _ := event.String(stamp)
	at, err := time.Parse(time.RFC3339Nano, when)
	if err != nil {
		return Event{Kind: e.Kind}, ErrUnreadable
	}
	if e.At = at; e.Kind == Other || !e.whose(tags) {
		return Event{Kind: e.Kind}, ErrForeign
	}
	return e, nil
}

// whose reads the tags: all four, each there once, and of one run.
func (e *Event) whose(tags json.RawMessage) bool {
	var effect, pool, sub, generation json.RawMessage
	if !event.Pick(tags, event.Wanted{Key: mailtag.Effect, Into: &effect}, event.Wanted{Key: mailtag.Pool, Into: &pool},
		event.Wanted{Key: mailtag.Sub, Into: &sub}, event.Wanted{Key: mailtag.Generation, Into: &generation}) {
		return false
	}
	for _, part := range []struct {
		raw  json.RawMessage
		into *string
	}{{pool, &e.ID.Pool}, {sub, &e.ID.Sub}, {generation, &e.ID.Generation}} {
		value, ok := mailtag.Decode(only(part.raw))
		if !ok {
			return false
		}
		*part.into = value
	}
	step, ok := strings.CutPrefix(only(effect), e.ID.Key()+"-")
	e.Step = step
	return ok && step != ""
}

// only is the value of a tag; SES writes each as a list of one. "" for anything else.
func only(raw json.RawMessage) string {
	var values []string
	if raw == nil || json.Unmarshal(raw, &values) != nil || len(values) != 1 {
		return ""
	}
	return values[0]
}
