package simulation

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
	cloudsqs "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
)

// watch stands on the far side of the wire, behind all faults: what it sees has really happened, heard or not.
type watch struct {
	world   *world
	mu      sync.Mutex
	bodies  map[string]string // by receipt
	ids     map[string]string // of the messages, by receipt
	deleted map[string]bool   // by message id
	newest  string            // when the youngest message was sent that was received once
	letters map[string]int    // accepted, by run key, or by body where there is none
	reasons map[string]string // of the letters, by run key
	stamps  map[string]int    // the newest version written, by sub and attribute
}

func newWatch(w *world) *watch {
	return &watch{world: w, bodies: map[string]string{}, ids: map[string]string{}, deleted: map[string]bool{}, letters: map[string]int{}, reasons: map[string]string{}, stamps: map[string]int{}}
}

// watchedQueues are SQS with somebody who looks at what is asked and answered.
type watchedQueues struct {
	*cloudsqs.Service
	watch *watch
}

// watchedPools are Cognito with somebody who looks at the writes.
type watchedPools struct {
	*cognito.Service
	watch *watch
}

// ServeHTTP looks at deletes before they are carried out, and at receives and letters after.
func (q watchedQueues) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	operation, body := asked(r)
	switch operation {
	case "DeleteMessageBatch", "DeleteMessage":
		q.watch.deleting(body)
	case "ReceiveMessage", "SendMessage":
	default:
		q.Service.ServeHTTP(rw, r)
		return
	}
	rec := &recorded{ResponseWriter: rw}
	q.Service.ServeHTTP(rec, r)
	switch {
	case !rec.ok():
	case operation == "ReceiveMessage":
		q.watch.received(rec.answer.Bytes())
	case operation == "SendMessage":
		q.watch.sent(body)
	}
}

// ServeHTTP carries out one write after the other, and looks at each.
func (p watchedPools) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	operation, body := asked(r)
	if operation != "AdminUpdateUserAttributes" {
		p.Service.ServeHTTP(rw, r)
		return
	}
	people := p.watch.world.people
	people.mu.Lock()
	defer people.mu.Unlock()
	rec := &recorded{ResponseWriter: rw}
	p.Service.ServeHTTP(rec, r)
	if rec.ok() {
		p.watch.written(body)
	}
}

// asked is what a call asks for; the call can still be read after.
func asked(r *http.Request) (operation string, body []byte) {
	_, operation, _ = strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	body, _ = io.ReadAll(r.Body) // in memory: it can't fail
	r.Body = io.NopCloser(bytes.NewReader(body))
	return operation, body
}

// recorded passes an answer on and keeps a copy.
type recorded struct {
	http.ResponseWriter
	status int
	answer bytes.Buffer
}

// WriteHeader notes the status.
func (r *recorded) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Write keeps the bytes.
func (r *recorded) Write(b []byte) (int, error) {
	r.answer.Write(b)
	return r.ResponseWriter.Write(b)
}

func (r *recorded) ok() bool { return r.status == 0 || r.status == http.StatusOK }

// read reads one side of a call that passed the service: it is JSON.
func (w *watch) read(raw []byte, into any) {
	if err := json.Unmarshal(raw, into); err != nil {
		w.world.violate("the world itself: a call that can't be read: %v", err)
	}
}

// received remembers what was handed out, and notes the queue's own mishaps.
func (w *watch) received(answer []byte) {
	var out struct {
		Messages []struct {
			ReceiptHandle, Body, MessageId string
			Attributes                     struct{ SentTimestamp, ApproximateReceiveCount string }
		}
	}
	w.read(answer, &out)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range out.Messages {
		w.bodies[m.ReceiptHandle], w.ids[m.ReceiptHandle] = m.Body, m.MessageId
		if w.deleted[m.MessageId] {
			w.world.strike("queue duplicates")
		}
		if sent := m.Attributes.SentTimestamp; m.Attributes.ApproximateReceiveCount == "1" && sent < w.newest {
			w.world.strike("queue reorders")
		} else {
			w.newest = max(w.newest, sent)
		}
	}
}

