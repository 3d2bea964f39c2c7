package trigger

import (
	"time"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/trigger/lines"
)

// journal writes the line that stands in the log before the send, whether the send works or not: a path that only
// runs in bad times would be broken when it is needed.
//
//	{ "postconfirm": "journal",               what kind of line this is
//	  "v":           1,                       the version of this line
//	  "run":         "a52pp684obmd36t84i4…",  the run key: importing a line twice does nothing
//	  "pool":        "eu-west-1_Ab12cd34E",
//	  "region":      "eu-west-1",
//	  "sub":         "6f9c4f9e-…",
//	  "client":      "4k2…",
//	  "source":      "signup",
//	  "at":          "2026-01-02T03:04:05Z" }
//
// There is no user name in it, because a federated one carries the id that the person has elsewhere. An import asks the
// pool for it (ListUsers with the sub); the metadata are lost.
func journal(m event.Message) []byte {
	b := append(make([]byte, 0, 384), `{"postconfirm":"journal","v":1,`...)
	b = lines.Field(b, "run", m.Key())
	b = lines.Field(b, "pool", m.Pool)
	b = lines.Field(b, "region", m.Region)
	b = lines.Field(b, "sub", m.Sub)
	b = lines.Field(b, "client", m.Client)
	b = lines.Field(b, "source", m.Source)
	b = lines.Field(b, "at", m.At.UTC().Format(time.RFC3339Nano))
	b[len(b)-1] = '}'
	return append(b, '\n')
}
