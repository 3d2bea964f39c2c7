package pretend

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"unicode/utf8"
)

//go:embed schema.json
var schemaText []byte

// schema is the part of JSON Schema (draft 2020-12) that schema.json uses. A keyword that is not here is an error, so that
// nothing can stand in the file unchecked.
type schema struct {
	Dialect     string `json:"$schema"`
	Title       string `json:"title"`
	Description string `json:"description"`

	Type          string             `json:"type"`
	Required      []string           `json:"required"`
	Properties    map[string]*schema `json:"properties"`
	Additional    *bool              `json:"additionalProperties"`
	MinProperties int                `json:"minProperties"`
	MaxProperties *int               `json:"maxProperties"`
	Items         *schema            `json:"items"`
	MinItems      int                `json:"minItems"`
	MaxItems      *int               `json:"maxItems"`
	MinLength     int                `json:"minLength"`
	MaxLength     *int               `json:"maxLength"`
	Pattern       string             `json:"pattern"`
}

// CheckRequest checks a request body of SendEmail against schema.json. The error says where it does not fit, without the
// value.
func CheckRequest(body []byte) error {
	s, err := readSchema(schemaText)
	if err != nil {
		return err
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return errors.New("the body is no JSON")
	}
	return s.check("body", value)
}

func readSchema(text []byte) (*schema, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	s := &schema{}
	if err := decoder.Decode(s); err != nil {
		return nil, fmt.Errorf("pretend: read the schema: %w", err)
	}
	return s, nil
}

func (s *schema) check(at string, value any) error {
	switch v := value.(type) {
	case map[string]any:
		return s.checkObject(at, v)
	case []any:
		return s.checkArray(at, v)
	case string:
		return s.checkString(at, v)
	}
	return fmt.Errorf("%s is a %T, want a %s", at, value, s.Type)
}

func (s *schema) checkObject(at string, object map[string]any) error {
	if s.Type != "object" {
		return fmt.Errorf("%s is an object, want a %s", at, s.Type)
	}
	if over(s.MinProperties, s.MaxProperties, len(object)) {
		return fmt.Errorf("%s has %d members", at, len(object))
	}
	for _, name := range s.Required {
		if _, ok := object[name]; !ok {
			return fmt.Errorf("%s has no %s", at, name)
		}
	}
	for name, member := range object {
		inner := s.Properties[name]
		if inner == nil && s.Additional != nil && !*s.Additional {
			return fmt.Errorf("%s has a member %q", at, name)
		}
		if inner == nil {
			continue
		}
		if err := inner.check(at+"."+name, member); err != nil {
			return err
		}
	}
	return nil
}

func (s *schema) checkArray(at string, array []any) error {
	if s.Type != "array" || over(s.MinItems, s.MaxItems, len(array)) {
		return fmt.Errorf("%s is an array of %d, want a %s", at, len(array), s.Type)
	}
	if s.Items == nil {
		return nil
	}
	for i, item := range array {
		if err := s.Items.check(fmt.Sprintf("%s[%d]", at, i), item); err != nil {
			return err
		}
	}
	return nil
}

func (s *schema) checkString(at, text string) error {
	if s.Type != "string" || over(s.MinLength, s.MaxLength, utf8.RuneCountInString(text)) {
		return fmt.Errorf("%s is a string of the wrong length, or no %s", at, s.Type)
	}
	if s.Pattern == "" {
		return nil
	}
	fits, err := regexp.MatchString(s.Pattern, text)
	if err != nil {
		return fmt.Errorf("pretend: read the schema: %w", err)
	}
	if !fits {
		return fmt.Errorf("%s does not fit its pattern", at)
	}
	return nil
}

func over(least int, most *int, n int) bool { return n < least || most != nil && n > *most }
