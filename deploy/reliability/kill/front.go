//go:build unix

package kill

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// front stands before the local cloud and sees what really arrives and what was really answered.
type front struct {
	cloud   http.Handler
	facts   *Facts
	trap    func(place string)
	deletes func(run string)   // called before a delete of a run's message is carried out
	sends   func() (lost bool) // called before messages of an operator are taken; nil is nothing
}

// ServeHTTP lets the cloud answer, and notes what the answer means before it goes out.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the caller is dead
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if operation == "DeleteMessageBatch" {
		for _, e := range parse[entries](body).Entries {
			f.deletes(f.facts.holder(e.ReceiptHandle))
		}
	}
	if operation == "SendMessageBatch" && f.sends != nil && f.sends() {
		return // the caller died of it, and it never arrived
	}
	answer := &recorder{header: http.Header{}, status: http.StatusOK}
	f.cloud.ServeHTTP(answer, r)
	if answer.status == http.StatusOK {
		f.note(operation, body, answer.body.Bytes())
	}
	answer.send(w)
}

type entries struct {
	Entries    []struct{ Id, ReceiptHandle string }
	Successful []struct{ Id string }
}

func (f *front) note(operation string, asked, answered []byte) {
	switch operation {
	case "ReceiveMessage":
		for _, m := range parse[struct {
			Messages []struct{ MessageId, ReceiptHandle, Body string }
		}](answered).Messages {
			f.facts.received(m.MessageId, m.ReceiptHandle, parse[struct{ Sub string }]([]byte(m.Body)).Sub)
		}
	case "DeleteMessageBatch":
		done := map[string]bool{}
		for _, e := range parse[entries](answered).Successful {
			done[e.Id] = true
		}
		for _, e := range parse[entries](asked).Entries {
			if done[e.Id] {
				f.facts.gone(e.ReceiptHandle)
			}
		}
		f.trap(QueueDeleted)
	case "SendMessageBatch":
		f.facts.woken(len(parse[entries](answered).Successful))
		f.trap(MessageSent)
	case "SendMessage":
		run := parse[struct {
			MessageAttributes map[string]struct{ StringValue string }
		}](asked).MessageAttributes["postconfirm_run"].StringValue
		f.facts.letter(run)
	case "AdminUpdateUserAttributes":
		f.wrote(asked)
		f.trap(PoolWrote)
	}
}

func (f *front) wrote(asked []byte) {
	in := parse[struct {
		Username       string
		UserAttributes []struct{ Name, Value string }
	}](asked)
	for _, a := range in.UserAttributes {
		if a.Name != attribute {
			continue
		}
		version, _ := strconv.ParseInt(a.Value, 10, 64)
		f.facts.of(in.Username, func(p *Person) { p.Writes = append(p.Writes, version) })
	}
}

// parse reads JSON that the SDK or the local cloud wrote; what is none is empty.
func parse[T any](data []byte) (v T) {
	_ = json.Unmarshal(data, &v)
	return v
}

// recorder holds an answer back.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header is the answer's.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader keeps the status.
func (r *recorder) WriteHeader(status int) { r.status = status }

// Write keeps the body.
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }

func (r *recorder) send(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body.Bytes())
}
