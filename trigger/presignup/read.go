package presignup

import (
	"encoding/json"
	"strings"

	"github.com/postconfirm/postconfirm/enrich/event"
)

// The trigger sources of this trigger (Amazon Cognito Developer Guide, Lambda trigger sources).
const (
	signUp           = "PreSignUp_SignUp"
	adminCreateUser  = "PreSignUp_AdminCreateUser"
	externalProvider = "PreSignUp_ExternalProvider"
)

// member is one member of a JSON object, its value as it stands in the event.
type member struct {
	key   string
	value json.RawMessage
}

// application is what is read of an event.
type application struct {
	decodable bool
	ambiguous bool // a member that is read is there twice, or beside one that differs in letter case only
	rehearsal bool // not from Cognito: no trigger source, no pool, no caller
	source    string
	pool      string
	client    string
	names     []json.RawMessage // userName, as often as it is there
	responses []json.RawMessage
	own       []member // the user attributes, of all objects that may be meant
}

// read takes an event apart. Grants need every member there once in its exact spelling; denials look at all that a
// tolerant reader could take for it.
func read(payload []byte) *application {
	a := &application{decodable: event.Object(payload)}
	if !a.decodable {
		return a
	}
	all := list(payload)
	source, pool := a.find(all, "triggerSource"), a.find(all, "userPoolId")
	caller, request := a.find(all, "callerContext"), a.find(all, "request")
	a.names = a.find(all, "userName")
	a.responses = a.find(all, "response")
	a.source, a.pool = first(source), first(pool)
	for _, c := range caller {
		a.client = first(a.find(list(c), "clientId"))
	}
	for _, r := range request {
		for _, attributes := range a.find(list(r), "userAttributes") {
			a.own = append(a.own, list(attributes)...)
		}
	}
	a.rehearsal = len(source)+len(pool)+len(caller) == 0
	if a.rehearsal {
		a.source = signUp
	}
	for _, r := range a.responses {
		for _, flag := range flags {
			a.find(list(r), flag)
		}
	}
	return a
}

func list(object json.RawMessage) (all []member) {
	for key, value := range event.Members(object) {
		all = append(all, member{key, value})
	}
	return all
}

// find gives the values of a key in any letter case, and notes when there is a choice.
func (a *application) find(all []member, key string) (values []json.RawMessage) {
	for _, m := range all {
		if strings.EqualFold(m.key, key) {
			values = append(values, m.value)
			a.ambiguous = a.ambiguous || m.key != key
		}
	}
	a.ambiguous = a.ambiguous || len(values) > 1
	return values
}

func first(values []json.RawMessage) string {
	if len(values) == 0 {
		return ""
	}
	s, _ := event.String(values[0])
	return s
}

// value is one attribute as a grant may use it.
type value struct {
	value   string
	present bool // there, and not blank: what Cognito needs for verifying it
	twice   bool // or beside one that differs in letter case only; it counts as present then
	usable  bool // a text, there once, in its exact spelling
}

// attribute reads one attribute narrowly.
func (a *application) attribute(name string) value {
	var probe application
	found := probe.find(a.own, name)
	if len(found) == 0 {
		return value{}
	}
	s, isText := event.String(found[0])
	v := value{value: s, twice: probe.ambiguous, usable: isText && !probe.ambiguous}
	v.present = v.twice || !isText && !null(found[0]) || s != ""
	return v
}

// texts reads one attribute generously: every value that a tolerant reader could take for it, blank ones left out.
// Objects and lists are no values.
func (a *application) texts(name string) (all []string) {
	var probe application
	for _, raw := range probe.find(a.own, name) {
		if s, ok := scalar(raw); ok && strings.TrimSpace(s) != "" {
			all = append(all, s)
		}
	}
	return all
}

// scalar is a text, a number or a truth value as text: the console's test event has email_verified without quotes.
func scalar(raw json.RawMessage) (string, bool) {
	if s, ok := event.String(raw); ok {
		return s, true
	}
	if null(raw) || len(raw) == 0 || raw[0] == '{' || raw[0] == '[' {
		return "", false
	}
	return string(raw), true
}

func null(raw json.RawMessage) bool { return string(raw) == "null" }
