package pretend

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// The bounds of a batch (HubSpot API reference, contacts: 100 inputs).
const (
	maxInputs = 100
	maxBody   = 1 << 20 // bytes
)

// The bodies that HubSpot documents. They are narrower than HubSpot here: what postconfirm never sends is refused.
type (
	upsertBody struct {
		Inputs []struct {
			ID         string            `json:"id"`
			IDProperty string            `json:"idProperty"`
			Properties map[string]string `json:"properties"`
		} `json:"inputs"`
	}
	readBody struct {
		IDProperty  string                `json:"idProperty"`
		Inputs      []struct{ ID string } `json:"inputs"`
		Properties  []string              `json:"properties"`
		WithHistory []string              `json:"propertiesWithHistory"`
	}
)

// knownProperties are among those that every account begins with (HubSpot knowledge base, "HubSpot's default contact
// properties").
func knownProperties() []string {
	return []string{"email", "firstname", "lastname", "company", "jobtitle", "phone", "mobilephone", "website", "address", "city", "state",
		"zip", "country", "industry", "lifecyclestage", "hs_lead_status", "hs_language"}
}

// readUpsert reads a batch of upserts, and says what is wrong with it, if anything.
func readUpsert(w http.ResponseWriter, r *http.Request) (body upsertBody, wrong string) {
	if wrong = decoded(w, r, &body); wrong != "" {
		return body, wrong
	}
	if len(body.Inputs) == 0 || len(body.Inputs) > maxInputs {
		return body, "a batch has 1 to 100 inputs"
	}
	for _, in := range body.Inputs {
		switch {
		case in.IDProperty != "email":
			return body, "idProperty is not email"
		case in.Properties == nil:
			return body, "properties are missing"
		case !address(in.ID):
			return body, "Property values were not valid: email"
		}
		for name := range in.Properties {
			if !slices.Contains(knownProperties(), name) {
				return body, "Property does not exist"
			}
		}
	}
	return body, ""
}

// readRead reads a batch of reads, and says what is wrong with it, if anything.
func readRead(w http.ResponseWriter, r *http.Request) (body readBody, wrong string) {
	if wrong = decoded(w, r, &body); wrong != "" {
		return body, wrong
	}
	switch {
	case len(body.Inputs) == 0 || len(body.Inputs) > maxInputs:
		return body, "a batch has 1 to 100 inputs"
	case body.IDProperty != "email":
		return body, "idProperty is not email"
	}
	return body, ""
}

func decoded(w http.ResponseWriter, r *http.Request, into any) (wrong string) {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	if r.Header.Get("Content-Type") != "application/json" {
		return "the Content-Type is not application/json"
	}
	if err := d.Decode(into); err != nil {
		return "Invalid input JSON"
	}
	return ""
}

// address tells whether a text could be an e-mail address.
func address(text string) bool {
	name, host, found := strings.Cut(text, "@")
	return found && name != "" && strings.Contains(host, ".") && !strings.ContainsAny(text, " \r\n\t") && !strings.Contains(host, "@")
}
