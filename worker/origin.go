package worker

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/enrich/event"
)

// Origin is what a run's first message said beside its identity: with it a replay can send the message again. User and
// Metadata are personal values. The zero Origin is one that nobody knows, or that was erased.
type Origin struct {
	User     string            `json:"user,omitempty"`   // the user name; "" is the sub
	Region   string            `json:"region,omitempty"` // "" is the one in the pool's id
	At       time.Time         `json:"at,omitzero"`      // the sender's clock
	Metadata map[string]string `json:"metadata,omitempty"`
	Steps    []string          `json:"steps,omitzero"` // the steps that the run is about, none if it is empty; nil is all. It stays when the rest is erased
}

// originOf keeps of a message what can't be known from the identity.
func originOf(m event.Message) Origin {
	o := Origin{User: m.User, Region: m.Region, At: m.At, Metadata: m.Metadata, Steps: m.Steps}
	if o.User == m.Sub {
		o.User = ""
	}
	if prefix, _, _ := strings.Cut(m.Pool, "_"); o.Region == prefix {
		o.Region = ""
	}
	return o
}

// Message is a message that wakes the worker up for this run, as it stands now: identity and origin, and how often the
// run was reopened. Of a run whose origin was erased the user name is taken to be the sub, as it is for local users
// of pools without chosen user names, and the metadata are gone.
func (r *Run) Message() event.Message {
	m := event.Message{Pool: r.Pool, Sub: r.Sub, Generation: r.Generation, Source: r.Source, Client: r.Client,
		User: r.Origin.User, Region: r.Origin.Region, At: r.Origin.At, Metadata: r.Origin.Metadata, Steps: r.Origin.Steps, Reopens: r.Reopens}
	if m.User == "" {
		m.User = r.Sub
	}
	if m.Region == "" {
		m.Region, _, _ = strings.Cut(r.Pool, "_")
	}
	return m
}

// DomainHash is eight hex digits by which runs of one e-mail domain are found and counted, without the ledger saying
// which domain that is: of the SHA-256 of the domain in lower case. It hides a domain from who reads over a shoulder, not
// from who tries names. "" for "".
func DomainHash(domain string) string {
	if domain == "" {
		return ""
	}
	sum := sha256.Sum256([]byte("postconfirm/domain/1:" + strings.ToLower(domain)))
	return hex.EncodeToString(sum[:4])
}

// domainOf is what is behind the last @ of an address, in lower case; "" if there is none.
func domainOf(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return ""
	}
	return strings.ToLower(address[at+1:])
}
