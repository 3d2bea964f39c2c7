package ses

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"strings"
	"text/template"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"github.com/postconfirm/postconfirm/enrich/connect"
)

// The bounds of what is written, in bytes.
const (
	MaxData = 256 << 10 // TemplateData (Amazon SES API v2 reference, Template: 262144)
	MaxText = 1 << 20   // text and html of a mail that is written in the file, each
)

// content is one of the two ways to write a mail. It is immutable.
type content interface {
	clean(value string) string
	fill(data map[string]any, locale string) (*types.EmailContent, error)
}

// stored is a mail whose words are stored in SES.
type stored struct{ names byLocale }

func (*stored) clean(value string) string { return withoutMarkup(value) }

func (s *stored) fill(data map[string]any, locale string) (*types.EmailContent, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(data); err != nil {
		return nil, refused(CodeBadValue, "data", fmt.Errorf("a %T that JSON can't write", err))
	}
	if b.Len() > MaxData {
		return nil, refused(CodeTooLarge, "data", fmt.Errorf("it is longer than %d bytes", MaxData))
	}
	return &types.EmailContent{Template: &types.Template{
		TemplateName: aws.String(s.names.of(locale)),
		TemplateData: aws.String(strings.TrimSuffix(b.String(), "\n")),
	}}, nil
}

// inline is a mail whose words are in the file.
type inline struct {
	subject string
	text    filler
	html    filler // nil for none
}

// filler is what text/template and html/template have in common.
type filler interface {
	Execute(w io.Writer, data any) error
}

func (*inline) clean(value string) string { return oneLine(value) }

func (i *inline) fill(data map[string]any, _ string) (*types.EmailContent, error) {
	text, err := written("text", i.text, data)
	if err != nil {
		return nil, err
	}
	body := &types.Body{Text: inUTF8(text)}
	if i.html != nil {
		html, err := written("html", i.html, data)
		if err != nil {
			return nil, err
		}
		body.Html = inUTF8(html)
	}
	return &types.EmailContent{Simple: &types.Message{Subject: inUTF8(i.subject), Body: body}}, nil
}

func inUTF8(text string) *types.Content {
	return &types.Content{Data: aws.String(text), Charset: aws.String("UTF-8")}
}

// written fills a template in. What the template packages say about values may repeat them, so it is not passed on.
func written(field string, t filler, data map[string]any) (string, error) {
	b := &bounded{left: MaxText}
	switch err := t.Execute(b, data); {
	case b.full:
		return "", refused(CodeTooLarge, field, errFull)
	case err != nil:
		return "", refused(CodeBadValue, field, errors.New("the template can't be filled in with these values"))
	}
	return b.text.String(), nil
}

var errFull = fmt.Errorf("it is longer than %d bytes", MaxText)

// bounded is a text that grows up to a bound.
type bounded struct {
	text strings.Builder
	left int
	full bool
}

// Write appends p, or fails when there is no room for it.
func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		b.full = true
		return 0, errFull
	}
	return b.text.Write(p)
}

// inline reads the templates of the file and tries them, so that a key that data does not have is found now.
func (c *Config) inline(m *connect.Mistakes) *inline {
	c.checkSubject(m)
	if c.Text == "" {
		m.Add("text", "the mail has no text; write one beside html, for readers that show none")
	}
	i := &inline{subject: c.Subject}
	text, err := template.New("text").Option("missingkey=error").Parse(c.Text)
	if c.tried(m, "text", c.Text, text, err) {
		i.text = text
	}
	if c.HTML != "" {
		html, err := htmltemplate.New("html").Option("missingkey=error").Parse(c.HTML)
		if c.tried(m, "html", c.HTML, html, err) {
			i.html = html
		}
	}
	return i
}

// tried fills a template in with words for all keys, then with nothing for all.
func (c *Config) tried(m *connect.Mistakes, field, source string, t filler, err error) bool {
	if strings.Contains(source, "${{") {
		m.Add(field, "it has an expression; put that under data as key, and write {{.key}} here")
		return false
	}
	for _, value := range []string{"word", ""} {
		if err == nil {
			data := map[string]any{greetingKey: value}
			for key := range c.Data {
				data[key] = value
			}
			err = t.Execute(&bounded{left: MaxText}, data)
		}
		if err != nil && wantsMore(err) {
			err = nil
		}
	}
	if err != nil {
		m.Add(field, err.Error())
	}
	return err == nil
}

// wantsMore tells whether a template failed because it goes into a value that was only a word for the trial, and may be a
// list or a map when it matters.
func wantsMore(err error) bool {
	return strings.Contains(err.Error(), "range can't iterate over") || strings.Contains(err.Error(), "can't evaluate field")
}
