package pretend

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// sendEmail is a request body of SendEmail, as far as schema.json lets it be.
type sendEmail struct {
	FromEmailAddress     string
	Destination          struct{ ToAddresses []string }
	ReplyToAddresses     []string
	ConfigurationSetName string
	EmailTags            []struct{ Name, Value string }
	Content              struct {
		Simple *struct {
			Headers       []header
			Subject, Body struct {
				Data       string
				Text, Html struct{ Data string }
			}
		}
		Template *struct {
			TemplateName, TemplateData string
			Headers                    []header
		}
	}
}

type header struct{ Name, Value string }

// read checks a request and gives the mail in it.
func read(r *http.Request, body []byte) (Mail, error) {
	if !signed(r) {
		return Mail{}, errors.New("the request is not signed for ses")
	}
	if err := CheckRequest(body); err != nil {
		return Mail{}, err
	}
	var asked sendEmail
	if err := json.Unmarshal(body, &asked); err != nil {
		return Mail{}, fmt.Errorf("the body is no request: %w", err)
	}
	mail := Mail{From: asked.FromEmailAddress, To: asked.Destination.ToAddresses[0], ReplyTo: asked.ReplyToAddresses,
		ConfigurationSet: asked.ConfigurationSetName, Tags: map[string]string{}}
	for _, tag := range asked.EmailTags {
		mail.Tags[tag.Name] = tag.Value
	}
	if simple := asked.Content.Simple; simple != nil {
		mail.Subject, mail.Text, mail.HTML = simple.Subject.Data, simple.Body.Text.Data, simple.Body.Html.Data
		mail.Headers = headers(simple.Headers)
	}
	if stored := asked.Content.Template; stored != nil {
		mail.Template, mail.Headers = stored.TemplateName, headers(stored.Headers)
		if err := json.Unmarshal([]byte(stored.TemplateData), &mail.Data); err != nil {
			return Mail{}, errors.New("TemplateData is no object of JSON")
		}
	}
	return mail, nil
}

// headers are those of a mail by name; nil when there are none.
func headers(list []header) map[string]string {
	var all map[string]string
	for _, h := range list {
		if all == nil {
			all = map[string]string{}
		}
		all[h.Name] = h.Value
	}
	return all
}
