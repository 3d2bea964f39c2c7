package ses

import (
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// Connector checks the block and makes the step's connector. Its errors are *enrich.FieldError, joined.
func (c *Config) Connector() (enrich.Connector, error) {
	m := &connect.Mistakes{}
	s := &step{config: *c, from: sender(m, "from", c.From), neutral: newByLocale(m, "neutral", c.Neutral, checkWord)}
	for _, address := range c.ReplyTo {
		s.replyTo = append(s.replyTo, sender(m, "reply-to", address))
	}
	s.unsubscribe = newUnsubscribe(m, c.Unsubscribe)
	checkData(m, c.Data)
	s.content = c.content(m)
	if c.Region != "" && !regionName.MatchString(c.Region) {
		m.Add("region", "write a Region such as eu-west-1")
	}
	if c.ConfigurationSet != "" && !setName.MatchString(c.ConfigurationSet) {
		m.Add("configuration-set", "its name has letters, digits, - and _, at most 64")
	}
	if err := m.Err(); err != nil {
		return nil, err
	}
	return s, nil
}

var (
	regionName = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$`)
	setName    = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	// storedName is a template's name (Amazon SES API v2 reference, Template, TemplateName: at least one character; the
	// console takes up to 64 of these).
	storedName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	dataKey    = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// sender is an address of the file as SES wants it: the name encoded (RFC 2047), the address plain.
func sender(m *connect.Mistakes, field, written string) string {
	if strings.ContainsFunc(written, unicode.IsControl) || strings.Contains(written, "${{") {
		m.Add(field, "it is the same for everybody; write an address, without expressions")
		return ""
	}
	address, err := mail.ParseAddress(written)
	if err != nil {
		m.Add(field, "it is no address; write hello@example.com or Example <hello@example.com>")
		return ""
	}
	if err := checkRecipient(address.Address); err != nil {
		m.Add(field, err.Error())
	}
	if address.Name == "" {
		return address.Address
	}
	return address.String()
}

// checkData refuses keys that no template can name, and the one that is taken.
func checkData(m *connect.Mistakes, data map[string]*expr.Template) {
	for _, key := range sorted(data) {
		switch {
		case !dataKey.MatchString(key):
			m.Add("data."+key, "a key has letters, digits and underscores")
		case key == greetingKey:
			m.Add("data."+key, "greeting is the greeting; use the key greeting beside data")
		case data[key] == nil:
			m.Add("data."+key, "the value is missing")
		}
	}
}

func checkWord(word string) string {
	if greeting(word, "") != word {
		return "write a word or two, without signs"
	}
	return ""
}

// content makes what is written out of the one way that the file chose.
func (c *Config) content(m *connect.Mistakes) content {
	here := c.Subject != "" || c.Text != "" || c.HTML != ""
	switch {
	case here && (c.Template != "" || c.Templates != nil), c.Template != "" && c.Templates != nil:
		m.Add("", "use one of template, templates, and subject with text")
	case c.Template != "":
		checkStored(m, "template", c.Template)
		return &stored{names: byLocale{anyLocale: c.Template}}
	case c.Templates != nil:
		return &stored{names: newByLocale(m, "templates", c.Templates, func(name string) string {
			if !storedName.MatchString(name) {
				return "a template's name has letters, digits, - and _, at most 64"
			}
			return ""
		})}
	case here:
		return c.inline(m)
	default:
		m.Add("", "nothing to write; use one of template, templates, and subject with text")
	}
	return nil
}

func checkStored(m *connect.Mistakes, field, name string) {
	if !storedName.MatchString(name) {
		m.Add(field, "a template's name has letters, digits, - and _, at most 64")
	}
}

// maxSubject is the longest subject, in bytes: what fits into a line of a mail even when all of it is encoded.
const maxSubject = 300

func (c *Config) checkSubject(m *connect.Mistakes) {
	switch {
	case c.Subject == "":
		m.Add("subject", "the mail has no subject")
	case strings.Contains(c.Subject, "{{"):
		m.Add("subject", "it is the same for everybody; put values into text and html")
	case strings.ContainsFunc(c.Subject, unicode.IsControl), !utf8.ValidString(c.Subject), len(c.Subject) > maxSubject:
		m.Add("subject", "it is one line of at most 300 bytes")
	}
}

func sorted[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
