package connect

import (
	"errors"

	"github.com/postconfirm/postconfirm/enrich"
)

// Mistakes gathers everything that is wrong with a step's block, so that its author reads it at once. The zero value is
// ready; it belongs to one goroutine.
type Mistakes struct{ all []error }

// Add notes what is wrong with a field: its name in the pipe tag, or name.key for one key of a map; "" is the whole
// block. What stands behind a "; " in the message says how to mend it. Messages never quote a URL or a secret.
func (m *Mistakes) Add(field, message string) {
	m.all = append(m.all, &enrich.FieldError{Field: field, Message: message})
}

// Err is all mistakes, joined, each an *enrich.FieldError; nil without any.
func (m *Mistakes) Err() error { return errors.Join(m.all...) }
