package sources

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
)

// SecretsOptions are the settings of Secrets; zero means the default.
type SecretsOptions struct {
	Life  time.Duration    // how long a value is used before it is asked for again; 5min
	Stale time.Duration    // how long an old value is used while the service can't be asked; 1h
	Now   func() time.Time // time.Now
}

// Secrets are the secrets below a prefix of Parameter Store or Secrets Manager: the secret NAME is the parameter, or the
// secret, PREFIX + NAME. They are safe for concurrent use.
type Secrets struct {
	prefix  string
	fetch   func(ctx context.Context, name string) (string, error)
	options SecretsOptions
	mu      sync.Mutex
	kept    map[string]*entry
}

// entry is one secret as it was last read.
type entry struct {
	value  enrich.Secret
	read   time.Time // zero: never
	err    error     // of the last read, if it failed
	failed time.Time
	flight chan struct{} // closed when the read that is under way has ended; nil if there is none
}

// calm is how long a service that could not be asked is left alone.
const calm = 2 * time.Second

// NewSecrets reads the setting "ssm:/PREFIX/" or "secretsmanager:PREFIX/". o may be nil.
func NewSecrets(c Clients, setting string, o *SecretsOptions) (*Secrets, error) {
	s := &Secrets{kept: map[string]*entry{}}
	if o != nil {
		s.options = *o
	}
	if s.options.Life == 0 {
		s.options.Life = 5 * time.Minute
	}
	if s.options.Stale == 0 {
		s.options.Stale = time.Hour
	}
	if s.options.Now == nil {
		s.options.Now = time.Now
	}
	kind, prefix, _ := strings.Cut(setting, ":")
	s.prefix = prefix
	switch {
	case kind == "ssm" && strings.HasPrefix(prefix, "/") && strings.HasSuffix(prefix, "/"):
		s.fetch = c.parameter
	case kind == "secretsmanager":
		s.fetch = c.secretValue
	default:
		return nil, fmt.Errorf("the secrets %q are not known: want env, ssm:/PREFIX/ or secretsmanager:PREFIX/", setting)
	}
	return s, nil
}

// Secret finds one secret. Its error names the secret and never has a value in it. Many who want the same one at the
// same time wait for one read, each as long as its ctx lasts.
func (s *Secrets) Secret(ctx context.Context, name string) (enrich.Secret, error) {
	e, flight := s.enter(ctx, name)
	if flight != nil {
		select {
		case <-flight:
		case <-ctx.Done():
			return enrich.Secret{}, fmt.Errorf("secret %s: %w", name, context.Cause(ctx))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.usable(e) {
		return e.value, nil
	}
	return enrich.Secret{}, e.err
}

// enter finds the entry, and the read that has to end before it is looked at: nil if it is fresh.
func (s *Secrets) enter(ctx context.Context, name string) (*entry, chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.kept[name]
	if e == nil {
		e = &entry{}
		s.kept[name] = e
	}
	now := s.options.Now()
	fresh := !e.read.IsZero() && now.Sub(e.read) < s.options.Life
	if fresh || e.err != nil && now.Sub(e.failed) < calm {
		return e, nil
	}
	if e.flight == nil {
		e.flight = make(chan struct{})
		go s.ask(context.WithoutCancel(ctx), name, e)
	}
	return e, e.flight
}

// usable tells whether there is a value: a fresh one, or an old one that stands in while the service can't be asked.
func (s *Secrets) usable(e *entry) bool {
	if e.read.IsZero() || errors.Is(e.err, ErrMissing) {
		return false
	}
	return s.options.Now().Sub(e.read) < s.options.Life+s.options.Stale
}

// ask reads one secret.
func (s *Secrets) ask(ctx context.Context, name string, e *entry) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	value, err := s.fetch(ctx, s.prefix+name)
	if err == nil && value == "" {
		err = fmt.Errorf("it is empty or not text: %w", ErrMissing)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.err = err; err != nil {
		e.err, e.failed = fmt.Errorf("secret %s: %w", name, err), s.options.Now()
	} else {
		e.value, e.read = enrich.NewSecret(value), s.options.Now()
	}
	close(e.flight)
	e.flight = nil
}
