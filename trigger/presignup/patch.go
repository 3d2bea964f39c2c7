package presignup

import (
	"encoding/json"
	"strings"

	"github.com/postconfirm/postconfirm/enrich/event"
)

// flags are what a response may say (Amazon Cognito Developer Guide, Pre sign-up Lambda trigger).
var flags = [...]string{"autoConfirmUser", "autoVerifyEmail", "autoVerifyPhone"}

// edit replaces the bytes from start to end.
type edit struct {
	start, end int
	text       string
}

// apply gives the event as it goes back: the flags as decided, every other byte as it came. What was not for a confirm
// rule goes back as it is.
func (d *Decision) apply(payload []byte) []byte {
	switch d.Outcome {
	case Confirm:
		return patch(payload, [...]bool{true, d.VerifyEmail, d.VerifyPhone})
	case NoAuto:
		return patch(payload, [...]bool{false, false, false})
	}
	return payload
}

// patch sets flags: one that is to be true is changed or put in; one that is not is changed if it says otherwise, and
// stays away where it isn't there. The result shares payload's memory if nothing is to be done.
func patch(payload []byte, want [len(flags)]bool) []byte {
	var edits []edit
	for key, value := range event.Members(payload) {
		if key == "response" && isObject(value) {
			edits = append(edits, changes(payload, value, want)...)
		}
	}
	if len(edits) == 0 {
		return payload
	}
	out, last := make([]byte, 0, len(payload)+96), 0
	for _, e := range edits {
		out = append(append(out, payload[last:e.start]...), e.text...)
		last = e.end
	}
	return append(out, payload[last:]...)
}

// changes are the edits of one response, in their order.
func changes(payload []byte, response json.RawMessage, want [len(flags)]bool) []edit {
	var there [len(flags)]bool
	var found []edit
	members := 0
	for key, value := range event.Members(response) {
		members++
		for i, flag := range flags {
			if key != flag {
				continue
			}
			there[i] = true
			if start := offset(payload, value); !says(value, want[i]) {
				found = append(found, edit{start, start + len(value), map[bool]string{true: "true", false: "false"}[want[i]]})
			}
		}
	}
	var missing []string
	for i, flag := range flags {
		if want[i] && !there[i] {
			missing = append(missing, `"`+flag+`":true`)
		}
	}
	if len(missing) == 0 {
		return found
	}
	text := strings.Join(missing, ",")
	if members > 0 {
		text += ","
	}
	inside := offset(payload, response) + 1
	return append([]edit{{inside, inside, text}}, found...)
}

// says tells whether a flag's value is the wanted one already; null counts as false.
func says(value json.RawMessage, want bool) bool {
	switch string(value) {
	case "true":
		return want
	case "false", "null":
		return !want
	}
	return false
}

// offset is where a value stands in the event. event.Members gives slices of the event itself, so that what is left of
// their capacity tells how far from its end they begin.
func offset(payload []byte, value json.RawMessage) int { return cap(payload) - cap(value) }

func isObject(raw json.RawMessage) bool { return len(raw) > 0 && raw[0] == '{' }