func (w *watch) sent(body []byte) {
	var in struct {
		QueueUrl, MessageBody string
		MessageAttributes     map[string]struct{ StringValue string }
	}
	w.read(body, &in)
	if in.QueueUrl != w.world.dlq {
		return
	}
	key := in.MessageBody
	if run := in.MessageAttributes["postconfirm_run"].StringValue; run != "" {
		key = run
	}
	for name, value := range in.MessageAttributes {
		if strings.Contains(value.StringValue, canary) {
			w.world.violate("I8 a personal value or a secret in a letter's attribute %s: %s", name, value.StringValue)
		}
	}
	reason := in.MessageAttributes["postconfirm_reason"].StringValue
	w.world.say("letter %s: %s", key, reason)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.letters[key]++
	w.reasons[key] = reason
}

// deleting holds I6: what is deleted has its end in the ledger, or is a letter that the queue accepted.
func (w *watch) deleting(body []byte) {
	var in struct {
		ReceiptHandle string
		Entries       []struct{ ReceiptHandle string }
	}
	w.read(body, &in)
	if in.ReceiptHandle != "" {
		in.Entries = append(in.Entries, struct{ ReceiptHandle string }{in.ReceiptHandle})
	}
	for _, e := range in.Entries {
		w.mu.Lock()
		body, known := w.bodies[e.ReceiptHandle]
		w.deleted[w.ids[e.ReceiptHandle]] = true
		w.mu.Unlock()
		if !known {
			w.world.violate("I6 a message is deleted that nobody received")
			continue
		}
		if why := w.mayGo(body); why != "" {
			w.world.violate("I6 a message is deleted: %s", why)
		}
	}
}

// mayGo says why a message may not be deleted yet, "" if it may.
func (w *watch) mayGo(body string) (why string) {
	m, err := event.Decode([]byte(body))
	key := body
	ours := err == nil && m.Pool == w.world.pool
	if ours {
		key = m.Key()
	}
	w.mu.Lock()
	letters := w.letters[key]
	w.mu.Unlock()
	run, known := w.world.ledger.Run(key)
	switch {
	case !ours && letters == 0:
		return "it is no run, and there is no letter of it"
	case !ours:
		return ""
	case !known:
		return "the ledger does not know run " + key
	case run.State == worker.Open:
		return "run " + key + " is open"
	case run.State == worker.Parked && letters == 0:
		return "run " + key + " is parked, and there is no letter of it"
	}
	return ""
}

// written holds I3: nobody gets what is somebody else's, and nothing gets older. The caller holds the people's lock.
func (w *watch) written(body []byte) {
	var in struct {
		Username       string
		UserAttributes []struct{ Name, Value string }
	}
	w.read(body, &in)
	who := w.world.people.named(in.Username)
	for _, a := range in.UserAttributes {
		owner, step, stamp, ok := unstamp(a.Value)
		switch {
		case !ok:
			continue
		case who == nil || !strings.HasPrefix(who.sub, owner):
			w.world.violate("I3 a value of %s is written to somebody else", owner)
			continue
		case attributeOf(step) != a.Name:
			w.world.violate("I3 a value of %s is written to %s", step, a.Name)
		}
		w.mu.Lock()
		before := w.stamps[who.sub+a.Name]
		w.stamps[who.sub+a.Name] = max(before, stamp)
		w.mu.Unlock()
		w.world.say("written %s of %.8s: %d", a.Name, who.sub, stamp)
		if stamp < before {
			w.world.violate("I3 %s of %.8s goes back from version %d to %d", a.Name, who.sub, before, stamp)
		}
	}
}

// named is who has a user name now, nil if nobody has. The caller holds the lock.
func (p *people) named(username string) *person {
	for _, who := range p.current {
		if !who.gone && (who.username == username || who.sub == username) {
			return who
		}
	}
	return nil
}

// unstamp reads what stamped wrote.
func unstamp(value string) (sub, step string, stamp int, ok bool) {
	parts := strings.Split(value, "-")
	if len(parts) != 4 || parts[0] != canary {
		return "", "", 0, false
	}
	stamp, err := strconv.Atoi(parts[3])
	return parts[1], parts[2], stamp, err == nil
}

// letter tells how often a letter was accepted, and its reason.
func (w *watch) letter(key string) (n int, reason string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.letters[key], w.reasons[key]
}
