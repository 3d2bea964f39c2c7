// Package enrich is the domain: what a pipeline is made of, and the words in which its parts speak to each other.
//
// A [Pipeline] has steps and attributes. A [Step] uses a [Connector], which asks or tells one kind of outside system
// and answers with a [Result] or an error. The error says what may be done about it: try again, wait, give up, or
// take it as the answer "there is no such thing". The [Attribute]s say what of all this is written to the user.
//
// It promises: an error that nobody classified is tried again; a class that nobody declared is taken as one that must
// not be repeated; a [Secret] does not print.
//
// It refuses: to write an attribute that decides who the user is (see [Writable]).
//
// It knows neither AWS nor any vendor, neither files nor queues.
package enrich

import (
	"context"
	"time"

	"github.com/postconfirm/postconfirm/enrich/expr"
)

// Roots are the names that expressions of a pipeline may use:
//
//	user     the user's attributes as the pool has them, with username, status, and email_domain (what follows the @)
//	run      key, pool, region, sub, generation, source, client, age (a duration), metadata (a map)
//	steps    by id: outcome, and the fields of the step's result
//	secrets  by name; allowed in "with" only
func Roots() []string { return []string{"user", "run", "steps", "secrets"} }

// Connector asks or tells one kind of outside system. Run is called from many goroutines at once. It honours ctx
// within a second, keeps no personal value, writes none into its error, and starts nothing that outlives it.
//
// Errors: an *Error says its kind; any other error counts as temporary. ErrNotFound (or an *Error of kind NotFound) is
// an outcome, not a failure: the step's result is null then.
type Connector interface {
	Run(ctx context.Context, call Call) (Result, error)
}

// Call is one use of a connector for one user.
type Call struct {
	// EffectKey names this step of this run: the same on every try, different for everyone else, without anything
	// personal in it. Send it as an idempotency key.
	EffectKey string
	// Vars are the values for the connector's templates.
	Vars expr.Vars
}

// Result is what a step learned: values as in package expr. Its keys become steps.ID.KEY.
type Result map[string]any

// Class says what repeating a call means.
type Class uint8

// The classes, from the most dangerous, which is the zero value, to the harmless.
const (
	Unsafe     Class = iota // a repeat is a second effect: a mail, a plain POST
	Verifiable              // a repeat is a second effect, but one can look whether the first happened
	Keyed                   // a repeat with the same EffectKey is recognised by the other side
	Idempotent              // a repeat changes nothing
	Read                    // nothing is changed at all
)

// String is the class as the pipeline file and the docs write it.
func (c Class) String() string {
	return [...]string{"unsafe", "verifiable", "keyed", "idempotent", "read"}[min(c, Read)]
}

// Repeatable tells whether a call may be made again when nobody knows whether the last one arrived.
func (c Class) Repeatable() bool { return c >= Keyed }

// Classified is a Connector that declares its class. One that does not is Unsafe.
type Classified interface {
	Class() Class
}

// Dependent is a Connector that names the outside system it talks to, without anything secret: a host name. One that does
// not is a system of its own for each step.
type Dependent interface {
	Dependency() string
}

// Rememberer is a Connector of class Read that may know an answer already. Remembered is asked before Run, and asks nobody:
// it costs no call of the dependency's rate, and works while that is out. known is false when Run must be called; else
// result and error are as Run would give them.
type Rememberer interface {
	Remembered(ctx context.Context, call Call) (result Result, known bool, err error)
}

// Verifier is a Connector of class Verifiable: it can look whether an effect happened. Verify is called with the Call
// whose outcome nobody knows, not before the call can no longer be under way. It gives the result as Run would have;
// ErrNotFound says that the effect did not happen, and Run may be called again. It honours what Run honours.
type Verifier interface {
	Verify(ctx context.Context, call Call) (Result, error)
}

// Forgetful is a Connector of class Keyed whose other side recognises an EffectKey for a limited time after its first
// use. A connector that does not say is taken for one whose keys are known for DefaultKeyLife.
type Forgetful interface {
	KeyLife() time.Duration
}

// DefaultKeyLife is how long keys are recognised by those who don't say: what the large vendors keep at the least.
const DefaultKeyLife = 24 * time.Hour

// KeyLife is how long the other side of a connector recognises an EffectKey.
func KeyLife(c Connector) time.Duration {
	if says, ok := c.(Forgetful); ok {
		return says.KeyLife()
	}
	return DefaultKeyLife
}

// ClassOf is the class that a connector declares. One that calls itself Verifiable and is no Verifier is Unsafe.
func ClassOf(c Connector) Class {
	declared, ok := c.(Classified)
	if !ok {
		return Unsafe
	}
	class := declared.Class()
	if _, can := c.(Verifier); class == Verifiable && !can {
		return Unsafe
	}
	return class
}

// Config is the "with" block of one step. It is a pointer to a struct whose fields carry a tag pipe:"name" (with
// ",required" or, for a key that stands beside "with" in the step, ",step"), doc:"…" and default:"…", a default being
// written as it would be in the file. Fields of embedded structs count as its own. Field types: string, bool, int,
// []int, []string, time.Duration, *expr.Template, []*expr.Template, map[string]*expr.Template, *expr.Tree.
type Config interface {
	// Connector checks what the types can't say and makes the connector. Its errors are *FieldError, joined.
	Connector() (Connector, error)
}

// Kind is one entry of the catalogue of connectors.
type Kind struct {
	Name   string        // the word after "uses:"
	Doc    string        // one sentence
	Config func() Config // a new, empty configuration
	Page   Page          // for its reference page; may be empty
}

// Page is what the reference page of a connector says beside the fields of its Config, which the page takes from their
// tags. Every part may be empty; the texts are one line of Markdown each.
type Page struct {
	Class       string   // what a repeat does, if that depends on the configuration; else it is read off the Example
	Result      []Term   // the keys of a step's result
	Codes       []Code   // its own codes of failures
	HTTP        bool     // it sends through the HTTP toolkit, and has that one's codes as well
	Limits      []string // what it refuses because it is too long, too many or too slow, and what the vendor allows
	Permissions []string // what the key or the role must be allowed to do, and nothing more: IAM actions, scopes
	Example     string   // steps as they stand in a pipeline file, with "- id:" at the start of a line; tests read it
}

// Term is a word and its meaning.
type Term struct{ Name, Doc string }

// Code is one code of failures and what may be done about it.
type Code struct {
	Code string // "several_rows", or the form of many: "sql_<sqlstate>"
	Kind FailureKind
	Doc  string
}

// FieldError is a mistake in one field of a Config, for the reader of the file: what is wrong and what was meant.
type FieldError struct {
	Field   string // the name in the pipe tag, or name.key for one key of a map; "" is the whole block
	Message string // what is wrong; after a "; ", how to mend it
}

// Error gives field and message.
func (e *FieldError) Error() string { return e.Field + ": " + e.Message }
