package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/postconfirm/postconfirm/deploy/onebox"
	"github.com/postconfirm/postconfirm/deploy/onebox/pretend"
)

// got is what the vendors of an example have at the end, by their own word. What a scene has no vendor for is left out.
type got struct {
	Contacts *contactsGot   `json:"contacts,omitempty"`
	Mails    map[string]int `json:"mails,omitempty"` // by language
	Events   *eventsGot     `json:"events,omitempty"`
}

type contactsGot struct {
	Created int `json:"created"`
	Again   int `json:"written_again"` // upserts of a contact that was there
}

type eventsGot struct {
	Verified int `json:"verified"` // signature and time were right, and the webhook-id was new
	Again    int `json:"again"`    // the same, but for the webhook-id
	Refused  int `json:"refused"`  // no good signature
}

// gotOf asks the vendors of a box.
func gotOf(b *onebox.Box) *got {
	g := &got{}
	if b.HubSpot != nil {
		g.Contacts = &contactsGot{Created: len(b.HubSpot.Contacts()), Again: b.HubSpot.Repeated()}
	}
	for _, m := range b.Outbox.Mails() {
		if g.Mails == nil {
			g.Mails = map[string]int{}
		}
		g.Mails[pretend.Read(m.Template, m.Data).Language]++
	}
	if b.Hooks != nil {
		g.Events = &eventsGot{Verified: len(b.Hooks.Events()), Again: b.Hooks.Repeated(), Refused: b.Hooks.Refused()}
	}
	return g
}

// wrong is what no run may do to a vendor: to cause an effect twice, or to send what can't be verified. A nil got, that
// of the first scene, promises nothing here.
func (g *got) wrong(vendors map[string]pretend.Count) error {
	if g == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(vendors)) {
		if n := vendors[name].Repeated; n > 0 {
			return fmt.Errorf("%s was asked %s for an effect that it had had already", name, count(n, "time"))
		}
	}
	if g.Events != nil && g.Events.Refused > 0 {
		return fmt.Errorf("%s came without a good signature", count(g.Events.Refused, "event"))
	}
	return nil
}
