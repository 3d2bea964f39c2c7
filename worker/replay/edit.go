package replay

import (
	"fmt"
	"maps"
	"strings"
	"unicode/utf8"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
)

// Edit is what is changed of what a run's message says, before it is sent again. Who the user is can't be changed.
type Edit struct {
	Region   string            `json:"region,omitempty"`   // the pool's own, where the message had another one
	Metadata map[string]string `json:"metadata,omitempty"` // set; "" removes the key
}

// ParseEdit reads region=VALUE and metadata.KEY=VALUE. Values may be personal: they are not in its errors.
func ParseEdit(texts []string) (e Edit, err error) {
	for _, text := range texts {
		name, value, ok := strings.Cut(text, "=")
		key, isMetadata := strings.CutPrefix(name, "metadata.")
		switch {
		case !ok:
			return e, fmt.Errorf("an edit is region=VALUE or metadata.KEY=VALUE, and this has no =")
		case name == "region" && value != "":
			e.Region = value
		case name == "region":
			return e, fmt.Errorf("region= is empty")
		case !isMetadata:
			return e, fmt.Errorf("%q can't be edited: only region and metadata.KEY", name)
		case key == "" || len(key) > event.MaxMetadataValue || !utf8.ValidString(text):
			return e, fmt.Errorf("metadata. wants a key of 1 to %d bytes of UTF-8", event.MaxMetadataValue)
		case len(value) > event.MaxMetadataValue:
			return e, fmt.Errorf("metadata.%s has %d bytes: at most %d travel", key, len(value), event.MaxMetadataValue)
		default:
			e.set(key, value)
		}
	}
	return e, nil
}

func (e *Edit) set(key, value string) {
	if e.Metadata == nil {
		e.Metadata = map[string]string{}
	}
	e.Metadata[key] = value
}

// fits tells whether the edit's Region, if it has one, is the pool's: the worker takes no other one.
func (e Edit) fits(pool string) bool {
	region, _, _ := strings.Cut(pool, "_")
	return e.Region == "" || e.Region == region
}

// apply changes what the run's messages say from now on.
func (e Edit) apply(r *worker.Run) {
	if e.Region != "" {
		r.Origin.Region = "" // that of the pool
	}
	if len(e.Metadata) == 0 {
		return
	}
	r.Origin.Metadata = maps.Clone(r.Origin.Metadata)
	if r.Origin.Metadata == nil {
		r.Origin.Metadata = map[string]string{}
	}
	for key, value := range e.Metadata {
		if value == "" {
			delete(r.Origin.Metadata, key)
			continue
		}
		r.Origin.Metadata[key] = value
	}
}
