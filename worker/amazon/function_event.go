package amazon

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// sqsEvent is what Lambda hands over (Lambda developer guide, "Using Lambda with Amazon SQS"), as far as it is read.
//
//	{"Records":[{"messageId":"059f…","receiptHandle":"AQEB…","body":"…","eventSource":"aws:sqs",
//	  "attributes":{"ApproximateReceiveCount":"1","SentTimestamp":"1545082649183", …},
//	  "eventSourceARN":"arn:aws:sqs:eu-west-1:123456789012:confirmed", …}]}
type sqsEvent struct {
	Records []struct {
		ID         string `json:"messageId"`
		Receipt    string `json:"receiptHandle"`
		Body       string `json:"body"`
		Attributes struct {
			Receives quoted `json:"ApproximateReceiveCount"`
			Sent     quoted `json:"SentTimestamp"` // milliseconds
		} `json:"attributes"`
		Source string `json:"eventSource"`
		ARN    string `json:"eventSourceARN"`
	} `json:"Records"`
}

// quoted is a number that is written as a string; what is none is 0.
type quoted int64

// UnmarshalJSON takes a number with or without quotes. It returns no error: nothing that it is used for is worth a batch.
func (q *quoted) UnmarshalJSON(raw []byte) error {
	n, err := strconv.ParseInt(strings.Trim(string(raw), `"`), 10, 64)
	if err != nil || n < 0 {
		n = 0
	}
	*q = quoted(n)
	return nil
}

// errNoEvent says that a payload is not an SQS event.
var errNoEvent = errors.New("lambda: read event: this is no SQS event; the worker's function belongs behind an SQS event source")

// readEvent reads the messages of an event for one of the sources, which it finds by the first record. A message that
// could not be named in the answer is an error of the whole event. No error carries a value of a message. Sent is zero
// where the event does not say it.
func readEvent(payload []byte, sources []Source) ([]worker.Delivery, Source, error) {
	var event sqsEvent
	if err := json.Unmarshal(payload, &event); err != nil || event.Records == nil {
		return nil, Source{}, errNoEvent
	}
	from := event.source(sources)
	batch := make([]worker.Delivery, len(event.Records))
	for i, r := range event.Records {
		switch {
		case r.Source != "" && r.Source != "aws:sqs":
			return nil, Source{}, errNoEvent
		case r.ID == "" || r.Receipt == "":
			return nil, Source{}, fmt.Errorf("lambda: read event: record %d of %d has no messageId or no receiptHandle", i+1, len(event.Records))
		case !sameQueue(r.ARN, from.Queue.url):
			return nil, Source{}, fmt.Errorf("lambda: read event: it is from the queue %q, but the worker is set up for %q", r.ARN, from.Queue.url)
		}
		batch[i] = worker.Delivery{ID: r.ID, Receipt: r.Receipt, Body: []byte(r.Body), Receives: int(r.Attributes.Receives)}
		if r.Attributes.Sent > 0 {
			batch[i].Sent = time.UnixMilli(int64(r.Attributes.Sent))
		}
	}
	return batch, from, nil
}

// source is where the first record is from; the first source if that can't be said.
func (e *sqsEvent) source(all []Source) Source {
	if len(e.Records) > 0 {
		for _, s := range all {
			if sameQueue(e.Records[0].ARN, s.Queue.url) {
				return s
			}
		}
	}
	return all[0]
}

// sameQueue compares account and name, the last two parts of a queue's ARN and of its URL. An event without an ARN is
// believed.
func sameQueue(arn, queueURL string) bool {
	parts := strings.Split(arn, ":")
	u, err := url.Parse(queueURL)
	if len(parts) < 6 || err != nil {
		return arn == ""
	}
	return strings.HasSuffix(u.Path, "/"+parts[4]+"/"+parts[5])
}

// batchAnswer is the answer of a function with ReportBatchItemFailures (Lambda developer guide, "Handling errors for an
// SQS event source").
type batchAnswer struct {
	Failures []itemFailure `json:"batchItemFailures"`
}

type itemFailure struct {
	ID string `json:"itemIdentifier"`
}

// answer names each message that may not be deleted, once. An id that is in the batch twice comes back if one of the
// two does.
func answer(batch []worker.Delivery, deletable []bool) ([]byte, error) {
	a := batchAnswer{Failures: make([]itemFailure, 0)} // an empty list, never null
	named := make(map[string]bool, len(batch))
	for i, d := range batch {
		if !deletable[i] && !named[d.ID] {
			named[d.ID] = true
			a.Failures = append(a.Failures, itemFailure{d.ID})
		}
	}
	return json.Marshal(a)
}
