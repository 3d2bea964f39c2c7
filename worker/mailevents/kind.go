package mailevents

// Kind is what SES tells of a mail (Amazon SES developer guide, "Contents of event data that Amazon SES publishes to
// Amazon SNS", eventType). The zero value is every kind that tells nothing about the effect, as an opened mail.
type Kind uint8

// The kinds.
const (
	Other            Kind = iota
	Send                  // SES took the mail and will try to deliver it
	DeliveryDelay         // SES has it, and tries again
	Reject                // SES found a virus in it: not sent
	RenderingFailure      // its stored template could not be filled in: not sent
	Delivery              // the recipient's server took it
	Bounce                // the recipient's server refused it: it was sent
	Complaint             // the recipient called it unwanted: it was sent
	last             = Complaint
)

// kindOf reads an eventType. Amazon's guide spells it "Rendering Failure", and the event type "RenderingFailure".
func kindOf(eventType string) Kind {
	switch eventType {
	case "Send":
		return Send
	case "DeliveryDelay":
		return DeliveryDelay
	case "Reject":
		return Reject
	case "Rendering Failure", "RenderingFailure":
		return RenderingFailure
	case "Delivery":
		return Delivery
	case "Bounce":
		return Bounce
	case "Complaint":
		return Complaint
	}
	return Other
}

// String is the kind as metrics and logs write it: one of eight words.
func (k Kind) String() string {
	return [...]string{"other", "send", "delivery_delay", "reject", "rendering_failure", "delivery", "bounce", "complaint"}[min(k, last)]
}

// Code is the kind as a run keeps it: "ses_reject".
func (k Kind) Code() string { return "ses_" + k.String() }

// sent tells whether the mail has left, or will.
func (k Kind) sent() bool { return k != Reject && k != RenderingFailure }

// weight says which of two kinds is believed: a mail that SES took may be refused later, and one that somebody's server
// has seen was sent.
func (k Kind) weight() int {
	switch k {
	case Send, DeliveryDelay:
		return 1
	case Reject, RenderingFailure:
		return 2
	case Delivery, Bounce, Complaint:
		return 3
	}
	return 0
}

// operators is the weight of whatever was not settled by an event.
const operators = 4

// weightOf is the weight of what a step was settled by.
func weightOf(code string) int {
	for k := Send; k <= last; k++ {
		if k.Code() == code {
			return k.weight()
		}
	}
	return operators
}
