package enrichtest

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
)

// Scene is one way to make a connector fail: the proof of one row of its reference page.
type Scene struct {
	Code string
	Kind enrich.FailureKind
	Fail func(t *testing.T) error // one call that ends so
}

// Codes holds a reference page's table of failures against the connector: each scene must fail as it says and stand on
// the page, and each row of the page must have a scene.
func Codes(t *testing.T, page enrich.Page, scenes []Scene) {
	for _, scene := range scenes {
		t.Run(scene.Code+" "+scene.Kind.String(), func(t *testing.T) {
			e := enrich.Failure(scene.Fail(t))
			if e.Code != scene.Code || e.Kind != scene.Kind {
				t.Errorf("it fails with %s, %v: %v", e.Code, e.Kind, e)
			}
			if problem := unlisted(page, e); problem != "" {
				t.Error(problem)
			}
		})
	}
	for _, row := range unproven(page, scenes) {
		t.Errorf("no scene makes %s, %v", row.Code, row.Kind)
	}
}

// Listed is the connector, under observation: the test fails when one of its calls fails with a code that its reference
// page does not have, or has with another kind. It declares what the connector declares.
func Listed(t testing.TB, page enrich.Page, c enrich.Connector) enrich.Connector {
	return &observed{Connector: c, page: page, t: t}
}

type observed struct {
	enrich.Connector
	page enrich.Page
	t    testing.TB
}

// Run calls the connector and looks at its failure. It must not mark itself as a helper: a fuzz target may call it.
func (o *observed) Run(ctx context.Context, call enrich.Call) (enrich.Result, error) {
	result, err := o.Connector.Run(ctx, call)
	var e *enrich.Error
	if errors.As(err, &e) {
		if problem := unlisted(o.page, e); problem != "" {
			o.t.Error(problem)
		}
	}
	return result, err
}

// Class is the connector's own.
func (o *observed) Class() enrich.Class { return enrich.ClassOf(o.Connector) }

// KeyLife is the connector's own.
func (o *observed) KeyLife() time.Duration { return enrich.KeyLife(o.Connector) }

// Dependency is the connector's own; "" for one that names none.
func (o *observed) Dependency() string {
	if d, ok := o.Connector.(enrich.Dependent); ok {
		return d.Dependency()
	}
	return ""
}

// Remembered is the connector's own; one that remembers nothing knows nothing.
func (o *observed) Remembered(ctx context.Context, call enrich.Call) (enrich.Result, bool, error) {
	if r, ok := o.Connector.(enrich.Rememberer); ok {
		return r.Remembered(ctx, call)
	}
	return nil, false, nil
}

// Verify is the connector's own; it is not called for a class that is not verifiable.
func (o *observed) Verify(ctx context.Context, call enrich.Call) (enrich.Result, error) {
	if v, ok := o.Connector.(enrich.Verifier); ok {
		return v.Verify(ctx, call)
	}
	return nil, errors.New("enrichtest: the connector can't verify")
}

// unlisted says what is wrong with a failure that the page does not have, or "". Outcomes are no failures: not-found, and
// an answer that is not ready.
func unlisted(page enrich.Page, e *enrich.Error) string {
	if e.Kind == enrich.NotFound || e.Pending() {
		return ""
	}
	all := rows(page)
	if page.HTTP {
		all = append(all, connect.Codes()...)
	}
	if slices.ContainsFunc(all, func(row enrich.Code) bool { return row.Kind == e.Kind && form(row.Code).MatchString(e.Code) }) {
		return ""
	}
	return fmt.Sprintf("the reference page does not have %s, %v", e.Code, e.Kind)
}

// unproven are the rows that no scene makes. A form of many is proved by a scene with a code that has no row of its own.
func unproven(page enrich.Page, scenes []Scene) []enrich.Code {
	all := rows(page)
	var left []enrich.Code
	for _, row := range all {
		if !slices.ContainsFunc(scenes, func(s Scene) bool {
			named := slices.ContainsFunc(all, func(r enrich.Code) bool { return r.Code == s.Code && r.Kind == s.Kind })
			return s.Kind == row.Kind && (s.Code == row.Code || !named && form(row.Code).MatchString(s.Code))
		}) {
			left = append(left, row)
		}
	}
	return left
}

// rows are the page's own, one for each code: "`a`, `b`" in one cell are two.
func rows(page enrich.Page) []enrich.Code {
	var all []enrich.Code
	for _, row := range page.Codes {
		for _, code := range strings.Split(row.Code, "`, `") {
			all = append(all, enrich.Code{Code: code, Kind: row.Kind, Doc: row.Doc})
		}
	}
	return all
}

var placeholder = regexp.MustCompile(`<[^<>]+>`)

// form is what "http_<status>" stands for: digits for a status or a number, else any word.
func form(code string) *regexp.Regexp {
	pattern := "^"
	for rest := code; ; {
		at := placeholder.FindStringIndex(rest)
		if at == nil {
			return regexp.MustCompile(pattern + regexp.QuoteMeta(rest) + "$")
		}
		word := "[a-z0-9_]+"
		if name := rest[at[0]:at[1]]; name == "<status>" || name == "<number>" {
			word = "[0-9]+"
		}
		pattern, rest = pattern+regexp.QuoteMeta(rest[:at[0]])+word, rest[at[1]:]
	}
}
