package enrich

import (
	"context"
	"fmt"
	"log/slog"
)

// Hidden is what a Secret shows instead of itself.
const Hidden = "[hidden]"

// Secret is a value that no verb of fmt, no logger and no encoder prints. The zero value is an empty secret. Secrets
// are not to be compared with ==.
type Secret struct {
	// value is behind a pointer because fmt calls no method on the unexported fields of a struct: it would print the
	// value of a Secret there, while of a pointer it prints the address.
	value *string
}

// NewSecret hides a value.
func NewSecret(value string) Secret { return Secret{&value} }

// Reveal gives the value: call it where it leaves for the system that it belongs to, nowhere else.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// String is Hidden.
func (Secret) String() string { return Hidden }

// GoString is Hidden.
func (Secret) GoString() string { return Hidden }

// Format writes Hidden for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(Hidden)) }

// MarshalText is Hidden, for JSON, XML and whatever else asks.
func (Secret) MarshalText() ([]byte, error) { return []byte(Hidden), nil }

// LogValue is Hidden.
func (Secret) LogValue() slog.Value { return slog.StringValue(Hidden) }

// Secrets finds secrets by the name that the pipeline uses.
type Secrets interface {
	// Secret returns the secret called name. An unknown name is an error that names it.
	Secret(ctx context.Context, name string) (Secret, error)
}
