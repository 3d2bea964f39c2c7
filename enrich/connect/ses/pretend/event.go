package pretend

import (
	"encoding/json"
	"time"
)

// Event is an event about a mail, as a configuration set publishes it to SNS with raw delivery: eventType is "Send",
// "Delivery", "Bounce", "Complaint", "Reject" or "Rendering Failure", and at is when SES took the mail (Amazon SES
// developer guide, "Examples of event data that Amazon SES publishes to Amazon SNS"). As there, the address of the
// recipient stands in it.
func (m Mail) Event(eventType string, at time.Time) []byte {
	tags := map[string][]string{"ses:configuration-set": {m.ConfigurationSet}, "ses:operation": {"SendEmail"}}
	for name, value := range m.Tags {
		tags[name] = []string{value}
	}
	stamp := at.UTC().Format("2006-01-02T15:04:05.000Z")
	detail := map[string]string{"Send": "send", "Delivery": "delivery", "Bounce": "bounce", "Complaint": "complaint", "Reject": "reject",
		"Rendering Failure": "failure"}[eventType]
	return encode(map[string]any{"eventType": eventType, detail: map[string]any{"timestamp": stamp},
		"mail": map[string]any{"timestamp": stamp, "source": m.From, "sendingAccountId": "123456789012", "messageId": m.ID,
			"destination": []string{m.To}, "headersTruncated": false, "headers": []map[string]string{{"name": "To", "value": m.To}},
			"commonHeaders": map[string]any{"to": []string{m.To}, "messageId": m.ID}, "tags": tags}})
}

// Envelope is an event in the envelope of SNS, as a subscription without raw delivery has it (Amazon SNS developer
// guide, "Parsing message formats").
func Envelope(event []byte) []byte {
	return encode(map[string]any{"Type": "Notification", "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
		"TopicArn": "arn:aws:sns:eu-west-1:123456789012:mails", "Subject": "Amazon SES Email Event Notification", "Message": string(event),
		"Timestamp": "2026-03-01T12:00:00.000Z", "SignatureVersion": "1", "Signature": "none"})
}

// Bridged is an event as EventBridge carries it (Amazon EventBridge events reference, "Amazon Simple Email Service
// events"); detailType is as "Email Sent".
func Bridged(detailType string, event []byte) []byte {
	return encode(map[string]any{"version": "0", "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718", "detail-type": detailType, "source": "aws.ses",
		"account": "123456789012", "time": "2026-03-01T12:00:00Z", "region": "eu-west-1", "resources": []string{}, "detail": json.RawMessage(event)})
}

// encode writes what can always be written.
func encode(v any) []byte {
	raw, _ := json.Marshal(v)
	return raw
}
