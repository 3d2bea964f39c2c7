package cognito

import (
	"context"
	"maps"
	"slices"
)

// ImportedUser is one line of a CSV import. It is the JSON of POST /_local/import.
type ImportedUser struct {
	Pool       string            `json:"pool"`       // pool id
	Username   string            `json:"username"`   // the address, where people sign in with one
	Attributes map[string]string `json:"attributes"` // blank ones are left out
}

// Imported is who was imported.
type Imported struct {
	Username string `json:"username"`
	Sub      string `json:"sub"`
	Status   string `json:"status"` // RESET_REQUIRED
}

// ImportUser plays one line of a CSV import job: the user is there, has to choose a password, and no trigger runs
// (developer guide, "Importing users from a CSV file"; that no trigger runs is observed). It refuses a user without a
// verified address, as AWS does: no code could be sent. Jobs, files and reports there are none.
func (s *Service) ImportUser(_ context.Context, in ImportedUser) (*Imported, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.pool(in.Pool)
	if err != nil {
		return nil, err
	}
	if err := checkUsername(in.Username); err != nil {
		return nil, err
	}
	var list []attributeInput
	for _, name := range slices.Sorted(maps.Keys(in.Attributes)) {
		if value := in.Attributes[name]; value != "" {
			list = append(list, attributeInput{Name: name, Value: &value})
		}
	}
	a := &applicant{pool: p, sub: s.uuid(), imported: true}
	if a.attributes, err = p.read(list, true); err != nil {
		return nil, err
	}
	if !a.attributes.verified(emailAttribute) && !a.attributes.verified(phoneAttribute) {
		return nil, invalid("The user has no verified email or phone_number.")
	}
	if err := a.name(in.Username); err != nil {
		return nil, err
	}
	if err := p.checkRequired(a.attributes); err != nil {
		return nil, err
	}
	u, err := s.enroll(a)
	if err != nil {
		return nil, err
	}
	return &Imported{Username: u.username, Sub: u.sub, Status: u.now.status}, nil
}
