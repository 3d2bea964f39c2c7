package sqs

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// senderID stands for the caller's IAM identity, which nobody checks here.
const senderID = "AIDALOCALCLOUD0000000"

// received is a message as ReceiveMessage gives it out.
type received struct {
	MessageId              string
	ReceiptHandle          string
	Body                   string
	MD5OfBody              string
	Attributes             map[string]string    `json:",omitempty"`
	MessageAttributes      map[string]attribute `json:",omitempty"`
	MD5OfMessageAttributes string               `json:",omitempty"` // of those given out
}

// show gives out what the caller asked to see of a message. The caller holds the lock.
func (in *receiveInput) show(q *queue, m *message) received {
	r := received{
		MessageId: m.id, Body: m.body, MD5OfBody: m.bodyMD5,
		ReceiptHandle: receipt{queue: q.number, message: m.number, receive: m.receives}.String(),
	}
	for _, names := range [][]string{in.AttributeNames, in.MessageSystemAttributeNames} {
		for _, name := range names {
			r.addSystem(name, m)
		}
	}
	for name, a := range m.attributes {
		if wanted(name, in.MessageAttributeNames) {
			if r.MessageAttributes == nil {
				r.MessageAttributes = map[string]attribute{}
			}
			r.MessageAttributes[name] = a
		}
	}
	r.MD5OfMessageAttributes = attributesMD5(r.MessageAttributes)
	return r
}

// The system attributes that a message may have here, and the names that are known and never have a value on a
// standard queue (SQS API Reference, ReceiveMessage).
var (
	systemNames = []string{
		"SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp",
		"MessageGroupId", "AWSTraceHeader", "DeadLetterQueueSourceArn",
	}
	voidNames = []string{"SequenceNumber", "MessageDeduplicationId", "SqsManagedSseEnabled"}
)

func checkSystemNames(names []string) error {
	for _, name := range names {
		if name != "All" && !slices.Contains(systemNames, name) && !slices.Contains(voidNames, name) {
			return unknownAttribute(name)
		}
	}
	return nil
}

func (r *received) addSystem(name string, m *message) {
	if name == "All" {
		for _, each := range systemNames {
			r.addSystem(each, m)
		}
		return
	}
	if value := m.system(name); value != "" {
		if r.Attributes == nil {
			r.Attributes = map[string]string{}
		}
		r.Attributes[name] = value
	}
}

// system is the value of a system attribute, "" if the message has none of that name. Times are in milliseconds.
func (m *message) system(name string) string {
	switch name {
	case "SenderId":
		return senderID
	case "SentTimestamp":
		return millis(m.stamped)
	case "ApproximateReceiveCount":
		return strconv.Itoa(m.receives)
	case "ApproximateFirstReceiveTimestamp":
		return millis(m.firstReceive)
	case "MessageGroupId":
		return m.group
	case "AWSTraceHeader":
		return m.trace
	case "DeadLetterQueueSourceArn":
		return m.deadFrom
	}
	return ""
}

func millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// wanted tells whether one of the filters names an attribute: by its name, by "All" or ".*", or as "prefix.*".
func wanted(name string, filters []string) bool {
	return slices.ContainsFunc(filters, func(filter string) bool {
		prefix, open := strings.CutSuffix(filter, ".*")
		return filter == "All" || filter == name || open && strings.HasPrefix(name, prefix)
	})
}
