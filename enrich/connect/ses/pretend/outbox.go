// Package pretend is an Amazon SES that sends nothing: an [Outbox] takes the mails of one account and keeps them for a
// test or a demo to read.
//
// It stands at the wire: the operation SendEmail of the SES API v2 (POST /v2/email/outbound-emails), as the AWS SDKs of
// any language call it. A body must fit schema.json, which is written from the API reference and narrower than it: what
// postconfirm never sends is refused. Calls without a signature for SES are refused, too; the signature itself is not
// computed.
//
// It can fail on command ([Outbox.Fail]) with the errors of the API reference, and by taking a mail and losing the answer.
// It counts the mails that carry an effect key which it has seen before: two mails where one was meant.
//
// It knows nothing of quotas, verified identities, bounces and templates' words. It uses the standard library only.
package pretend

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Mail is a mail as SES was asked to send it.
type Mail struct {
	ID               string // the MessageId that it was given
	From, To         string
	ReplyTo          []string
	Subject          string // these three of a mail whose words came along
	Text             string
	HTML             string
	Template         string // these two of a stored template
	Data             map[string]any
	ConfigurationSet string
	Tags             map[string]string
	Headers          map[string]string // that the mail was to have beside SES's own; nil for none
}

// Failure is what becomes of one call instead of an answer with a MessageId.
type Failure struct {
	Code       string // an error of the API reference, such as TooManyRequestsException; its status follows from it
	Message    string // the error's text
	RetryAfter string // a Retry-After header; "" for none
	Lost       bool   // the mail is taken, and the connection closed without an answer; the other fields do not matter
}

// Outbox is an http.Handler that is SES for one account. The zero value is ready; it is safe for concurrent use.
type Outbox struct {
	mu       sync.Mutex
	mails    []Mail
	failures []Failure
	calls    int
	repeated int
}

// Fail says what becomes of the next calls, one failure each; after them all goes well again.
func (o *Outbox) Fail(failures ...Failure) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failures = slices.Clone(failures)
}

// Mails are the mails that were taken, oldest first.
func (o *Outbox) Mails() []Mail {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.mails)
}

// Calls counts the calls of SendEmail, those that failed among them.
func (o *Outbox) Calls() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.calls
}

// Repeated counts the mails whose tags were all those of an earlier mail: second mails.
func (o *Outbox) Repeated() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.repeated
}

// maxBody is the longest request that is read, in bytes (Amazon SES: a message has at most 40 MB).
const maxBody = 40 << 20

// ServeHTTP is SendEmail.
func (o *Outbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.URL.Path != "/v2/email/outbound-emails" {
		refuse(w, Failure{Code: "UnknownOperationException", Message: "only SendEmail is known here"})
		return
	}
	failure, failed := o.next()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		refuse(w, Failure{Code: "BadRequestException", Message: "the body can't be read"})
		return
	}
	mail, err := read(r, body)
	switch {
	case err != nil:
		refuse(w, Failure{Code: "BadRequestException", Message: err.Error()})
	case failed && !failure.Lost:
		refuse(w, failure)
	default:
		id := o.take(mail)
		if failed {
			hangUp(w)
			return
		}
		reply(w, http.StatusOK, map[string]string{"MessageId": id})
	}
}

func (o *Outbox) next() (Failure, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls++
	if len(o.failures) == 0 {
		return Failure{}, false
	}
	first := o.failures[0]
	o.failures = o.failures[1:]
	return first, true
}

func (o *Outbox) take(mail Mail) (id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	mail.ID = fmt.Sprintf("0102018f%08x-pretend-000000", len(o.mails)+1)
	if slices.ContainsFunc(o.mails, func(earlier Mail) bool { return len(mail.Tags) > 0 && maps.Equal(earlier.Tags, mail.Tags) }) {
		o.repeated++
	}
	o.mails = append(o.mails, mail)
	return mail.ID
}

// statuses are those of the API reference, SendEmail and Common Errors; every other error is a 400.
func status(code string) int {
	switch code {
	case "NotFoundException", "UnknownOperationException":
		return http.StatusNotFound
	case "TooManyRequestsException":
		return http.StatusTooManyRequests
	case "AccessDeniedException", "InvalidSignatureException", "ExpiredTokenException", "UnrecognizedClientException", "OptInRequired":
		return http.StatusForbidden
	case "InternalServiceErrorException", "InternalFailure":
		return http.StatusInternalServerError
	case "ServiceUnavailable":
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

func refuse(w http.ResponseWriter, f Failure) {
	w.Header().Set("X-Amzn-ErrorType", f.Code)
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	reply(w, status(f.Code), map[string]string{"message": f.Message})
}

func reply(w http.ResponseWriter, status int, v map[string]string) {
	raw, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(raw)))
	w.WriteHeader(status)
	_, _ = w.Write(raw)
}

// hangUp closes the connection where it can be had, and answers nothing of use where it can't.
func hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	_ = conn.Close()
}

// signed tells whether a request is signed for SES (Signature Version 4: the scope names Region and service).
func signed(r *http.Request) bool {
	authorization := r.Header.Get("Authorization")
	return strings.HasPrefix(authorization, "AWS4-HMAC-SHA256 ") && strings.Contains(authorization, "/ses/aws4_request")
}
