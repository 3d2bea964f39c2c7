package deadletters

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf16"

	"github.com/postconfirm/postconfirm/enrich/event"
)

// A file of letters is one JSON object per line, in ASCII: at first a header that says where the letters come from, then
// a line for each.
//
//	{ "postconfirm": "dead-letters",  what kind of file this is
//	  "v":           1,               the version of this file
//	  "region":      "eu-west-1",     where the queue is
//	  "account":     "123456789012",
//	  "queue":       "confirmed-dlq",
//	  "at":          "2026-01-02T03:04:05Z",
//	  "bodies":      true }           whether the lines have bodies: without, nothing of it can be sent again
//
//	{ "id": …, "sent": …, "receives": 3, "native": false,
//	  "run": …, "pool": …, "generation": …, "source": …,
//	  "reason": …, "step": …, "class": …, "attempts": 8, "reopens": 1, "pipeline": …,
//	  "altered": false,
//	  "body": "{\"v\":1,…" }         the message as it is in the queue: it names a person
const (
	fileKind    = "dead-letters"
	fileVersion = 1
)

// MaxLine is the longest line of a file that is read, in bytes: the largest body there may be, every character of it
// escaped.
const MaxLine = 6*event.MaxBody + 8<<10

// Header is the first line of a file.
type Header struct {
	Region, Account, Queue string
	At                     time.Time
	Bodies                 bool
}

type headerLine struct {
	Kind    string    `json:"postconfirm"`
	V       int       `json:"v"`
	Region  string    `json:"region"`
	Account string    `json:"account"`
	Queue   string    `json:"queue"`
	At      time.Time `json:"at"`
	Bodies  bool      `json:"bodies"`
}

type letterLine struct {
	ID         string    `json:"id,omitempty"`
	Sent       time.Time `json:"sent"`
	Receives   int       `json:"receives,omitempty"`
	Native     bool      `json:"native,omitempty"`
	Run        string    `json:"run,omitempty"`
	Pool       string    `json:"pool,omitempty"`
	Generation string    `json:"generation,omitempty"`
	Source     string    `json:"source,omitempty"`
	Reason     string    `json:"reason,omitempty"`
	Step       string    `json:"step,omitempty"`
	Class      string    `json:"class,omitempty"`
	Attempts   int       `json:"attempts,omitempty"`
	Reopens    int       `json:"reopens,omitempty"`
	Pipeline   string    `json:"pipeline,omitempty"`
	Altered    bool      `json:"altered,omitempty"`
	Body       *string   `json:"body,omitempty"`
}

// letterMembers are the members that a line may have.
var letterMembers = [...]string{"id", "sent", "receives", "native", "run", "pool", "generation", "source", "reason", "step", "class", "attempts", "reopens",
	"pipeline", "altered", "body"}

// encode writes one line in ASCII, so that nothing in it can move a terminal's text.
func encode(line any) ([]byte, error) {
	raw, err := json.Marshal(line)
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, len(raw)+64)
	for _, r := range string(raw) {
		switch {
		case r < 0x7F:
			b = append(b, byte(r))
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			b = fmt.Appendf(b, `\u%04x\u%04x`, high, low)
		default:
			b = fmt.Appendf(b, `\u%04x`, r)
		}
	}
	return append(b, '\n'), nil
}

// parsed is a line as it was read: a header, or a letter.
type parsed struct {
	header *Header
	run    string // run key that the line gives; "" is a letter about no run
	body   string
}

// parse reads one line. Its errors say no value of it.
func parse(line []byte) (parsed, error) {
	if !event.Object(line) {
		return parsed{}, errors.New("this is no JSON object (was the line cut off?)")
	}
	members := map[string]json.RawMessage{}
	for key, value := range event.Members(line) {
		if _, twice := members[key]; twice {
			return parsed{}, fmt.Errorf("%q is there twice", short(key))
		}
		members[key] = value
	}
	if _, ok := members["postconfirm"]; ok {
		return parseHeader(members)
	}
	return parseLetter(members)
}

func parseHeader(members map[string]json.RawMessage) (parsed, error) {
	h := &Header{}
	kind, _ := event.String(members["postconfirm"])
	v, err := strconv.Atoi(string(members["v"]))
	switch {
	case kind != fileKind:
		return parsed{}, errors.New("this is no file of dead letters")
	case err != nil || v != fileVersion:
		return parsed{}, errors.New("this file is of another version")
	}
	h.Region, _ = event.String(members["region"])
	h.Account, _ = event.String(members["account"])
	h.Queue, _ = event.String(members["queue"])
	h.Bodies = string(members["bodies"]) == "true"
	return parsed{header: h}, nil
}

func parseLetter(members map[string]json.RawMessage) (p parsed, err error) {
	known := 0
	for _, name := range letterMembers {
		if _, ok := members[name]; ok {
			known++
		}
	}
	if known < len(members) {
		return parsed{}, errors.New("there is a member that no letter has")
	}
	var ok bool
	if raw, there := members["run"]; there {
		if p.run, ok = event.String(raw); !ok || p.run == "" {
			return parsed{}, errors.New("run is no string")
		}
	}
	raw, there := members["body"]
	if !there {
		return parsed{}, errors.New("there is no body: export with --bodies")
	}
	if p.body, ok = event.String(raw); !ok {
		return parsed{}, errors.New("body is no string")
	}
	return p, nil
}

// message is the message of a letter's line; alien is a letter that is about no run, and says so.
func (p parsed) message() (m event.Message, alien bool, err error) {
	m, err = event.Decode([]byte(p.body))
	var undecoded *event.Error
	switch {
	case errors.As(err, &undecoded) && p.run == "":
		return m, true, nil
	case errors.As(err, &undecoded):
		return m, false, fmt.Errorf("the body is no message: %s", undecoded.Reason)
	case err != nil:
		return m, false, err
	case m.Key() != p.run:
		return m, false, errors.New("run is not the key of the person in the body")
	}
	return m, false, nil
}

// short bounds a name that is told.
func short(name string) string { return name[:min(len(name), 40)] }
