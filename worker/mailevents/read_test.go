package mailevents_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich/connect/ses/mailtag"
	"github.com/postconfirm/postconfirm/enrich/connect/ses/pretend"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/mailevents"
)

func start() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func person() worker.Identity {
	return worker.Identity{Pool: "eu-west-1_Ab12cd34E", Sub: "6f9c4f9e-0a1b-4c2d-8e3f-000000000001", Generation: "spring 2026"}
}

// mail is one that the step "welcome" of the person's run sent.
func mail() pretend.Mail {
	id := person()
	generation, _ := mailtag.Encode(id.Generation)
	return pretend.Mail{ID: "0102018f-1", From: "hello@example.com", To: "canary@example.com", ConfigurationSet: "events",
		Tags: map[string]string{mailtag.Effect: id.Key() + "-welcome", mailtag.Pool: id.Pool, mailtag.Sub: id.Sub, mailtag.Generation: generation}}
}

// without is an event that lacks one of our tags, or has it as given.
func without(tag, instead string) []byte {
	m := mail()
	delete(m.Tags, tag)
	if instead != "" {
		m.Tags[tag] = instead
	}
	return m.Event("Send", start())
}

func TestAnEventIsReadInEveryWrapping(t *testing.T) {
	for eventType, kind := range map[string]mailevents.Kind{"Send": mailevents.Send, "DeliveryDelay": mailevents.DeliveryDelay,
		"Delivery": mailevents.Delivery, "Bounce": mailevents.Bounce, "Complaint": mailevents.Complaint, "Reject": mailevents.Reject,
		"Rendering Failure": mailevents.RenderingFailure, "RenderingFailure": mailevents.RenderingFailure} {
		raw := mail().Event(eventType, start())
		for wrapping, body := range map[string][]byte{"raw": raw, "in SNS's envelope": pretend.Envelope(raw),
			"by EventBridge": pretend.Bridged("Email Sent", raw), "by EventBridge and SNS": pretend.Envelope(pretend.Bridged("Email Sent", raw))} {
			got, err := mailevents.Read(body)
			want := mailevents.Event{Kind: kind, ID: person(), Step: "welcome", At: start()}
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%s, %s: %v (-want +got):\n%s", eventType, wrapping, err, diff)
			}
		}
	}
}

