package worker

import (
	"time"

	"github.com/postconfirm/postconfirm/enrich/event"
)

// KeptLetter is a dead letter as an operator's program finds it in its queue: one of ours, which says why, or one that
// SQS moved there itself because it was received too often (a redrive policy), which is the message and nothing else.
type KeptLetter struct {
	Letter
	Ours     bool      // the worker sent it; else Reason, Run, Step, Class, Attempts, Reopens and Pipeline are empty
	Altered  bool      // the queue did not take the body as it was: Body is not what the message was
	ID       string    // the queue's message id; a redrive makes a new one
	Receipt  string    // names this receive; a later receive of the same letter makes it worthless
	Sent     time.Time // the queue's clock; of a letter that SQS moved, when the message was sent at first
	Receives int       // how often it was received, from the queue it came from too; 0 when the queue did not say
}

// Message is the message in the letter. The error is an *event.Error: the letter is no message of ours.
func (l KeptLetter) Message() (event.Message, error) { return event.Decode(l.Body) }

// RunKey is the key of the run that the letter is about: that of the message in its body, else what the letter says;
// "" if it is about none.
func (l KeptLetter) RunKey() string {
	if m, err := l.Message(); err == nil {
		return m.Key()
	}
	return l.Run
}
