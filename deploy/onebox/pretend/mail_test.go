package pretend_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/onebox/pretend"
)

func TestATemplateIsFilledInOnce(t *testing.T) {
	for _, c := range []struct {
		name, template string
		data           map[string]any
		want           pretend.Letter
	}{
		{"English", "welcome", map[string]any{"greeting": "Ada", "company": "Acme"}, pretend.Letter{Language: "en", Subject: "Welcome to Example", Opening: "Hello Ada,"}},
		{"German", "welcome-de", map[string]any{"greeting": "zusammen"}, pretend.Letter{Language: "de", Subject: "Willkommen bei Example", Opening: "Hallo zusammen,"}},
		{"French", "welcome-fr", map[string]any{"greeting": "à vous"}, pretend.Letter{Language: "fr", Subject: "Bienvenue chez Example", Opening: "Bonjour à vous,"}},
		{"a value that looks like a key", "welcome", map[string]any{"greeting": "{{company}}", "company": "{{greeting}}"}, pretend.Letter{Language: "en", Subject: "Welcome to Example", Opening: "Hello {{company}},"}},
		{"a template that is not stored", "goodbye", map[string]any{"greeting": "Ada"}, pretend.Letter{Language: "none"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, pretend.Read(c.template, c.data)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