func TestWhatIsNoEventOfOursIsRefused(t *testing.T) {
	send := mail().Event("Send", start())
	replaced := func(old, by string) []byte {
		if !bytes.Contains(send, []byte(old)) {
			t.Fatalf("%s is not in the event", old)
		}
		return bytes.Replace(send, []byte(old), []byte(by), 1)
	}
	other, otherRun := person(), person()
	other.Sub = "6f9c4f9e-0a1b-4c2d-8e3f-000000000002"
	otherRun.Generation = "0"
	for name, c := range map[string]struct {
		body []byte
		want error
	}{
		"nothing":                      {nil, mailevents.ErrUnreadable},
		"text":                         {[]byte("Successfully validated SNS topic for Amazon SES event publishing."), mailevents.ErrUnreadable},
		"text in an envelope":          {pretend.Envelope([]byte("Successfully validated SNS topic")), mailevents.ErrUnreadable},
		"a list":                       {[]byte(`[1]`), mailevents.ErrUnreadable},
		"an object of somebody's":      {[]byte(`{"v":1}`), mailevents.ErrUnreadable},
		"half an event":                {send[:len(send)/2], mailevents.ErrUnreadable},
		"two events in one":            {append(send[:len(send):len(send)], send...), mailevents.ErrUnreadable},
		"three envelopes":              {pretend.Envelope(pretend.Envelope(pretend.Envelope(send))), mailevents.ErrUnreadable},
		"more than SQS has":            {replaced(`"send"`, `"`+strings.Repeat("s", event.MaxBody)+`"`), mailevents.ErrUnreadable},
		"a kind that is no text":       {replaced(`"eventType":"Send"`, `"eventType":1`), mailevents.ErrUnreadable},
		"a kind that is there twice":   {replaced(`"eventType":"Send"`, `"eventType":"Send","eventType":"Reject"`), mailevents.ErrUnreadable},
		"a mail that is there twice":   {replaced(`"mail":{`, `"mail":{},"mail":{`), mailevents.ErrUnreadable},
		"a mail that is none":          {[]byte(`{"eventType":"Send","mail":"x"}`), mailevents.ErrUnreadable},
		"no mail":                      {[]byte(`{"eventType":"Send"}`), mailevents.ErrUnreadable},
		"no time":                      {[]byte(`{"eventType":"Send","mail":{"tags":{}}}`), mailevents.ErrUnreadable},
		"a time that is none":          {[]byte(`{"eventType":"Send","mail":{"timestamp":"yesterday","tags":{}}}`), mailevents.ErrUnreadable},
		"keys in another case":         {[]byte(`{"EventType":"Send","Mail":{}}`), mailevents.ErrUnreadable},
		"SNS asking for confirmation":  {[]byte(`{"Type":"SubscriptionConfirmation","Message":"x","SubscribeURL":"https://sns.example.com"}`), mailevents.ErrForeign},
		"another service's event":      {[]byte(`{"source":"aws.s3","detail":` + string(send) + `}`), mailevents.ErrForeign},
		"an account's state":           {[]byte(`{"source":"aws.ses","detail-type":"Sending Status Enabled","detail":{"version":"1"}}`), mailevents.ErrUnreadable},
		"an opened mail":               {mail().Event("Open", start()), mailevents.ErrForeign},
		"a kind that nobody knows":     {mail().Event("Teleport", start()), mailevents.ErrForeign},
		"a mail without tags":          {[]byte(`{"eventType":"Send","mail":{"timestamp":"2026-03-01T12:00:00Z"}}`), mailevents.ErrForeign},
		"tags that are none":           {[]byte(`{"eventType":"Send","mail":{"timestamp":"2026-03-01T12:00:00Z","tags":[1]}}`), mailevents.ErrForeign},
		"no effect":                    {without(mailtag.Effect, ""), mailevents.ErrForeign},
		"no pool":                      {without(mailtag.Pool, ""), mailevents.ErrForeign},
		"no sub":                       {without(mailtag.Sub, ""), mailevents.ErrForeign},
		"no generation":                {without(mailtag.Generation, ""), mailevents.ErrForeign},
		"another person's effect":      {without(mailtag.Effect, other.Key()+"-welcome"), mailevents.ErrForeign},
		"another run's effect":         {without(mailtag.Effect, otherRun.Key()+"-welcome"), mailevents.ErrForeign},
		"an effect of no step":         {without(mailtag.Effect, person().Key()+"-"), mailevents.ErrForeign},
		"a generation not of our hand": {without(mailtag.Generation, "x-Zg=="), mailevents.ErrForeign},
		"a tag that is there twice":    {replaced(`"`+mailtag.Pool+`":[`, `"`+mailtag.Pool+`":["a"],"`+mailtag.Pool+`":[`), mailevents.ErrForeign},
		"a tag with two values":        {replaced(`"`+mailtag.Pool+`":[`, `"`+mailtag.Pool+`":["a",`), mailevents.ErrForeign},
		"a tag that is no list":        {replaced(`["eu-west-1_Ab12cd34E"]`, `"eu-west-1_Ab12cd34E"`), mailevents.ErrForeign},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := mailevents.Read(c.body)
			if !errors.Is(err, c.want) || got.Step != "" || got.ID != (worker.Identity{}) {
				t.Errorf("got %+v, %v, want %v", got, err, c.want)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	send := mail().Event("Send", start())
	for _, seed := range [][]byte{send, pretend.Envelope(send), pretend.Bridged("Email Sent", send), mail().Event("Rendering Failure", start()), []byte(`{}`),
		[]byte(`{"Type":"Notification","Message":"{\"eventType\":\"Send\"}"}`), []byte(`{"source":"aws.ses","detail":{}}`), []byte("\xff{"), nil} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		e, err := mailevents.Read(body)
		if !bytes.Equal(before, body) {
			t.Error("the body was changed")
		}
		if err != nil {
			if !errors.Is(err, mailevents.ErrForeign) && !errors.Is(err, mailevents.ErrUnreadable) || e.Step != "" {
				t.Errorf("got %+v, %v", e, err)
			}
			return
		}
		again, err := mailevents.Read(written(t, e))
		if e.At = e.At.UTC().Truncate(time.Millisecond); err != nil || !e.At.Equal(again.At) {
			t.Errorf("read again: %v at %v, %v", err, again.At, e.At)
		}
		if again.At = e.At; again != e {
			t.Errorf("got %+v, and then %+v", e, again)
		}
	})
}

// written is the event that says e.
func written(t *testing.T, e mailevents.Event) []byte {
	t.Helper()
	m := pretend.Mail{Tags: map[string]string{mailtag.Effect: e.ID.Key() + "-" + e.Step}}
	for name, value := range map[string]string{mailtag.Pool: e.ID.Pool, mailtag.Sub: e.ID.Sub, mailtag.Generation: e.ID.Generation} {
		tag, ok := mailtag.Encode(value)
		if !ok {
			t.Errorf("%s: %q was read from no tag", name, value)
		}
		m.Tags[name] = tag
	}
	eventType := map[mailevents.Kind]string{mailevents.Send: "Send", mailevents.DeliveryDelay: "DeliveryDelay", mailevents.Reject: "Reject",
		mailevents.RenderingFailure: "Rendering Failure", mailevents.Delivery: "Delivery", mailevents.Bounce: "Bounce", mailevents.Complaint: "Complaint"}[e.Kind]
	return m.Event(eventType, e.At)
}
