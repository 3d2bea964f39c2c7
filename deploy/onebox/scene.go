package onebox

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/postconfirm/postconfirm/deploy/examples"
	"github.com/postconfirm/postconfirm/deploy/onebox/pretend"
	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
)

// The scenes. All but Quick are examples, by the names of their folders.
const (
	Quick   = "quick"
	CRMSync = examples.CRMSync
	Welcome = examples.Welcome
)

// Scene is what the demo can play: a pipeline with the people and the pretend vendors that it wants.
type Scene struct {
	Name    string
	About   string             // one line
	Vendors []string           // names for Box.Vendors
	People  func(int) []Person // so many invented persons, each with an address of their own
}

// Scenes are all scenes; the first is the one to begin with.
func Scenes() []Scene {
	return []Scene{
		{Quick, "a company directory, a CRM and a mail service of no make, over plain HTTP", pretend.Names(), People},
		{CRMSync, "everybody becomes a contact in HubSpot, then a signed event goes out", []string{pretend.Company, hubspotName, webhookName}, customers},
		{Welcome, "a welcome mail through Amazon SES in everybody's language, then a signed event", []string{pretend.Company, pretend.Mail, webhookName}, readers},
	}
}

// Down says what callers of a vendor of the scene see while it is down.
func (s Scene) Down(vendor string) string {
	if s.Name != Quick && vendor == pretend.Mail {
		return "nobody can connect"
	}
	return "every call gets 503"
}

// Hosts are where the pretend vendors of an example answer, by their names: what the examples write, and Amazon's own
// name for SES in the region.
func Hosts(region string) map[string]string {
	return map[string]string{pretend.Company: "api.example.com", hubspotName: "api.hubapi.com", webhookName: "hooks.example.com",
		pretend.Mail: "email." + region + ".amazonaws.com"}
}

// The names of the vendors that only examples have.
const (
	hubspotName = "hubspot"
	webhookName = "webhook"
)

// startScene starts the vendors of an example and makes up the secrets that they share with its pipeline, whose file is
// the example's as it stands. Nothing but these vendors can be reached.
func (b *Box) startScene(o *Options, dir string) (around surroundings, err error) {
	i := slices.IndexFunc(Scenes(), func(s Scene) bool { return s.Name == o.Scene })
	if i < 0 {
		return around, fmt.Errorf("there is no scene %q", o.Scene)
	}
	text, err := examples.Pipeline(o.Scene)
	if err != nil {
		return around, err
	}
	around.pipeline = filepath.Join(dir, "pipeline.yaml")
	if err := os.WriteFile(around.pipeline, text, 0o600); err != nil {
		return around, fmt.Errorf("write pipeline: %w", err)
	}
	secrets := madeUp{"COMPANY_API_KEY": rand.Text(), "HUBSPOT_TOKEN": "pat-eu1-" + rand.Text(), "WEBHOOK_SECRET": signingSecret()}
	web, err := pretend.NewWeb(b.cast(Scenes()[i].Vendors, secrets)...)
	if err != nil {
		return around, err
	}
	b.close = append(b.close, web.Close)
	b.Vendors, around.secrets, around.mail = web, secrets, "https://"+Hosts(b.Region)[pretend.Mail]
	around.connect = connect.Options{RootCAs: web.Roots(), Dial: web.Dial}
	return around, nil
}

// cast makes the vendors with these names. A mail service that is down can't be reached: SES's own 503 leaves open
// whether the mail went out, and the worker then never sends a second one.
func (b *Box) cast(names []string, secrets madeUp) (all []pretend.Vendor) {
	for _, name := range names {
		v := pretend.Vendor{Name: name, Host: Hosts(b.Region)[name]}
		switch name {
		case pretend.Company:
			v.Handler = &pretend.Companies{Token: secrets["COMPANY_API_KEY"]}
		case hubspotName:
			b.HubSpot = &pretend.HubSpot{Token: secrets["HUBSPOT_TOKEN"]}
			v.Handler, v.Repeated = b.HubSpot, b.HubSpot.Repeated
		case pretend.Mail:
			v.Handler, v.Repeated, v.Unreachable = b.Outbox, b.Outbox.Repeated, true
		case webhookName:
			b.Hooks = &pretend.Receiver{Secret: secrets["WEBHOOK_SECRET"]}
			v.Handler, v.Repeated = b.Hooks, b.Hooks.Repeated
		}
		all = append(all, v)
	}
	return all
}

// signingSecret is 256 bits, as Standard Webhooks writes them.
func signingSecret() string {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // it never fails (crypto/rand)
	return "whsec_" + base64.StdEncoding.EncodeToString(raw)
}

// madeUp are secrets of this box alone, by name.
type madeUp map[string]string

// Secret gives the secret called name. The environment is not asked.
func (m madeUp) Secret(_ context.Context, name string) (enrich.Secret, error) {
	value, ok := m[name]
	if !ok {
		return enrich.Secret{}, fmt.Errorf("secret %s: this scene has none", name)
	}
	return enrich.NewSecret(value), nil
}
