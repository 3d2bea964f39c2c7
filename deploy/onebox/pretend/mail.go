package pretend

import (
	"cmp"
	"fmt"
	"strings"
)

// Letter is a mail as its reader sees it.
type Letter struct {
	Language string // of the template
	Subject  string
	Opening  string // the first line, with the greeting
}

// stored is a mail template as an operator would store it in SES.
type stored struct{ language, subject, text string }

// templates are those that the example "welcome" wants to be stored, by name. SES fills in {{key}} from the data of a mail.
func templates() map[string]stored {
	return map[string]stored{
		"welcome":    {"en", "Welcome to Example", "Hello {{greeting}},\n\nyour account at {{company}} is ready.\n"},
		"welcome-de": {"de", "Willkommen bei Example", "Hallo {{greeting}},\n\ndas Konto bei {{company}} ist bereit.\n"},
		"welcome-fr": {"fr", "Bienvenue chez Example", "Bonjour {{greeting}},\n\nvotre compte chez {{company}} est prêt.\n"},
	}
}

// Read fills a stored template in, as SES does, and gives what its reader sees first. A template that is not stored has the
// language "none" and no words: SES would send nothing.
func Read(template string, data map[string]any) Letter {
	t := templates()[template]
	var pairs []string
	for key, value := range data {
		pairs = append(pairs, "{{"+key+"}}", fmt.Sprint(value))
	}
	opening, _, _ := strings.Cut(strings.NewReplacer(pairs...).Replace(t.text), "\n")
	return Letter{Language: cmp.Or(t.language, "none"), Subject: t.subject, Opening: opening}
}
