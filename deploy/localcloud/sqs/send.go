package sqs

import (
	"context"
	"time"
)

// outgoing is one message as SendMessage and each entry of SendMessageBatch bring it.
type outgoing struct {
	MessageBody             text
	DelaySeconds            *int
	MessageAttributes       map[string]attributeInput
	MessageSystemAttributes map[string]attributeInput
	MessageGroupId          *string
	MessageDeduplicationId  *string `invalid:"AWS refuses it on a standard queue, too"`
}

// sent is the answer to one message.
type sent struct {
	MessageId                    string
	MD5OfMessageBody             string
	MD5OfMessageAttributes       string `json:",omitempty"`
	MD5OfMessageSystemAttributes string `json:",omitempty"`
}

type sendInput struct {
	QueueUrl string
	outgoing
}

func (s *Service) sendMessage(_ context.Context, in *sendInput) (*sent, error) {
	rules, err := s.rules(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	m, err := in.read()
	if err != nil {
		return nil, err
	}
	if size(m.body, m.attributes) > rules.maxSize {
		return nil, invalidValue("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", rules.maxSize)
	}
	if err := s.enqueue(in.QueueUrl, []*outbound{m}); err != nil {
		return nil, err
	}
	return m.receipt(), nil
}

type sendBatchInput struct {
	QueueUrl string
	Entries  []sendEntry
}

type sendEntry struct {
	Id string
	outgoing
}

func (e sendEntry) id() string { return e.Id }

// sentEntry is the answer to one entry that was taken.
type sentEntry struct {
	Id string
	*sent
}

func (s *Service) sendMessageBatch(_ context.Context, in *sendBatchInput) (*batchOutput[sentEntry], error) {
	rules, err := s.rules(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if err := checkBatch("SendMessage", in.Entries); err != nil {
		return nil, err
	}
	if n := in.size(); n > maxMessageSize {
		return nil, refuse("BatchRequestTooLong", legacy+"BatchRequestTooLong",
			"Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxMessageSize, n)
	}
	var taken []*outbound
	out := eachEntry(in.Entries, func(e sendEntry) (sentEntry, error) {
		m, err := e.read()
		if err != nil {
			return sentEntry{}, err
		}
		if size(m.body, m.attributes) > rules.maxSize {
			return sentEntry{}, invalidValue("One or more parameters cannot be validated. Reason: Message must be shorter than %d bytes.", rules.maxSize)
		}
		m.id = s.newID()
		taken = append(taken, m)
		return sentEntry{e.Id, m.receipt()}, nil
	})
	if err := s.enqueue(in.QueueUrl, taken); err != nil {
		return nil, err
	}
	return out, nil
}

// size counts the batch before anything in it is checked.
func (in *sendBatchInput) size() int {
	n := 0
	for _, e := range in.Entries {
		n += len(e.MessageBody.value)
		for name, a := range e.MessageAttributes {
			n += len(name) + len(a.DataType) + len(a.StringValue.value) + len(a.BinaryValue)
		}
	}
	return n
}

// rules tells what a queue asks of messages.
func (s *Service) rules(queueURL string) (settings, error) {
	s.enter()
	defer s.mu.Unlock()
	q, err := s.find(queueURL)
	if err != nil {
		return settings{}, err
	}
	return q.settings, nil
}

// outbound is a message that has passed all checks and is not in a queue yet.
type outbound struct {
	message
	traceMD5, attributesMD5 string
	delay                   *time.Duration // nil: the queue's
}

func (o *outgoing) read() (*outbound, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	attributes, err := readAttributes(o.MessageAttributes)
	if err != nil {
		return nil, err
	}
	trace, err := readTrace(o.MessageSystemAttributes)
	if err != nil {
		return nil, err
	}
	m := &outbound{attributesMD5: attributesMD5(attributes)}
	m.body, m.bodyMD5 = o.MessageBody.value, bodyMD5(o.MessageBody.value)
	m.attributes, m.trace = attributes, trace
	if trace != "" {
		m.traceMD5 = attributesMD5(map[string]attribute{"AWSTraceHeader": {DataType: "String", StringValue: &trace}})
	}
	if o.MessageGroupId != nil {
		m.group = *o.MessageGroupId
	}
	if o.DelaySeconds != nil {
		delay := seconds(*o.DelaySeconds)
		m.delay = &delay
	}
	return m, nil
}

func (o *outgoing) check() error {
	switch {
	case o.MessageBody.value == "":
		return missing("MessageBody")
	case !o.MessageBody.legal():
		return invalidContents()
	case o.DelaySeconds != nil && (*o.DelaySeconds < 0 || *o.DelaySeconds > 900):
		return invalidValue("Value %d for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.", *o.DelaySeconds)
	case o.MessageGroupId != nil && !validGroup(*o.MessageGroupId):
		return invalidValue("Value %s for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include "+
			"alphanumeric and punctuation characters. 1 to 128 in length.", *o.MessageGroupId)
	case o.MessageDeduplicationId != nil:
		return invalidValue("Value %s for parameter MessageDeduplicationId is invalid. Reason: The request includes a "+
			"parameter that is not valid for this queue type.", *o.MessageDeduplicationId)
	}
	return nil
}

func (m *outbound) receipt() *sent {
	return &sent{
		MessageId: m.id, MD5OfMessageBody: m.bodyMD5,
		MD5OfMessageAttributes: m.attributesMD5, MD5OfMessageSystemAttributes: m.traceMD5,
	}
}

// enqueue puts checked messages into their queue, in order.
func (s *Service) enqueue(queueURL string, messages []*outbound) error {
	now := s.enter()
	defer s.mu.Unlock()
	q, err := s.find(queueURL)
	if err != nil {
		return err
	}
	for _, m := range messages {
		delay := q.settings.delay
		if m.delay != nil {
			delay = *m.delay
		}
		s.number(&m.message, q, now)
		q.put(&m.message, now.Add(delay), now)
	}
	return nil
}

// number makes m a message of its own, sent now.
func (s *Service) number(m *message, to *queue, now time.Time) {
	s.messages++
	m.number, m.sent, m.stamped = s.messages, now, s.clock(to.name, now)
	if m.id == "" {
		m.id = s.newID()
	}
}
