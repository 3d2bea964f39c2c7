package worker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// writeTimeout bounds one AdminUpdateUserAttributes.
const writeTimeout = 10 * time.Second

// patch is what differs between what the pipeline found and what the user has.
type patch struct {
	values   []Value
	observed map[string]time.Time // of each attribute whose value is ours, written now or there already
	there    []Value              // ours, and there already
	before   map[string]Wrote     // what was written before
}

// patch computes what to write. What can't be written is left out and flagged by name; the rest goes on.
func (e *execution) patch(ctx context.Context) (p patch, err error) {
	schema, err := e.schemas.of(ctx, e.hold.run.Pool)
	if err != nil {
		return p, notYet(err)
	}
	last, err := e.lastWritten(ctx)
	if err != nil {
		return p, notYet(err)
	}
	p.before, p.observed = last, map[string]time.Time{}
	vars := e.vars(nil)
	for i := range e.pipeline.Attributes {
		a := &e.pipeline.Attributes[i]
		text, code := e.value(ctx, vars, a, schema)
		if code != "" {
			e.flag("attribute " + a.Name + ": " + code)
		}
		if text != "" {
			e.sort(&p, a, Value{a.Name, text})
		}
	}
	return p, nil
}

// sort puts a value where it belongs: among those to write, among those that are there already, or, if another run
// has written something newer meanwhile, nowhere.
func (e *execution) sort(p *patch, a *enrich.Attribute, v Value) {
	observed, before := e.observed(a), p.before[a.Name]
	ours := before.Digest == digest(e.hold.run.Pool, e.hold.run.Sub, v)
	switch now := e.user.Attributes[a.Name]; {
	case observed.Before(before.Observed) && !ours:
		e.flag("attribute " + a.Name + ": newer_there")
	case now == v.Text && (a.Mode == enrich.Overwrite || ours):
		p.there = append(p.there, v)
		p.observed[a.Name] = observed
	case now != v.Text && e.wanted(a, now, before):
		p.values = append(p.values, v)
		p.observed[a.Name] = observed
	}
}

// observed is when the oldest of the answers that an attribute is made of arrived: its value is as old as that.
func (e *execution) observed(a *enrich.Attribute) time.Time {
	oldest := e.began
	for _, path := range a.Value.Paths() {
		if path[0] != "steps" || len(path) < 2 {
			continue
		}
		if s := e.record(path[1]); !s.At.IsZero() && s.At.Before(oldest) {
			oldest = s.At
		}
	}
	return oldest
}

// notYet makes a failure to read what a patch needs one that is not charged: it says nothing about the user.
func notYet(err error) error {
	f := enrich.Failure(err)
	return &enrich.Error{Kind: enrich.Throttled, Code: f.Code, RetryAfter: f.RetryAfter, Err: err}
}

// lastWritten asks the ledger only if this person has other runs: no other can come to it while we hold this one.
func (e *execution) lastWritten(ctx context.Context) (last map[string]Wrote, err error) {
	others := false
	e.hold.read(func(r *Run) { others, last = r.Others, maps.Clone(r.Written) })
	if !others {
		return last, nil
	}
	return e.ports.Ledger.Written(ctx, e.hold.run.Pool, e.hold.run.Sub)
}

// value computes one attribute's text; "" writes nothing, and code says why if that was not the plan.
func (e *execution) value(ctx context.Context, vars expr.Vars, a *enrich.Attribute, schema Schema) (text, code string) {
	text, ok, err := a.Value.EvalString(ctx, vars)
	switch {
	case err != nil:
		return "", "value_unreadable"
	case !ok || text == "":
		return "", ""
	}
	field, ok := schema[a.Name]
	if !ok {
		return "", "not_in_schema"
	}
	if a.Truncate {
		text, _ = enrich.Fit(text, enrich.MaxAttribute)
		text = firstCharacters(text, field.MaxLength)
	}
	if code := field.refuses(text); code != "" {
		return "", code
	}
	if code := a.Refuses(text); code != "" {
		return "", code
	}
	return text, ""
}

func firstCharacters(text string, limit *int) string {
	if limit == nil || utf8.RuneCountInString(text) <= *limit {
		return text
	}
	return string([]rune(text)[:*limit])
}

// refuses says why the pool would refuse the text, "" if it would not (Amazon Cognito API reference, SchemaAttributeType).
func (f Field) refuses(text string) (code string) {
	length := utf8.RuneCountInString(text)
	switch {
	case !f.Mutable:
		return "immutable"
	case !utf8.ValidString(text):
		return "not_utf8"
	case len(text) > enrich.MaxAttribute, f.MaxLength != nil && length > *f.MaxLength:
		return "too_long"
	case f.MinLength != nil && length < *f.MinLength:
		return "too_short"
	case f.Type == "Number":
		return f.refusesNumber(text)
	case f.Type == "Boolean" && text != "true" && text != "false":
		return "not_a_boolean"
	}
	return ""
}

func (f Field) refusesNumber(text string) (code string) {
	n, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || strings.Trim(text, "+-.0123456789") != "":
		return "not_a_number"
	case f.MinValue != nil && n < *f.MinValue:
		return "too_small"
	case f.MaxValue != nil && n > *f.MaxValue:
		return "too_large"
	}
	return ""
}

// wanted applies the attribute's mode to what is there now.
func (e *execution) wanted(a *enrich.Attribute, now string, before Wrote) bool {
	switch {
	case now == "" || a.Mode == enrich.Overwrite:
		return true
	case a.Mode == enrich.IfUnchanged:
		return before.Digest == digest(e.hold.run.Pool, e.hold.run.Sub, Value{a.Name, now})
	}
	return false
}

// digest recognises a value that we wrote without keeping it.
func digest(pool, sub string, v Value) string {
	sum := sha256.Sum256([]byte(pool + "\x00" + sub + "\x00" + v.Name + "\x00" + v.Text))
	return hex.EncodeToString(sum[:12])
}

// schemas remembers what each pool accepts.
type schemas struct {
	directory Directory
	maxAge    time.Duration
	now       func() time.Time
	reading   chan struct{} // has room for the one who reads; nobody waits for it longer than its context
	mu        sync.Mutex    // guards known, and is never held while something is read
	known     map[string]knownSchema
}

type knownSchema struct {
	schema Schema
	read   time.Time
}

// of reads a pool's schema, at most once per maxAge; when it can't be read anew, the old one serves on.
func (s *schemas) of(ctx context.Context, pool string) (Schema, error) {
	if known, fresh := s.remembered(pool); fresh {
		return known, nil
	}
	select {
	case s.reading <- struct{}{}:
		defer func() { <-s.reading }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	known, fresh := s.remembered(pool) // somebody may have read it meanwhile
	if fresh {
		return known, nil
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	schema, err := s.directory.Schema(ctx, pool)
	switch {
	case err != nil && known != nil:
		return known, nil
	case err != nil:
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = map[string]knownSchema{}
	}
	s.known[pool] = knownSchema{schema, s.now()}
	return schema, nil
}

// remembered is the schema read last, nil if there is none, and whether it is young enough.
func (s *schemas) remembered(pool string) (schema Schema, fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, ok := s.known[pool]
	return known.schema, ok && s.now().Sub(known.read) < s.maxAge
}
