package enrich

import (
	"time"

	"github.com/postconfirm/postconfirm/enrich/expr"
)

// AttributesStep is the id of the built-in step that writes the attributes.
const AttributesStep = "attributes"

// Pipeline is a checked pipeline file. It is immutable and safe for concurrent use.
type Pipeline struct {
	Name       string      // for people: where it came from
	Hash       string      // SHA-256 of the file, hexadecimal
	Pools      []string    // the only pools that may be touched
	Limits     Limits      // per deployment
	Steps      []Step      // every step stands after those that it needs
	Attributes []Attribute // in the order of the file
	Secrets    []string    // names of the secrets that expressions use, sorted
	Writes     string      // digest of the attributes block, as Step.Digest is of a step; "" without one
}

// Limits bound what a deployment takes from shared quotas.
type Limits struct {
	// CognitoWrites is AdminUpdateUserAttributes calls per second, shared by all that this deployment does. The
	// UserUpdate category is 25/s for the whole account and Region (Amazon Cognito developer guide, Quotas).
	CognitoWrites float64
}

// Step is one use of a connector.
type Step struct {
	ID        string
	Uses      string   // the connector's name
	Needs     []string // ids of the steps before it; AttributesStep among them makes it run after the write
	If        *expr.Program
	Connector Connector
	Class     Class
	OnFailure OnFailure
	Default   map[string]any // the result when OnFailure is UseDefault
	Timeout   time.Duration  // of one call
	Fields    []expr.Path    // what expressions read of its result, below steps.ID; an empty path is all of it
	AtLeast   bool           // policy at-least-once: an unknown outcome is repeated
	Rate      float64        // calls per second, shared by all steps with the same dependency; 0 is no limit
	Price     Price          // of one call; the zero Price is one that nobody stated
	Digest    string         // of the step as the file has it, hexadecimal: comments and layout have no say
}

// DependencyName names the outside system that the step talks to: steps with the same name share a breaker and a rate.
func (s *Step) DependencyName() string {
	if named, ok := s.Connector.(Dependent); ok {
		return s.Uses + ":" + named.Dependency()
	}
	return s.Uses + ":" + s.ID
}

// OnFailure says what a permanent failure of a step means for the run.
type OnFailure uint8

// The choices.
const (
	Fail       OnFailure = iota // everything that does not need it still runs, then the run is parked
	Skip                        // it and what needs it is skipped, the run ends done with a flag
	UseDefault                  // its result is Step.Default, the run ends done with a flag
)

// AfterWrite tells whether the step waits, directly or not, for the attributes to be written.
func (p *Pipeline) AfterWrite(id string) bool {
	for _, s := range p.Steps {
		if s.ID != id {
			continue
		}
		for _, need := range s.Needs {
			if need == AttributesStep || p.AfterWrite(need) {
				return true
			}
		}
	}
	return false
}

// Sources are the ids of the steps that the attributes read.
func (p *Pipeline) Sources() []string {
	var ids []string
	seen := map[string]bool{}
	for _, a := range p.Attributes {
		for _, path := range a.Value.Paths() {
			if path[0] == "steps" && len(path) > 1 && !seen[path[1]] {
				seen[path[1]] = true
				ids = append(ids, path[1])
			}
		}
	}
	return ids
}
